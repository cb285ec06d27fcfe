import type { RunStore, WorkflowEvent } from "@stepstream/workflow";
import { Runner } from "@stepstream/workflow/runner";
import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { PostgresServer } from "../tools/postgres_server.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";
import { type CrashProcess, startProcess } from "./crash_process.ts";
import { openStore, type StoreKind } from "./crash_store.ts";
import { CRASH_STEPS, crashWorkflow, withoutLast } from "./crash_workflow.ts";

const RUN_ID = "contended";

Deno.test("Workflow.resume() in two processes by turns commits each step once, in SQLite", async () => {
  await using folder = await TemporaryFolder.create();

  await assertFences("sqlite", `${folder.path}/runs.db`);
});

Deno.test("Workflow.resume() in two processes by turns commits each step once, in Postgres", async () => {
  await using server = await PostgresServer.start();
  if (server === null) return;

  await assertFences("postgres", server.url);
});

Deno.test("Workflow.resume() in two processes, again whenever one is fenced off, comes to the end in SQLite", async () => {
  await using folder = await TemporaryFolder.create();

  await assertCompletes("sqlite", `${folder.path}/runs.db`);
});

Deno.test("Workflow.resume() in two processes, again whenever one is fenced off, comes to the end in Postgres", async () => {
  await using server = await PostgresServer.start();
  if (server === null) return;

  await assertCompletes("postgres", server.url);
});

/** Two processes take the run from each other as fast as they can. */
async function assertCompletes(kind: StoreKind, location: string): Promise<void> {
  await using opened = await openStore(kind, location);
  const { store } = opened;
  await suspendRun(store);

  const fenced = await Promise.all([0, 1].map(() => contend(startProcess(kind, location, "contend", RUN_ID))));

  assertGreaterOrEqual(fenced.reduce((sum, count) => sum + count), 2);
  await assertCommittedOnce(store);
}

/** Has a process take the run over until it has ended; answers how often it was fenced off. */
async function contend(child: CrashProcess): Promise<number> {
  let fenced = 0;
  for await (const line of child.lines) {
    if (line === "fenced") fenced += 1;
    // One of them leaves it to the other in the end, or they might go on for long.
    if (line === "completed" || fenced === 40) await child.hangUp();
    else if (line === "ready" || line === "fenced") await child.tell();
  }
  assertEquals((await child.status).code, 0);
  return fenced;
}

async function assertFences(kind: StoreKind, location: string): Promise<void> {
  await using opened = await openStore(kind, location);
  const { store } = opened;
  await suspendRun(store);
  const children = [0, 1].map(() => startProcess(kind, location, "contend", RUN_ID)) as [CrashProcess, CrashProcess];
  const words = children.map(({ lines }) => readWords(lines));
  await Promise.all(words.map(({ isReady }) => isReady));

  const turns = await takeTurns(new Runner({ workflows: [], store, pollMs: 2 }), children);
  await Promise.all(children.map((child) => child.hangUp()));

  assertEquals((await Promise.all(children.map(({ status }) => status))).map(({ code }) => code), [0, 0]);
  const said = (await Promise.all(words.map(({ all }) => all))).flat();
  // Who took the run over after its end has found it completed.
  assertEquals(said.filter((word) => word === "fenced" || word === "completed").length, turns);
  assertGreaterOrEqual(said.filter((word) => word === "fenced").length, 8);
  await assertCommittedOnce(store);
}

/** A run that has been begun and let go. */
async function suspendRun(store: RunStore): Promise<void> {
  const stream = crashWorkflow(() => {}).stream("chain", 0, { store, runId: RUN_ID, concurrency: 4 });
  await stream.next();
  await stream.return();
}

async function assertCommittedOnce(store: RunStore): Promise<void> {
  const workflow = crashWorkflow(() => {});
  const events: WorkflowEvent[] = (await store.events(RUN_ID, 0, 1e6)).map(({ text }) => JSON.parse(text));
  assertEquals(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
  const tokens = events.flatMap((event) => event.type === "step.result" ? [event.token] : []);
  assertEquals([tokens.length, new Set(tokens).size], [CRASH_STEPS, CRASH_STEPS]);
  const expected = await workflow.run("chain", 0, { store, runId: "undisturbed", concurrency: 4 });
  const { context } = await workflow.resume(RUN_ID, { store }).result;
  assertEquals(withoutLast(context), withoutLast(expected.context));
}

/** Lets one after the other take the run over, each when the one before has committed some events. */
async function takeTurns(runner: Runner, children: readonly [CrashProcess, CrashProcess]): Promise<number> {
  await using _ = runner;
  let turns = 0;
  let nextAt = 0;
  for await (const { seq, type } of runner.follow(RUN_ID)) {
    if (seq < nextAt || turns === 14 || type === "run.end") continue;
    nextAt = seq + 40;
    await children[turns % 2 === 0 ? 0 : 1].tell();
    turns += 1;
  }
  return turns;
}

function readWords(
  lines: AsyncGenerator<string>,
): { readonly isReady: Promise<unknown>; readonly all: Promise<string[]> } {
  const { promise: isReady, resolve } = Promise.withResolvers<void>();
  const all = (async () => {
    const words: string[] = [];
    for await (const line of lines) {
      if (line === "ready") resolve();
      if (!line.startsWith(RUN_ID)) words.push(line);
    }
    return words;
  })();
  return { isReady, all };
}
