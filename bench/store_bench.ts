/**
 * Durable steps in each store, one commit a step, beside a bare loop that writes the same rows on the same handle with
 * statements of its own. Both make the texts they write. Then what a step costs in a small and in a large fan-out, and
 * how long it takes to resume a run with a long past.
 */
import { MemoryStore, type RunStore, Workflow } from "@stepstream/workflow";
import { DenoKvStore } from "@stepstream/workflow/stores/deno-kv";
import { PostgresStore } from "@stepstream/workflow/stores/postgres";
import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { PostgresServer } from "../tests/tools/postgres_server.ts";
import { measure, median } from "./tools/measure.ts";
import { print, printTitle } from "./tools/print.ts";
import { type RecordedRun, type RecordedWrite, recordRun, runStored, STEPS } from "./tools/recorded_run.ts";

/** A store, and how the same would be written by hand. */
interface Contestant extends AsyncDisposable {
  readonly store: RunStore;
  write(runId: string, write: RecordedWrite, revision: number): void | Promise<unknown>;
}

function inMemory(): Contestant {
  const records: string[] = [];
  const events: string[] = [];
  let head = {};
  return {
    store: new MemoryStore(),
    write: (runId, write, revision) => {
      head = { runId, revision, wakeAt: Date.now() };
      records.push(JSON.stringify(write.record));
      if (write.snapshot !== null) records.splice(0, records.length, JSON.stringify(write.snapshot));
      for (const { event } of write.events) events.push(JSON.stringify(event));
      return Promise.resolve(head);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function inSqlite(synchronous: "NORMAL" | "FULL"): Promise<Contestant> {
  const folder = await Deno.makeTempDir();
  const database = new DatabaseSync(`${folder}/runs.sqlite`);
  const store = await SqliteStore.open(database, { synchronous });
  database.exec(`
    CREATE TABLE bare_runs (run_id TEXT PRIMARY KEY, revision INTEGER, wake_at INTEGER) STRICT;
    CREATE TABLE bare_records (run_id TEXT, revision INTEGER, text TEXT, PRIMARY KEY (run_id, revision)) STRICT;
    CREATE TABLE bare_events (run_id TEXT, seq INTEGER, text TEXT, PRIMARY KEY (run_id, seq)) STRICT;
  `);
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const create = database.prepare("INSERT INTO bare_runs VALUES (?, ?, ?)");
  const update = database.prepare("UPDATE bare_runs SET revision = ?, wake_at = ? WHERE run_id = ? AND revision = ?");
  const forget = database.prepare("DELETE FROM bare_records WHERE run_id = ?");
  const addRecord = database.prepare("INSERT INTO bare_records VALUES (?, ?, ?)");
  const addEvent = database.prepare("INSERT INTO bare_events VALUES (?, ?, ?)");
  return {
    store,
    write: (runId, { record, snapshot, events }, revision) => {
      begin.run();
      if (revision === 1) create.run(runId, 1, Date.now());
      else update.run(revision, Date.now(), runId, revision - 1);
      if (snapshot !== null) forget.run(runId);
      const state = snapshot ?? record;
      if (state !== null) addRecord.run(runId, revision, JSON.stringify(state));
      for (const { seq, event } of events) addEvent.run(runId, seq, JSON.stringify(event));
      commit.run();
    },
    [Symbol.asyncDispose]: async () => {
      database.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function inDenoKv(): Promise<Contestant> {
  const folder = await Deno.makeTempDir();
  const kv = await Deno.openKv(`${folder}/runs.kv`);
  const encoder = new TextEncoder();
  const encode = (value: unknown) => encoder.encode(JSON.stringify(value));
  let versionstamp: string | null = null;
  return {
    store: await DenoKvStore.open(kv),
    write: async (runId, { record, snapshot, events }, revision) => {
      if (revision === 1) versionstamp = null;
      const key = ["bare", runId];
      const atomic = kv.atomic().check({ key, versionstamp }).set(key, { revision, wakeAt: Date.now() });
      if (record !== null) atomic.set(["bare", runId, "records", revision], encode(record));
      if (snapshot !== null) atomic.set(["bare", runId, "snapshot"], encode(snapshot));
      if (events.length > 0) atomic.set(["bare", runId, "events", revision], encode(events));
      const answer = await atomic.commit();
      if (!answer.ok) throw new Error("The bare loop lost a race with nobody");
      ({ versionstamp } = answer);
    },
    [Symbol.asyncDispose]: async () => {
      kv.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function inPostgres({ url }: PostgresServer): Promise<Contestant> {
  const client = new pg.Client(url);
  await client.connect();
  const query = (text: string, values: readonly unknown[] = []) => client.query(text, [...values]);
  const store = await PostgresStore.open({ query });
  await query(`
    CREATE TABLE bare_runs (run_id text PRIMARY KEY, revision bigint, wake_at bigint);
    CREATE TABLE bare_records (run_id text, revision bigint, text text, PRIMARY KEY (run_id, revision));
    CREATE TABLE bare_events (run_id text, seq bigint, text text, PRIMARY KEY (run_id, seq));
  `);
  return {
    store,
    write: async (runId, { record, snapshot, events }, revision) => {
      if (revision === 1) await query("INSERT INTO bare_runs VALUES ($1, 0, 0)", [runId]);
      await query(
        `WITH head AS (
          UPDATE bare_runs SET revision = $2, wake_at = $3 WHERE run_id = $1 AND revision = $2 - 1 RETURNING 1
        ), forgotten AS (
          DELETE FROM bare_records WHERE run_id = $1 AND $5::boolean
        ), record AS (
          INSERT INTO bare_records SELECT $1, $2, $4::text FROM head WHERE $4::text IS NOT NULL
        ) INSERT INTO bare_events SELECT $1, seq, text FROM head, unnest($6::bigint[], $7::text[]) AS e (seq, text)`,
        [
          runId,
          revision,
          Date.now(),
          JSON.stringify(snapshot ?? record),
          snapshot !== null,
          events.map(({ seq }) => seq),
          events.map(({ event }) => JSON.stringify(event)),
        ],
      );
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}

async function writeBare(contestant: Contestant, { created, commits }: RecordedRun): Promise<void> {
  const runId = crypto.randomUUID();
  let revision = 1;
  await contestant.write(runId, created, revision);
  for (const commit of commits) await contestant.write(runId, commit, revision += 1);
}

async function compare(name: string, open: () => Contestant | Promise<Contestant>, rounds: number): Promise<void> {
  await using contestant = await open();
  const { store } = contestant;
  const recorded = await recordRun(store);
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
await compare("memory", inMemory, 9);
await compare("SQLite, NORMAL", () => inSqlite("NORMAL"), 5);
await compare("SQLite, FULL", () => inSqlite("FULL"), 3);
await compare("Deno KV, a file", inDenoKv, 3);
{
  await using server = await PostgresServer.start();
  if (server !== null) await compare("Postgres, by pg", () => inPostgres(server), 3);
}

printTitle("A fan-out on SQLite, NORMAL");
{
  await using contestant = await inSqlite("NORMAL");
  const small = await fanOut(contestant.store, 100, 101);
  const large = await fanOut(contestant.store, 100_000, 1);
  print(`  100 tokens       ${small.toFixed(1).padStart(8)} us/step`);
  print(`  100 000 tokens   ${large.toFixed(1).padStart(8)} us/step   ${(large / small).toFixed(2)} x`);
}

printTitle(`Resume after ${PAST_STEPS} steps, on SQLite`);
{
  await using contestant = await inSqlite("NORMAL");
  const { store } = contestant;
  const runId = "long";
  for await (const event of long.stream("count", 0, { store, runId, maxSteps: Infinity, captureTrace: false })) {
    if (event.type === "step.start" && event.step === "wait") break;
  }
  const times: number[] = [];
  for (let round = 0; round < 9; round += 1) times.push(await timeResume(store, runId));
  print(`  ${median(times).toFixed(1)} ms to the first step, ${Math.max(...times).toFixed(1)} ms at most`);
}
