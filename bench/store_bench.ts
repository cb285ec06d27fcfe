/**
 * Durable steps in each store, one commit a step, beside a bare loop that writes the same rows on the same handle with
 * statements of its own. Both make the texts they write. Then what a step costs in a small and in a large fan-out, and
 * how long it takes to resume a run with a long past.
 */
import { type RunStore, Workflow } from "@stepstream/workflow";
import { PostgresServer } from "../tests/tools/postgres_server.ts";
import { TemporaryFolder } from "../tests/tools/temporary_folder.ts";
import { inDenoKv } from "./tools/deno_kv_contestant.ts";
import { measure, median } from "./tools/measure.ts";
import { inMemory } from "./tools/memory_contestant.ts";
import { inPostgres } from "./tools/postgres_contestant.ts";
import { print, printTitle } from "./tools/print.ts";
import { recordRun, runStored, STEPS } from "./tools/recorded_run.ts";
import { inSqlite } from "./tools/sqlite_contestant.ts";
import { type StoreContestant, writeBare } from "./tools/store_contestant.ts";

async function compare(
  name: string,
  open: () => StoreContestant | Promise<StoreContestant>,
  rounds: number,
): Promise<void> {
  await using contestant = await open();
  const { store } = contestant;
  const recorded = await recordRun(store, runStored);
  const medians = await measure(
    {
      stored: () => runStored(store),
      bare: () => writeBare(contestant, recorded),
    },
    rounds,
    1,
  );
  const { stored = NaN, bare = NaN } = medians;
  const perSecond = (ms: number) => `${Math.round(STEPS / ms * 1_000)} steps/s`.padStart(16);
  print(`  ${name.padEnd(34)}${perSecond(stored)}   bare${perSecond(bare)}   ${(bare / stored).toFixed(2)} x bare`);
}

const split = new Workflow<{ split: number; item: number; merge: unknown }>().add(
  {
    name: "split",
    action: (_ctx, size) => size,
    decision: (_ctx, { value }, enqueue) =>
      enqueue.all("item", Array.from({ length: value ?? 0 }, (_, i) => i), { then: "merge" }),
  },
  { name: "item", action: (_ctx, item) => item + 1 },
  { name: "merge", action: () => null },
);

/** Median microseconds a step of a fan-out into so many tokens. */
async function fanOut(store: RunStore, size: number, rounds: number): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    await split.run("split", size, { store, maxSteps: Infinity, captureTrace: false });
    times.push((performance.now() - start) * 1_000 / size);
  }
  return median(times);
}

const PAST_STEPS = 100_000;

const long = new Workflow<{ count: number; wait: unknown }>().add(
  {
    name: "count",
    action: (_ctx, count) => count + 1,
    decision: (_ctx, { value }, enqueue) => value === PAST_STEPS ? enqueue.tail("wait") : enqueue.tail("count"),
  },
  {
    name: "wait",
    action: (_ctx, _payload, _log, { signal }) =>
      new Promise<never>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  },
);

/** Milliseconds from the call of `resume` to the first step that starts. */
async function timeResume(store: RunStore, runId: string): Promise<number> {
  const start = performance.now();
  for await (const event of long.resume(runId, { store, maxSteps: Infinity, captureTrace: false })) {
    if (event.type === "step.start") break;
  }
  return performance.now() - start;
}

printTitle(`Durable steps, a chain of ${STEPS}, one commit each`);
await using folder = await TemporaryFolder.create();
const file = (name: string) => `${folder.path}/${name}`;
await compare("memory", inMemory, 9);
await compare("SQLite, NORMAL", () => inSqlite(file("normal.sqlite"), "NORMAL"), 5);
await compare("SQLite, FULL", () => inSqlite(file("full.sqlite"), "FULL"), 3);
await compare("Deno KV, a file", () => inDenoKv(file("runs.kv")), 3);
{
  await using server = await PostgresServer.start();
  if (server !== null) await compare("Postgres, by pg", () => inPostgres(server.url), 3);
}

printTitle("A fan-out on SQLite, NORMAL");
{
  await using contestant = await inSqlite(file("fan_out.sqlite"), "NORMAL");
  const small = await fanOut(contestant.store, 100, 101);
  const large = await fanOut(contestant.store, 100_000, 1);
  print(`  100 tokens       ${small.toFixed(1).padStart(8)} us/step`);
  print(`  100 000 tokens   ${large.toFixed(1).padStart(8)} us/step   ${(large / small).toFixed(2)} x`);
}

printTitle(`Resume after ${PAST_STEPS} steps, on SQLite`);
{
  await using contestant = await inSqlite(file("resume.sqlite"), "NORMAL");
  const { store } = contestant;
  const runId = "long";
  for await (const event of long.stream("count", 0, { store, runId, maxSteps: Infinity, captureTrace: false })) {
    if (event.type === "step.start" && event.step === "wait") break;
  }
  const times: number[] = [];
  for (let round = 0; round < 9; round += 1) times.push(await timeResume(store, runId));
  print(`  ${median(times).toFixed(1)} ms to the first step, ${Math.max(...times).toFixed(1)} ms at most`);
}
