import { assertEquals, assertRejects } from "@std/assert";
import { findChromium } from "./chromium.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

Deno.test("findChromium() answers the first executable in PATH, by either name", async () => {
  await using folder = await TemporaryFolder.create();
  const path = await folder.write("chromium-browser", "#!/bin/sh\n");
  await Deno.chmod(path, 0o755);
  await folder.write("chromium", "not executable");

  const found = await findChromium({ path: `/nowhere:${folder.path}`, isRequired: true });

  assertEquals(found, path);
});

Deno.test("findChromium() throws where a browser is required and missing", async () => {
  await using folder = await TemporaryFolder.create();

  await assertRejects(
    () => findChromium({ path: folder.path, isRequired: true }),
    Error,
    "Cannot test in a browser: there is no chromium or chromium-browser in PATH",
  );
});

Deno.test("findChromium() answers null where a browser is missing and not required", async () => {
  await using folder = await TemporaryFolder.create();

  const found = await findChromium({ path: folder.path, isRequired: false });

  assertEquals(found, null);
});
