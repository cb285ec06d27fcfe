import { type Any, EventsGoneError, StoreError, Workflow } from "@stepstream/workflow";
import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { readAll } from "../tools/events.ts";
import { type Fate, FaultyStore } from "../tools/faulty_store.ts";
import { storedEvents } from "../tools/stored_run.ts";

const STEPS = 20;

const workflow = new Workflow<{ count: number }>({ name: "count" }).add({
  name: "count",
  action: (_ctx, count) => count + 1,
  decision: (_ctx, { value }, enqueue) => {
    if (value !== null && value < STEPS) enqueue.tail("count");
  },
});

/** A run that was left in its midst: a snapshot at revision 1, and a record for every step from 2 on. */
async function leftRun(): Promise<{ readonly database: DatabaseSync; readonly store: SqliteStore }> {
  const database = new DatabaseSync(":memory:");
  const store = await SqliteStore.open(database);
  let results = 0;
  for await (const { type } of workflow.stream("count", 0, { store, runId: "r1" })) {
    if (type === "step.result" && (results += 1) === 5) break;
  }
  return { database, store };
}

const EDITS: readonly (readonly [revision: number, text: string, because: string])[] = [
  [1, '{"format":1,"tok', 'Cannot read snapshot of run "r1": SyntaxError'],
  [1, "null", 'Cannot read snapshot of run "r1": TypeError'],
  [1, '{"format":2}', 'Cannot read snapshot of run "r1": TypeError: it is of format 2, not 1'],
  [1, '{"format":1}', 'Cannot read snapshot of run "r1": TypeError'],
  [3, '[{"token":2,"ok":tr', 'Cannot read record 3 of run "r1": SyntaxError'],
  [3, "{}", 'Cannot read record 3 of run "r1": TypeError'],
  [
    3,
    '[{"token":99,"ok":true,"tokens":2,"steps":1}]',
    'Cannot read record 3 of run "r1": TypeError: there is no token 99',
  ],
];

for (const [revision, text, because] of EDITS) {
  Deno.test(`Workflow.resume() of a run whose revision ${revision} is ${text} tells so, and it can be mended`, async () => {
    const { database, store } = await leftRun();
    const of = "FROM stepstream_records WHERE revision = ?";
    const whole = database.prepare(`SELECT text ${of}`).get(revision)?.text ?? null;
    const before = await store.find("r1");
    const edit = database.prepare("UPDATE stepstream_records SET text = ? WHERE revision = ?");
    edit.run(text, revision);

    await assertRejects(() => workflow.resume("r1", { store }).next(), StoreError, because);
    assertEquals(await store.find("r1"), before);
    edit.run(whole, revision);
    const { context } = await workflow.resume("r1", { store }).result;

    assertEquals(context, { "result.count": STEPS });
    database.close();
  });
}

const PAST_EDITS: readonly (readonly [edit: string, because: string])[] = [
  ["UPDATE stepstream_events SET text = '{' WHERE seq = 3", 'Cannot read event 3 of run "r1"'],
  [
    `UPDATE stepstream_events SET text = '{"type":"step.log","seq":4}' WHERE seq = 3`,
    'Cannot read event 3 of run "r1": TypeError: its seq is 4',
  ],
];

for (const [edit, because] of PAST_EDITS) {
  Deno.test(`Workflow.resume() whose past cannot be read tells so, and leaves the run for others (${edit})`, async () => {
    const { database, store } = await leftRun();
    database.exec(edit);
    const stream = workflow.resume("r1", { store, after: 0 });

    const { items, failure } = await readAll(stream);
    const error = await assertRejects(() => stream.result, StoreError, because);
    const { done } = await stream.next();

    assertEquals([items, failure?.error, done], [[], error, true]);
    assertEquals((await store.find("r1"))?.status, "suspended");
    const { context } = await workflow.resume("r1", { store, captureTrace: false }).result;
    assertEquals(context, { "result.count": STEPS });
    database.close();
  });
}

Deno.test("Workflow.resume() whose trace cannot be read back rejects its result, and the run completes", async () => {
  const { database, store } = await leftRun();
  database.exec("UPDATE stepstream_events SET text = '{' WHERE seq = 3");

  await assertRejects(() => workflow.resume("r1", { store }).result, StoreError, 'Cannot read event 3 of run "r1"');

  assertEquals((await store.find("r1"))?.status, "completed");
  database.close();
});

Deno.test("Workflow.resume() whose store has let go of the past rejects with EventsGoneError", async () => {
  const { database, store } = await leftRun();
  const forgetful = new FaultyStore(store, ({ method }): Fate => method === "events" ? "refused" : "answered");

  const { items, failure } = await readAll(workflow.resume("r1", { store: forgetful, after: 2 }));

  assertInstanceOf(failure?.error, EventsGoneError);
  assertEquals([items, failure.error.after, failure.error.first], [[], 2, 13]);
  database.close();
});

Deno.test("Workflow.resume() of a run that has ended and whose run.end is gone tells so", async () => {
  const database = new DatabaseSync(":memory:");
  const store = await SqliteStore.open(database);
  await workflow.run("count", STEPS, { store, runId: "r1" });
  database.exec(`UPDATE stepstream_events SET text = '{"type":"step.log","seq":4}' WHERE seq = 4`);

  await assertRejects(
    () => workflow.resume("r1", { store }).next(),
    StoreError,
    'Cannot read event 4 of run "r1": the run has ended and this is not its run.end',
  );
  database.close();
});

Deno.test("Workflow.stream() goes on with the run of its id, whatever its payload, if nobody can tell with which it started", async () => {
  const { database, store } = await leftRun();
  database.exec("DELETE FROM stepstream_events WHERE seq = 1");

  const { context } = await workflow.run("count", 7, { store, runId: "r1", captureTrace: false });

  assertEquals(context, { "result.count": STEPS });
  database.close();
});

Deno.test("A stored run whose disk is full fails with StoreError, and loses nothing that was committed", async () => {
  const database = new DatabaseSync(":memory:");
  const store = await SqliteStore.open(database);
  const fill = new Workflow<Any, Any>({ name: "fill" }).add({
    name: "fill",
    action: (_ctx, count) => ({ count: count + 1, text: "x".repeat(10_000) }),
    decision: (_ctx, { value }, enqueue) => {
      if (value !== null && value.count < STEPS) enqueue.tail("fill", value.count);
    },
  });
  database.exec("PRAGMA max_page_count = 60");
  const stream = fill.stream("fill", 0, { store, runId: "r1" });
  const { items, failure } = await readAll(stream);
  database.exec("PRAGMA max_page_count = 100000");
  const committed = await storedEvents(store, "r1");

  const { context } = await fill.resume("r1", { store }).result;

  assert(failure?.error instanceof StoreError);
  assertMatch(failure.error.message, /^Cannot write revision \d+ of run "r1": database or disk is full$/);
  assertEquals(items, committed);
  assertEquals(context["result.fill"].count, STEPS);
  assertEquals((await storedEvents(store, "r1")).map(({ seq }) => seq), Array.from({ length: 43 }, (_, i) => i + 1));
  database.close();
});
