import { Runner } from "@stepstream/workflow/runner";
import type { RunOutcome, WorkflowEvent } from "@stepstream/workflow";
import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { PostgresServer } from "../tools/postgres_server.ts";
import { Random } from "../tools/random.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";
import { startProcess } from "./crash_process.ts";
import { openStore, type StoreKind } from "./crash_store.ts";
import { CRASH_STEPS, crashWorkflow, withoutLast } from "./crash_workflow.ts";

const RUN_ID = "killed";

Deno.test("Runner completes a run whose process is killed again and again, in SQLite", async () => {
  await using folder = await TemporaryFolder.create();

  await assertSurvivesKills({ kind: "sqlite", location: `${folder.path}/runs.db`, repeatsPerKill: 4 });
});

Deno.test("Runner completes a run whose process is killed again and again, in Deno KV", async () => {
  await using folder = await TemporaryFolder.create();

  await assertSurvivesKills({ kind: "deno-kv", location: `${folder.path}/runs.kv`, repeatsPerKill: 4 });
});

Deno.test("Runner completes a run whose process is killed again and again, in Postgres", async () => {
  await using server = await PostgresServer.start();
  if (server === null) return;

  await assertSurvivesKills({ kind: "postgres", location: server.url, repeatsPerKill: 4 });
});

interface Killing {
  readonly kind: StoreKind;
  readonly location: string;
  /** Four are at work at once; where a commit takes its time, as many may be done and not stored. */
  readonly repeatsPerKill: number;
}

async function assertSurvivesKills({ kind, location, repeatsPerKill }: Killing): Promise<void> {
  const seed = 1;
  await using opened = await openStore(kind, location);
  const { store } = opened;
  const workflow = crashWorkflow(() => {});
  const expected = await workflow.run("chain", 0, { store, runId: "undisturbed", concurrency: 4 });
  const reader = readThrough(new Runner({ workflows: [], store, pollMs: 5 }), new Random(seed));

  const { attempts, kills } = await killUntilDone(kind, location, new Random(seed));

  const outcome = await workflow.resume(RUN_ID, { store }).result;
  assertEquals(withoutLast(outcome.context), withoutLast(expected.context));
  assertEquals(sorted(outcome), sorted(expected));
  assertEquals(outcome.trace.length, CRASH_STEPS);
  assertGreaterOrEqual(kills, 8);
  const repeats = attempts.length - new Set(attempts).size;
  assertLessOrEqual(repeats, repeatsPerKill * kills, `${repeats} repeats in ${kills} kills`);
  assertEquals(new Set(attempts.map((line) => line.split(" ")[0])).size, CRASH_STEPS);
  const events: WorkflowEvent[] = (await store.events(RUN_ID, 0, 1e6)).map(({ text }) => JSON.parse(text));
  assertEquals(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
  assertEquals(await reader, events);
  assertCommittedOnce(events);
}

/** Lets processes work on the run, each of which is killed after some attempts, until one has come to the end. */
async function killUntilDone(
  kind: StoreKind,
  location: string,
  random: Random,
): Promise<{ readonly attempts: readonly string[]; readonly kills: number }> {
  const attempts: string[] = [];
  for (let kills = 0;; kills += 1) {
    const child = startProcess(kind, location, "run", RUN_ID);
    let attemptsLeft = 1 + random.below(34);
    for await (const line of child.lines) {
      assert(!line.startsWith("error"), line);
      attempts.push(line);
      attemptsLeft -= 1;
      if (attemptsLeft === 0) child.kill("SIGKILL");
    }
    const { signal, code } = await child.status;
    await child.hangUp();
    if (signal === "SIGKILL") continue;
    assertEquals(code, 0);
    return { attempts, kills };
  }
}

/** Follows the run from before its start to its end, and leaves and comes back all the time. */
async function readThrough(runner: Runner, random: Random): Promise<WorkflowEvent[]> {
  await using _ = runner;
  const events: WorkflowEvent[] = [];
  while (await runner.get(RUN_ID) === null) await new Promise((resolve) => setTimeout(resolve, 5));
  while (events.at(-1)?.type !== "run.end") {
    let left = 1 + random.below(100);
    for await (const event of runner.follow(RUN_ID, { after: events.at(-1)?.seq ?? 0 })) {
      events.push(event);
      left -= 1;
      if (left === 0) break;
    }
  }
  return events;
}

/** The trace in the order of tokens: those of a fan-out are done in the order in which they are through. */
function sorted({ trace }: RunOutcome): unknown[] {
  return trace.toSorted((a, b) => a.token - b.token).map((entry) =>
    entry.step === "item" ? { ...entry, queueLengthAfter: null } : entry
  );
}

function assertCommittedOnce(events: readonly WorkflowEvent[]): void {
  const tokens = events.flatMap((event) => event.type === "step.result" ? [event.token] : []);
  assertEquals(tokens.length, CRASH_STEPS);
  assertEquals(new Set(tokens).size, CRASH_STEPS);
  assertEquals(events.filter(({ type }) => type === "run.end").length, 1);
}
