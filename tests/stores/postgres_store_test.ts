import { PGlite } from "@electric-sql/pglite";
import { type NewRun, StoreError } from "@stepstream/workflow";
import { type PostgresQuery, PostgresStore } from "@stepstream/workflow/stores/postgres";
import { runStoreCases } from "@stepstream/workflow/testing";
import { assertEquals, assertRejects } from "@std/assert";
import { Pool } from "pg";
import postgres from "postgres";
import { ManualClock } from "../tools/manual_clock.ts";
import { PostgresServer } from "../tools/postgres_server.ts";

const NOW = 1_800_000_000_000;

Deno.test("PostgresStore on PGlite", async (t) => {
  const db = await PGlite.create();
  const query: PostgresQuery = (text, values) => db.query(text, values);
  const store = await PostgresStore.open({ query });

  for (const { name, run } of runStoreCases) await t.step(name, () => run(store));

  await t.step("open() a second time finds what is there", async () => {
    await store.create(sampleRun("again"));

    const second = await PostgresStore.open({ query });

    assertEquals((await second.find("again"))?.runId, "again");
  });

  await t.step("open() with a schema has tables of its own", async () => {
    const other = await PostgresStore.open({ query, schema: "other_runs" });

    assertEquals(await other.find("again"), null);
    assertEquals(await other.create(sampleRun("again")), true);
  });

  await t.step("open() refuses a schema that is no plain name", async () => {
    for (const schema of ["", "a b", 'a"; DROP TABLE x; --', "A", "a".repeat(41)]) {
      await assertRejects(
        () => PostgresStore.open({ query, schema }),
        RangeError,
        "Cannot open a store, because schema",
      );
    }
  });

  await t.step("open() refuses tables of another version", async () => {
    await PostgresStore.open({ query, schema: "later" });
    await db.query("UPDATE later.stepstream_version SET version = 2");

    await assertRejects(
      () => PostgresStore.open({ query, schema: "later" }),
      StoreError,
      "Cannot open the store: its schema has version 2, and this package knows version 1",
    );
  });

  await t.step("open() says what it expects of an option that is something else", async () => {
    const wrong = { listen: "stepstream", clock: { now: () => NOW }, schema: 1 };

    for (const [name, value] of Object.entries(wrong)) {
      await assertRejects(
        () => Reflect.apply(PostgresStore.open, PostgresStore, [{ query, [name]: value }]),
        TypeError,
        `Cannot open a store: expected ${name} to be `,
      );
    }
  });

  await t.step("open() says so if listen answers nothing that ends the listening", async () => {
    const listen = () => Promise.resolve({ unlisten() {} });

    await assertRejects(
      () => Reflect.apply(PostgresStore.open, PostgresStore, [{ query, listen }]),
      TypeError,
      "Cannot open a store: expected listen to answer a function that ends the listening: object",
    );
  });

  await t.step("open() refuses a query that gives no rows", async () => {
    const wrong = () => Promise.resolve(Object.create(null));

    await assertRejects(
      () => PostgresStore.open({ query: wrong }),
      StoreError,
      "query gives neither rows nor an object",
    );
  });

  await t.step("create() refuses an id that Postgres does not keep, and there is no such run", async () => {
    for (const runId of ["a\0b", "\ud800", "x".repeat(513)]) {
      await assertRejects(() => store.create(sampleRun(runId)), StoreError, "its id ");
      assertEquals([await store.find(runId), await store.load(runId), await store.delete(runId)], [null, null, false]);
      assertEquals(await store.claim({ runId, limit: 1, until: 1, now: 0 }), []);
    }
  });

  await t.step("texts that are no UTF-8 come out unchanged", async () => {
    const events = [{ seq: 1, text: "\u0001\udfff" }, { seq: 2, text: "\0" }];
    await store.create({ ...sampleRun("raw"), snapshot: "\ud800 \0", events });

    assertEquals([(await store.load("raw"))?.snapshot, await store.events("raw", 0, 9)], ["\ud800 \0", events]);
  });

  await t.step("a row that is not as it was written names the run and the record", async () => {
    const run = sampleRun("torn");
    await store.create(run);
    const unchanged = { version: "1", status: "running", snapshot: null, events: [], wakeAt: NOW, now: NOW } as const;
    await store.commit({ ...unchanged, runId: "torn", revision: 1, createdAt: run.now, record: "r" });
    await db.query("UPDATE stepstream_records SET text = E'\\x01no JSON' WHERE run_id = 'torn'");

    await assertRejects(() => store.load("torn"), StoreError, `Cannot read record 2 of run "torn": SyntaxError`);
    await db.query("UPDATE stepstream_runs SET status = 'lost' WHERE run_id = 'torn'");
    await assertRejects(() => store.find("torn"), StoreError, `Cannot read the head of run "torn": its status is lost`);
  });

  const edits = [["status = 'on hold'", 2], ["created_at = 'NaN'", 2], ["revision = -1", 2], [
    "version = E'\\x01no JSON'",
    4,
  ]] as const;
  for (const [index, [edit, limit]] of edits.entries()) {
    await t.step(`takes over and lists the other runs beside one with ${edit}`, async () => {
      const edited = await PostgresStore.open({ query, schema: `edited_${index}` });
      for (const runId of ["r1", "r2", "r3", "r4"]) await edited.create(sampleRun(runId));
      await db.query(`UPDATE edited_${index}.stepstream_runs SET wake_at = 0, ${edit} WHERE run_id IN ('r1', 'r4')`);

      const listed = await edited.list({ limit: 2 });
      const claimed = await edited.claim({ limit, until: NOW + 9, now: NOW });

      assertEquals(listed.map(({ runId }) => runId), ["r3", "r2"]);
      assertEquals(claimed.map(({ runId }) => runId).sort(), ["r2", "r3"]);
      await assertRejects(() => edited.find("r1"), StoreError, `Cannot read the head of run "r1"`);
    });
  }

  await t.step("writes are told in a notice at once, and those soon after in one more", async () => {
    const clock = new ManualClock();
    const notices: unknown[] = [];
    const spied: PostgresQuery = (text, values) => {
      if (text.includes("pg_notify")) notices.push(values[1]);
      return query(text, values);
    };
    const listen = () => Promise.resolve(() => {});
    const told = await PostgresStore.open({ query: spied, clock, listen, schema: "told" });

    await told.create(sampleRun("a"));
    await told.create(sampleRun("b"));
    await told.delete("b");
    await told.create(sampleRun("c"));
    clock.tick(50);
    await told.delete("a");
    await told.close();

    assertEquals(notices, ['{"a"}', '{"b","c"}', '{"a"}']);
    assertEquals(clock.pendingMs, []);
  });

  await t.step("a database that cannot be reached is an error that names the run", async () => {
    await db.close();

    const error = await assertRejects(() => store.load("r1"), StoreError, `Cannot load the state of run "r1": `);

    assertEquals([error.runId, error.cause instanceof Error], ["r1", true]);
  });
});

