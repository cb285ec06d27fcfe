import { type NewRun, type RunHead, type RunStore, StoreError, Workflow } from "@stepstream/workflow";
import { Runner } from "@stepstream/workflow/runner";
import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { TemporaryFolder } from "../tools/temporary_folder.ts";

/** An edit that nobody should make, and what a reader is told of it. */
interface Torn {
  readonly edit: string;
  readonly read: (store: RunStore) => Promise<unknown>;
  readonly message: string;
}

const find = (store: RunStore) => store.find("r1");
const load = (store: RunStore) => store.load("r1");
const list = (store: RunStore) => store.list({ limit: 10 });
const claim = (store: RunStore) => store.claim({ limit: 10, until: 9, now: 9 });
const readEvents = (store: RunStore) => store.events("r1", 0, 10);

const torn: readonly Torn[] = [
  {
    edit: "UPDATE stepstream_runs SET status = 'asleep'",
    read: find,
    message: `Cannot read the row of run "r1": its status is "asleep"`,
  },
  {
    edit: "UPDATE stepstream_runs SET revision = NULL",
    read: find,
    message: `Cannot read the row of run "r1": its revision is null`,
  },
  {
    edit: "UPDATE stepstream_runs SET revision = 2.5",
    read: load,
    message: `Cannot read the row of run "r1": its revision is 2.5`,
  },
  {
    edit: "UPDATE stepstream_runs SET revision = -5",
    read: (store) => store.claim({ runId: "r1", limit: 1, until: 9, now: 9 }),
    message: `Cannot read the row of run "r1": its revision is -5`,
  },
  {
    edit: "UPDATE stepstream_runs SET wake_at = 'soon'",
    read: find,
    message: `Cannot read the row of run "r1": its wake_at is "soon"`,
  },
  {
    edit: "UPDATE stepstream_runs SET workflow = x'00ff'",
    read: find,
    message: `Cannot read the row of run "r1": its workflow is 0,255`,
  },
  {
    edit: "UPDATE stepstream_runs SET number = 'one'",
    read: (store) => store.delete("r1"),
    message: `Cannot read the row of run "r1": its number is "one"`,
  },
  {
    edit: "DELETE FROM stepstream_records WHERE revision = 1",
    read: load,
    message: `Cannot read record 1 of run "r1": it is the last snapshot, and it is missing`,
  },
  {
    edit: "DELETE FROM stepstream_records WHERE revision = 3",
    read: load,
    message: `Cannot read records 2 to 4 of run "r1": there should be 3 after 1, up to 4: there are 2, 4`,
  },
  {
    edit: "DELETE FROM stepstream_records WHERE revision = 4",
    read: load,
    message: `Cannot read records 2 to 4 of run "r1": there should be 3 after 1, up to 4: there are 2, 3`,
  },
  {
    edit: "UPDATE stepstream_records SET revision = 9 WHERE revision = 3",
    read: load,
    message: `Cannot read records 2 to 4 of run "r1": there should be 3 after 1, up to 4: there are 2, 4, 9`,
  },
  {
    edit: "UPDATE stepstream_records SET text = NULL WHERE revision = 3",
    read: load,
    message: `Cannot read record 3 of run "r1": its text is null`,
  },
  {
    edit: "UPDATE stepstream_records SET text = char(1) || '{' WHERE revision = 3",
    read: load,
    message: `Cannot read record 3 of run "r1": its text is "\\u0001{"`,
  },
  {
    edit: "UPDATE stepstream_records SET text = char(1) || '5' WHERE revision = 3",
    read: load,
    message: `Cannot read record 3 of run "r1": its text is "\\u00015"`,
  },
  {
    edit: "DELETE FROM stepstream_events WHERE seq = 2",
    read: readEvents,
    message: `Cannot read event 2 of run "r1": it is missing: the next one there is has seq 3`,
  },
  {
    edit: "DELETE FROM stepstream_events WHERE seq IN (2, 3)",
    read: (store) => store.events("r1", 1, 10),
    message: `Cannot read event 2 of run "r1": it is missing: the next one there is has seq 4`,
  },
  {
    edit: "DELETE FROM stepstream_events WHERE seq = 4",
    read: readEvents,
    message: `Cannot read event 4 of run "r1": it is missing: there should be events up to 4`,
  },
  {
    edit: "DELETE FROM stepstream_events",
    read: readEvents,
    message: `Cannot read event 1 of run "r1": it is missing: there should be events up to 4`,
  },
  {
    edit: "UPDATE stepstream_events SET text = x'05' WHERE seq = 2",
    read: readEvents,
    message: `Cannot read event 2 of run "r1": its text is 5`,
  },
];

for (const { edit, read, message } of torn) {
  Deno.test(`SqliteStore tells that it cannot read what was torn: ${edit}`, async () => {
    using database = new DatabaseSync(":memory:");
    const store = await openWithRun(database);
    dropConstraints(database);

    database.exec(edit);

    const error = await assertRejects(() => read(store), StoreError);
    assertEquals(error.message, message);
  });
}

Deno.test("SqliteStore reads what was torn once it is mended: it has lost nothing", async () => {
  using database = new DatabaseSync(":memory:");
  const store = await openWithRun(database);
  const before = await store.load("r1");
  database.exec("UPDATE stepstream_records SET revision = 99 WHERE revision = 3");
  await assertRejects(() => store.load("r1"), StoreError);

  database.exec("UPDATE stepstream_records SET revision = 3 WHERE revision = 99");

  assertEquals(await store.load("r1"), before);
});

