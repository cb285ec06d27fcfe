import { assertEquals } from "@std/assert";
import { toCommit } from "../../../bench/tools/commit.ts";

Deno.test("toCommit() tells the commit, and whether what was measured is another", () => {
  assertEquals(toCommit("84bf1a5", ""), "commit 84bf1a5");
  assertEquals(toCommit("84bf1a5", " M src/engine/run.ts"), "commit 84bf1a5 with changes that are not in it");
  assertEquals(toCommit(null, null), "an unknown commit");
});