Deno.test("PostgresStore on a server", async (t) => {
  await using server = await PostgresServer.start();
  if (server === null) return;
  const pool = new Pool({ connectionString: server.url, max: 8 });
  const sql = postgres(server.url, { max: 8, onnotice: () => {} });
  const byPool: PostgresQuery = (text, values) => pool.query(text, values);
  const bySql: PostgresQuery = (text, values) => sql.unsafe(text, values);
  try {
    await t.step("open() by many at once makes the tables once", async () => {
      const opens = Array.from({ length: 16 }, (_, n) => PostgresStore.open({ query: n % 2 ? byPool : bySql }));

      await Promise.all(opens);

      const { rows } = await pool.query("SELECT version FROM stepstream_version");
      assertEquals(rows, [{ version: 1 }]);
    });

    for (const [driver, query] of Object.entries({ pg: byPool, postgres: bySql })) {
      await t.step(`with ${driver}`, async (t) => {
        const store = await PostgresStore.open({ query });
        for (const { name, run } of runStoreCases) await t.step(name, () => run(store));
      });
    }

    await t.step("claim() by four workers at once gives every run to one of them", async () => {
      const store = await PostgresStore.open({ query: byPool, schema: "claims" });
      const ids = Array.from({ length: 200 }, (_, n) => `r${n}`);
      await Promise.all(ids.map((runId) => store.create(sampleRun(runId))));
      const claimed: string[] = [];
      const work = async (query: PostgresQuery) => {
        const worker = await PostgresStore.open({ query, schema: "claims" });
        for (let rounds = 0; rounds < 200 && claimed.length < ids.length; rounds += 1) {
          const heads = await worker.claim({ limit: 7, until: NOW + 9, now: NOW });
          claimed.push(...heads.map(({ runId }) => runId));
        }
      };

      await Promise.all([byPool, bySql, byPool, bySql].map(work));

      assertEquals(claimed.sort(), ids.sort());
    });

    await t.step("delete() beside commits leaves no event behind", async () => {
      const store = await PostgresStore.open({ query: byPool, schema: "deletes" });
      const unchanged = {
        version: "1",
        status: "running",
        snapshot: null,
        record: "r",
        wakeAt: NOW,
        now: NOW,
      } as const;
      for (let n = 0; n < 20; n += 1) {
        await store.create(sampleRun("r"));
        const commit = { ...unchanged, runId: "r", revision: 1, createdAt: NOW, events: [{ seq: 1, text: "{}" }] };
        await Promise.all([store.commit(commit), store.delete("r")]);
      }

      const { rows } = await pool.query("SELECT 1 FROM deletes.stepstream_events");
      assertEquals(rows, []);
    });

    await t.step("onCommit() hears of the writes of another store", async () => {
      await using writer = await PostgresStore.open({
        query: byPool,
        schema: "bell",
        listen: () => Promise.resolve(() => {}),
      });
      const heard = Promise.withResolvers<string>();
      await using reader = await PostgresStore.open({
        query: bySql,
        schema: "bell",
        listen: async (channel, onNotify) => (await sql.listen(channel, onNotify)).unlisten,
      });
      reader.onCommit(heard.resolve);

      await writer.create(sampleRun("ring"));

      assertEquals(await heard.promise, "ring");
    });
  } finally {
    await Promise.all([pool.end(), sql.end()]);
  }
});

function sampleRun(runId: string): NewRun {
  return { runId, workflow: "w", version: "1", snapshot: "{}", events: [], wakeAt: NOW, now: NOW };
}
