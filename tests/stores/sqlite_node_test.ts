import { assertEquals } from "@std/assert";
import { bundle } from "../tools/bundle.ts";
import { findCommand } from "../tools/find_command.ts";
import { runCommand } from "../tools/run_command.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";

/** A store is all that is left of its database, and the garbage collector has been there. */
const USE_AFTER_COLLECTION = `
import { DatabaseSync } from "node:sqlite";
import { SqliteStore } from "./store.mjs";

const store = await SqliteStore.open(new DatabaseSync(":memory:"));
for (let turn = 0; turn < 5; turn += 1) {
  gc();
  await new Promise((resolve) => setTimeout(resolve));
}
console.log(await store.list({ limit: 1 }), await store.find("run-1"));
`;

Deno.test("SqliteStore keeps its database alive in the oldest Node that has node:sqlite", async () => {
  const node = await findCommand("Node 22");
  if (node === null) return;
  await using folder = await TemporaryFolder.create();
  await folder.write("store.mjs", await bundle("src/stores/sqlite_store.ts"));
  const script = await folder.write("use.mjs", USE_AFTER_COLLECTION);

  const outcome = await runCommand(...node, "--expose-gc", "--no-warnings", script);

  assertEquals(outcome, { code: 0, stdout: "[] null\n", stderr: "" });
});
