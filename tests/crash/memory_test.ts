import { assertEquals, assertLess } from "@std/assert";
import { runCommand } from "../tools/run_command.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";

const PROGRAM = new URL("memory_child.ts", import.meta.url).pathname;
const EVENTS = 200_000;

Deno.test("Runner takes no more memory the more events a run tells, though a reader stalls", async () => {
  await using folder = await TemporaryFolder.create();
  const permissions = ["--no-prompt", "--allow-read", "--allow-write=/tmp", "--ignore-env"];

  const { code, stdout, stderr } = await runCommand(
    "deno",
    "run",
    ...permissions,
    PROGRAM,
    `${folder.path}/runs.db`,
    String(EVENTS),
  );

  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const { growth, read, stalled } = JSON.parse(stdout);
  assertEquals({ read, stalled }, { read: EVENTS + 4, stalled: 2 });
  assertLess(growth, 30_000_000);
});
