import { assertEquals, assertRejects } from "@std/assert";
import { Nginx } from "./nginx.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

const UPSTREAM = "http://127.0.0.1:1";

Deno.test("Nginx.start() throws where nginx is required and missing", async () => {
  await assertRejects(
    () => Nginx.start(UPSTREAM, { program: "/nowhere/nginx", isRequired: true }),
    Error,
    "Cannot test in nginx: there is no /nowhere/nginx",
  );
});

Deno.test("Nginx.start() answers null where nginx is missing and not required", async () => {
  await using folder = await TemporaryFolder.create();

  const nginx = await Nginx.start(UPSTREAM, { program: `${folder.path}/nginx`, isRequired: false });

  assertEquals(nginx, null);
});