/** What somebody may make of a head by hand. */
const HEADS: readonly string[] = [
  "status = 'on hold'",
  "revision = -5",
  "revision = 2.5",
  "revision = NULL",
  "version = char(1) || '{'",
  "workflow = x'00ff'",
  "run_id = NULL",
  "number = 'one'",
  // In nanoseconds: more than a number of JavaScript holds, so that no row can be read beside it.
  "updated_at = 1800000000000000000",
  "last_seq = -9223372036854775807 - 1",
];

for (const edit of HEADS) {
  Deno.test(`SqliteStore takes over and lists the other runs beside one with ${edit}`, async () => {
    using database = new DatabaseSync(":memory:");
    const store = await openWithRun(database);
    await store.create(sampleRun("r2"));
    dropConstraints(database);

    database.exec(`UPDATE stepstream_runs SET ${edit}, wake_at = 0 WHERE run_id = 'r1'`);

    assertEquals(idsOf(await list(store)), ["r2"]);
    assertEquals(idsOf(await claim(store)), ["r2"]);
    assertEquals(idsOf(await store.claim({ isForced: true, limit: 10, until: 9, now: 0 })), ["r2"]);
  });
}

Deno.test("SqliteStore fills a page with the runs that can be read, and leaves the others as they are", async () => {
  using database = new DatabaseSync(":memory:");
  const store = await SqliteStore.open(database);
  const ids = Array.from({ length: 40 }, (_, index) => `r${10 + index}`);
  for (const runId of ids) await store.create(sampleRun(runId));
  database.exec("UPDATE stepstream_runs SET revision = -5, wake_at = 0 WHERE number % 8 > 0");

  const listed = idsOf(await store.list({ limit: 3 }));
  const claimed = idsOf(await store.claim({ limit: 3, until: 9, now: 2 }));

  assertEquals([listed, claimed], [["r49", "r41", "r33"], ["r17", "r25", "r33"]]);
  const torn = "SELECT count(*) AS count FROM stepstream_runs WHERE revision = -5 AND wake_at = 0";
  assertEquals(database.prepare(torn).get()?.count, 35);
});

Deno.test("Runner.recover() takes over the other runs beside one whose row was edited", async () => {
  using database = new DatabaseSync(":memory:");
  const store = await SqliteStore.open(database);
  const workflow = new Workflow().add({ name: "step", action: () => 1 });
  for (const runId of ["t1", "t2", "t3"]) {
    for await (const _ of workflow.stream("step", undefined, { store, runId })) break;
  }
  database.exec("UPDATE stepstream_runs SET revision = -5, wake_at = 0 WHERE run_id = 't1'");
  await using runner = new Runner({ workflows: [workflow], store });

  const count = await runner.recover();

  assertEquals(count, 2);
  assertEquals(idsOf(await runner.list()).sort(), ["t2", "t3"]);
  await assertRejects(() => runner.get("t1"), StoreError, `Cannot read the row of run "t1": its revision is -5`);
});

Deno.test("SqliteStore.events() leaves out the first events once they are let go of", async () => {
  using database = new DatabaseSync(":memory:");
  const store = await openWithRun(database);

  database.exec("DELETE FROM stepstream_events WHERE seq <= 2");

  assertEquals(await store.events("r1", 0, 10), [{ seq: 3, text: "e3" }, { seq: 4, text: "e4" }]);
});

Deno.test("SqliteStore tells that it cannot read a page of the file that was overwritten", async () => {
  await using folder = await TemporaryFolder.create();
  const file = `${folder.path}/runs.db`;
  let page = 0;
  {
    using database = new DatabaseSync(file);
    await openWithRun(database);
    page = Number(
      database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'stepstream_events'").get()?.rootpage,
    );
  }
  const bytes = await Deno.readFile(file);
  await Deno.writeFile(file, bytes.fill(0xff, (page - 1) * PAGE_BYTES, page * PAGE_BYTES));

  using database = new DatabaseSync(file);
  const store = await SqliteStore.open(database);

  await assertRejects(() => readEvents(store), StoreError, `Cannot read the events of run "r1": database disk image`);
  assertEquals((await store.load("r1"))?.records.length, 3);
});

const PAGE_BYTES = 4096;

function sampleRun(runId: string): NewRun {
  return { runId, workflow: "w", version: "1", snapshot: "{}", events: [], wakeAt: 2, now: 1 };
}

function idsOf(heads: readonly RunHead[]): string[] {
  return heads.map(({ runId }) => runId);
}

/** A store with a run of 4 revisions, of which each but the first has a record and an event. */
async function openWithRun(database: DatabaseSync): Promise<SqliteStore> {
  const store = await SqliteStore.open(database);
  const times = { wakeAt: 1, now: 1 };
  const events = [{ seq: 1, text: "e1" }];
  await store.create({ runId: "r1", workflow: "w", version: "1", snapshot: "{}", events, ...times });
  for (let revision = 1; revision <= 3; revision += 1) {
    const change = {
      record: `r${revision + 1}`,
      snapshot: null,
      events: [{ seq: revision + 1, text: `e${revision + 1}` }],
    };
    await store.commit({ runId: "r1", revision, createdAt: 1, version: "1", status: "running", ...change, ...times });
  }
  return store;
}

/** Makes tables that take anything, as a copy that somebody made by hand. */
function dropConstraints(database: DatabaseSync): void {
  for (const name of ["stepstream_runs", "stepstream_records", "stepstream_events"]) {
    database.exec(
      `CREATE TABLE copied AS SELECT * FROM ${name}; DROP TABLE ${name}; ALTER TABLE copied RENAME TO ${name}`,
    );
  }
  database.exec("CREATE UNIQUE INDEX copied_ids ON stepstream_runs (run_id)");
}
