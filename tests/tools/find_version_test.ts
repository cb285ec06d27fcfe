import { assertEquals, assertRejects } from "@std/assert";
import { findVersion } from "./find_version.ts";

Deno.test("findVersion() answers what a program says of itself", async () => {
  const version = await findVersion("Deno", ["deno"], { isRequired: true });

  assertEquals(version?.split(" ").slice(0, 2), ["deno", Deno.version.deno]);
});

Deno.test("findVersion() throws where a program is required and does not run", async () => {
  await assertRejects(
    () => findVersion("Nothing", ["env", "false"], { isRequired: true }),
    Error,
    "Cannot test in Nothing: env false does not run",
  );
});

Deno.test("findVersion() answers null where a program does not run and is not required", async () => {
  const version = await findVersion("Nothing", ["env", "false"], { isRequired: false });

  assertEquals(version, null);
});
