import { type NewRun, type RunCommit, type StoredEvent, StoreError } from "@stepstream/workflow";
import { type SqliteDatabase, type SqliteStatement, SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { runStoreCases } from "@stepstream/workflow/testing";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { TemporaryFolder } from "../tools/temporary_folder.ts";

for (const { name, run } of runStoreCases) {
  Deno.test(`SqliteStore: ${name}`, async () => {
    using database = new DatabaseSync(":memory:");

    await run(await SqliteStore.open(database));
  });
}

Deno.test("SqliteStore in a file keeps every promise of a store, with runs of others in it", async () => {
  await using folder = await TemporaryFolder.create();
  using database = new DatabaseSync(`${folder.path}/runs.db`);
  const store = await SqliteStore.open(database);

  for (const { run } of runStoreCases) await run(store);
});

Deno.test("SqliteStore keeps every promise with synchronous FULL and a database that reads bigints", async () => {
  await using folder = await TemporaryFolder.create();
  // Deno's types do not know `readBigInts` yet.
  const options = { open: true, readBigInts: true };
  using database = new DatabaseSync(`${folder.path}/runs.db`, options);
  const store = await SqliteStore.open(database, { synchronous: "FULL" });

  for (const { run } of runStoreCases) await run(store);
});

Deno.test("SqliteStore keeps NULs and lone surrogates in ids, names and texts", async () => {
  using database = new DatabaseSync(":memory:");
  const store = await SqliteStore.open(database);
  const odd = ["a\0b", "a\0c", "a\u0001", "a\uD800", "a\uD801", "\uDC00😀"];
  for (const text of odd) {
    await store.create({ ...sampleRun(text), workflow: text, version: text, snapshot: text });
    await store.commit({ ...sampleCommit(text, 1, [text]), version: text, record: text });
  }

  for (const text of odd) {
    const run = await store.load(text);
    assertEquals([run?.runId, run?.workflow, run?.version, run?.snapshot], [text, text, text, text]);
    assertEquals(run?.records, [{ revision: 2, text }]);
    assertEquals(await store.events(text, 0, 9), [{ seq: 1, text }]);
    assertEquals((await store.list({ workflow: text, limit: 9 })).map(({ runId }) => runId), [text]);
    assertEquals((await store.claim({ workflows: [text], limit: 9, until: 9, now: 9 })).length, 1);
  }
});

Deno.test("SqliteStore.open() finds what another connection has stored, which then sees what it writes", async () => {
  await using folder = await TemporaryFolder.create();
  using first = new DatabaseSync(`${folder.path}/runs.db`);
  using second = new DatabaseSync(`${folder.path}/runs.db`);
  const one = await SqliteStore.open(first);
  await one.create(sampleRun("r1"));

  const other = await SqliteStore.open(second);

  assertEquals(await other.commit(sampleCommit("r1", 1, ["a"])), true);
  assertEquals(await one.commit(sampleCommit("r1", 1, ["b"])), false);
  assertEquals(await one.commit(sampleCommit("r1", 2)), true);
  assertEquals((await other.find("r1"))?.revision, 3);
  assertEquals(await one.events("r1", 0, 9), [{ seq: 1, text: "a" }]);
});

Deno.test("SqliteStore turns on the write-ahead log, and syncs as it is told", async () => {
  await using folder = await TemporaryFolder.create();
  const pragmas = [];

  for (const synchronous of ["NORMAL", "FULL"] as const) {
    using database = new DatabaseSync(`${folder.path}/runs.db`);
    await SqliteStore.open(database, { synchronous, busyTimeoutMs: 70 });
    pragmas.push(["journal_mode", "synchronous", "busy_timeout"].map((name) => {
      return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    }));
  }

  assertEquals(pragmas, [["wal", 1, 70], ["wal", 2, 70]]);
});

Deno.test("SqliteStore.open() tries again if others open the file at the same time", async () => {
  await using folder = await TemporaryFolder.create();
  using file = new DatabaseSync(`${folder.path}/runs.db`);
  let refusals = 3;
  // What SQLite does while another connection turns the log on.
  const refusing = (statement: SqliteStatement): SqliteStatement => ({
    run: (...values) => statement.run(...values),
    get(...values) {
      if (refusals > 0) {
        refusals -= 1;
        throw new Error("database is locked");
      }
      return statement.get(...values);
    },
    all: (...values) => statement.all(...values),
  });
  const database: SqliteDatabase = {
    exec: (sql) => file.exec(sql),
    prepare: (sql) => sql.includes("journal_mode") ? refusing(file.prepare(sql)) : file.prepare(sql),
  };

  const store = await SqliteStore.open(database);

  assertEquals([refusals, await store.create(sampleRun("r1"))], [0, true]);
  assertEquals({ ...file.prepare("PRAGMA journal_mode").get() }, { journal_mode: "wal" });
});

Deno.test("SqliteStore.open() gives up on a file that others keep locked", async () => {
  using file = new DatabaseSync(":memory:");
  const locked = () => {
    throw new Error("database is locked");
  };
  const database: SqliteDatabase = {
    exec: (sql) => file.exec(sql),
    prepare: (sql) => sql.includes("journal_mode") ? { run: locked, get: locked, all: locked } : file.prepare(sql),
  };

  await assertRejects(() => SqliteStore.open(database), Error, "database is locked");
});

Deno.test("SqliteStore.open() refuses options that make no sense", async () => {
  using database = new DatabaseSync(":memory:");

  // SQLite takes a longer time for none.
  for (const busyTimeoutMs of [NaN, -1, 0.5, 2 ** 31, Infinity]) {
    await assertRejects(
      () => SqliteStore.open(database, { busyTimeoutMs }),
      RangeError,
      `Cannot open a store, because busyTimeoutMs is no whole number from 0 to 2147483647: ${busyTimeoutMs}`,
    );
  }
  await assertRejects(
    () => SqliteStore.open(database, { synchronous: "OFF" as "FULL" }),
    RangeError,
    'Cannot open a store, because synchronous is neither "NORMAL" nor "FULL": "OFF"',
  );
  assertEquals(tablesOf(database), []);
});

Deno.test("SqliteStore.open() leaves a database of a later version as it is", async () => {
  await using folder = await TemporaryFolder.create();
  using database = new DatabaseSync(`${folder.path}/runs.db`);
  database.exec("CREATE TABLE stepstream_schema (version INTEGER); INSERT INTO stepstream_schema VALUES (1), (2)");

  await assertRejects(
    () => SqliteStore.open(database),
    StoreError,
    "Cannot open the database: its tables are of schema version 2, and this package knows version 1",
  );

  assertEquals(tablesOf(database), ["stepstream_schema"]);
  assertEquals({ ...database.prepare("PRAGMA journal_mode").get() }, { journal_mode: "delete" });
});

Deno.test("SqliteStore.open() leaves the tables of others alone", async () => {
  using database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE runs (id TEXT); INSERT INTO runs VALUES ('mine'); PRAGMA user_version = 7");

  const store = await SqliteStore.open(database);
  await store.create(sampleRun("r1"));

  assertEquals(database.prepare("SELECT id FROM runs").all().map((row) => ({ ...row })), [{ id: "mine" }]);
  assertEquals({ ...database.prepare("PRAGMA user_version").get() }, { user_version: 7 });
});

Deno.test("SqliteStore.open() creates nothing if one of its names is taken", async () => {
  using database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE stepstream_events (mine TEXT)");

  await assertRejects(() => SqliteStore.open(database), StoreError, "table stepstream_events already exists");

  assertEquals(tablesOf(database), ["stepstream_events"]);
});

Deno.test("SqliteStore.open() rejects if the file is no database", async () => {
  await using folder = await TemporaryFolder.create();
  using database = new DatabaseSync(await folder.write("runs.db", "a text\n".repeat(1000)));

  await assertRejects(() => SqliteStore.open(database), StoreError, "file is not a database");
});

Deno.test("SqliteStore rejects once its database is closed", async () => {
  const database = new DatabaseSync(":memory:");
  const store = await SqliteStore.open(database);
  database.close();

  await assertRejects(() => store.find("r1"), StoreError, `Cannot read the row of run "r1"`);
  await assertRejects(() => store.commit(sampleCommit("r1", 1)), StoreError, `Cannot write revision 2 of run "r1"`);
});

Deno.test("SqliteStore rejects a write while another connection writes for too long, and then goes on", async () => {
  await using folder = await TemporaryFolder.create();
  using database = new DatabaseSync(`${folder.path}/runs.db`);
  using other = new DatabaseSync(`${folder.path}/runs.db`);
  const store = await SqliteStore.open(database, { busyTimeoutMs: 0 });
  await store.create(sampleRun("r1"));
  other.exec("BEGIN IMMEDIATE");

  await assertRejects(() => store.commit(sampleCommit("r1", 1, ["a"])), StoreError, "database is locked");
  assertEquals((await store.find("r1"))?.revision, 1);
  other.exec("ROLLBACK");

  assertEquals(await store.commit(sampleCommit("r1", 1, ["a"])), true);
});

Deno.test("SqliteStore does not write into a transaction of somebody else on its connection", async () => {
  using database = new DatabaseSync(":memory:");
  const store = await SqliteStore.open(database);
  await store.create(sampleRun("r1"));
  database.exec("BEGIN");

  await assertRejects(() => store.commit(sampleCommit("r1", 1)), StoreError, "transaction within a transaction");

  database.exec("COMMIT");
  assertEquals((await store.find("r1"))?.revision, 1);
});

Deno.test("SqliteStore.commit() writes nothing if an event has a number that is taken", async () => {
  using database = new DatabaseSync(":memory:");
  const store = await SqliteStore.open(database);
  await store.create(sampleRun("r1", ["a"]));
  const events = [{ seq: 2, text: "b" }, { seq: 1, text: "again" }];
  const before = await store.load("r1");

  await assertRejects(() => store.commit({ ...sampleCommit("r1", 1), record: "x", events }), StoreError, "UNIQUE");

  assertEquals(await store.load("r1"), before);
  assertEquals(await store.events("r1", 0, 9), [{ seq: 1, text: "a" }]);
});

Deno.test("SqliteStore.commit() writes nothing on a full disk, and goes on once there is room", async () => {
  await using folder = await TemporaryFolder.create();
  using database = new DatabaseSync(`${folder.path}/runs.db`);
  const store = await SqliteStore.open(database);
  await store.create(sampleRun("r1"));
  database.exec("PRAGMA max_page_count = 100");
  const text = "x".repeat(10_000);
  let revision = 1;

  const error = await assertRejects(async () => {
    for (; revision < 1000; revision += 1) {
      const events = [{ seq: revision, text }];
      await store.commit({ ...sampleCommit("r1", revision), record: `r${revision}`, events });
    }
  }, StoreError);

  assertEquals(error.message, `Cannot write revision ${revision + 1} of run "r1": database or disk is full`);
  assert(error.cause instanceof Error && revision > 10);
  const loaded = await store.load("r1");
  assertEquals([loaded?.revision, loaded?.lastSeq, loaded?.records.length], [revision, revision - 1, revision - 1]);
  assertEquals((await store.events("r1", 0, 1000)).length, revision - 1);
  await assertRejects(() => store.create({ ...sampleRun("r2"), snapshot: text.repeat(50) }), StoreError, "full");
  assertEquals(await store.find("r2"), null);

  database.exec("PRAGMA max_page_count = 1000000");
  assertEquals(await store.commit({ ...sampleCommit("r1", revision), events: [{ seq: revision, text }] }), true);
});

/** A run without events but for the given ones. */
function sampleRun(runId: string, texts: readonly string[] = []): NewRun {
  return { runId, workflow: "w", version: "1", snapshot: "{}", events: toEvents(texts), wakeAt: 0, now: 0 };
}

/** A commit that changes nothing, but for events that are the first of the run. */
function sampleCommit(runId: string, revision: number, texts: readonly string[] = []): RunCommit {
  const change = { record: null, snapshot: null, events: toEvents(texts), wakeAt: 0, now: 0 };
  return { runId, revision, createdAt: 0, version: "1", status: "running", ...change };
}

function toEvents(texts: readonly string[]): readonly StoredEvent[] {
  return texts.map((text, index) => ({ seq: index + 1, text }));
}

function tablesOf(database: DatabaseSync): unknown[] {
  return database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all().map((row) => row.name);
}
