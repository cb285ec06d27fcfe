import { MemoryStore, type WorkflowEvent } from "@stepstream/workflow";
import { assert, assertEquals, assertLess } from "@std/assert";
import { TemporaryFolder } from "../tools/temporary_folder.ts";
import { startProcess } from "./crash_process.ts";
import { openStore } from "./crash_store.ts";
import { crashWorkflow, withoutLast } from "./crash_workflow.ts";

const RUNS = 50;

Deno.test("Runner.close() at SIGINT suspends every run, and another process completes them all with no step repeated", async () => {
  await using folder = await TemporaryFolder.create();
  const location = `${folder.path}/runs.db`;
  await using opened = await openStore("sqlite", location);
  const { store } = opened;
  const expected = await crashWorkflow(() => {}).run("chain", 0, { store: new MemoryStore(), concurrency: 4 });
  const server = startProcess("sqlite", location, "serve", "run-", String(RUNS));
  const attempts: string[] = [];
  let interruptedAt = 0;
  let lastLine = "";

  for await (const line of server.lines) {
    assert(!line.startsWith("error"), line);
    lastLine = line;
    if (line.startsWith("run-")) attempts.push(line);
    if (line === "serving") {
      interruptedAt = Date.now();
      server.kill("SIGINT");
    }
  }
  const { code } = await server.status;
  await server.hangUp();

  assertEquals({ code, lastLine }, { code: 0, lastLine: "closed" });
  assertLess(Date.now() - interruptedAt, 5_000);
  const suspended = await store.list({ limit: 1_000 });
  assertEquals(suspended.map(({ status }) => status), Array.from({ length: RUNS }, () => "suspended"));
  const successor = startProcess("sqlite", location, "recover");
  const lines = await Array.fromAsync(successor.lines);
  await successor.hangUp();
  assertEquals((await successor.status).code, 0);
  assertEquals(lines.filter((line) => !line.startsWith("run-")), [`recovered ${RUNS}`]);
  attempts.push(...lines.filter((line) => line.startsWith("run-")));
  assertEquals(attempts.length, new Set(attempts).size);
  for (const { runId, status } of await store.list({ limit: 1_000 })) {
    assertEquals(status, "completed");
    const events: WorkflowEvent[] = (await store.events(runId, 0, 1e6)).map(({ text }) => JSON.parse(text));
    assertEquals(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
    const { context } = await crashWorkflow(() => {}).resume(runId, { store }).result;
    assertEquals(withoutLast(context), withoutLast(expected.context));
  }
});
