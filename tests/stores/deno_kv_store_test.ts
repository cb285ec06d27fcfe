import { type NewRun, type RunCommit, type StoredEvent, StoreError } from "@stepstream/workflow";
import { type DenoKvDatabase, DenoKvStore } from "@stepstream/workflow/stores/deno-kv";
import { runStoreCases } from "@stepstream/workflow/testing";
import { assertEquals, assertRejects } from "@std/assert";
import { TemporaryFolder } from "../tools/temporary_folder.ts";

const NOW = 1_800_000_000_000;

for (const { name, run } of runStoreCases) {
  Deno.test(`DenoKvStore: ${name}`, async () => {
    using kv = await Deno.openKv(":memory:");

    await run(await DenoKvStore.open(kv));
  });
}

Deno.test("DenoKvStore on a file keeps every promise of a store, with runs of others in it", async () => {
  await using folder = await TemporaryFolder.create();
  using kv = await Deno.openKv(`${folder.path}/runs.db`);
  const store = await DenoKvStore.open(kv);

  for (const { run } of runStoreCases) await run(store);
});

Deno.test("DenoKvStore.open() finds what another handle of the file has stored", async () => {
  await using folder = await TemporaryFolder.create();
  const path = `${folder.path}/runs.db`;
  using first = await Deno.openKv(path);
  await (await DenoKvStore.open(first)).create(sampleRun("r1"));

  using second = await Deno.openKv(path);
  const store = await DenoKvStore.open(second);

  assertEquals((await store.load("r1"))?.snapshot, "{}");
});

Deno.test("DenoKvStore.open() refuses a schema of another version", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(["stepstream", "version"], 2);

  await assertRejects(
    () => DenoKvStore.open(kv),
    StoreError,
    "Cannot open the store: its schema has version 2, and this package knows version 1",
  );
});

Deno.test("DenoKvStore.open() refuses a prefix that leaves a key no room", async () => {
  using kv = await Deno.openKv(":memory:");

  await assertRejects(
    () => DenoKvStore.open(kv, { prefix: ["a", "b".repeat(255)] }),
    RangeError,
    "Cannot open a store, because prefix is longer than 256 bytes: 260",
  );
});

Deno.test("DenoKvStore.open() says what it expects of a prefix that is something else", async () => {
  using kv = await Deno.openKv(":memory:");

  for (const prefix of ["runs", [1], null, {}]) {
    await assertRejects(
      () => Reflect.apply(DenoKvStore.open, DenoKvStore, [kv, { prefix }]),
      TypeError,
      "Cannot open a store: expected prefix to be an array of strings: ",
    );
  }
});

Deno.test("DenoKvStore: stores with prefixes of their own share a database", async () => {
  using kv = await Deno.openKv(":memory:");
  const [one, other] = [await DenoKvStore.open(kv, { prefix: ["one"] }), await DenoKvStore.open(kv)];

  await one.create(sampleRun("r1"));

  assertEquals(await other.find("r1"), null);
  assertEquals((await one.list({ limit: 9 })).map(({ runId }) => runId), ["r1"]);
});

Deno.test("DenoKvStore: an id and a prefix of the greatest length fit into every key", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = await DenoKvStore.open(kv, { prefix: ["p".repeat(254)] });
  const run = sampleRun("長".repeat(512));
  const long = "x".repeat(900_000);

  await store.create({ ...run, snapshot: long, events: [{ seq: 1, text: long }] });
  for (let revision = 1; revision <= 200; revision += 1) await store.commit(commitOf(run, revision, { record: "r" }));
  await store.commit(commitOf(run, 201, { snapshot: "s" }));
  const loaded = await store.load(run.runId);
  await store.delete(run.runId);

  assertEquals([loaded?.revision, loaded?.snapshot, loaded?.records], [202, "s", []]);
  assertEquals(await keysOf(kv), [["p".repeat(254), "version"]]);
});

Deno.test("DenoKvStore.create() refuses an id that has no key of its own, and there is no such run", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = await DenoKvStore.open(kv);

  await assertRejects(
    () => store.create(sampleRun("x".repeat(513))),
    StoreError,
    `xxx": its id is longer than 512 code units: 513`,
  );
  await assertRejects(() => store.create(sampleRun("\ud800")), StoreError, "its id holds half a surrogate pair");
  assertEquals(
    [await store.find("\ud800"), await store.load("\ud800"), await store.delete("\ud800")],
    [null, null, false],
  );
  assertEquals(
    [await store.events("\ud800", 0, 1), await store.claim({ runId: "\ud800", limit: 1, until: 1, now: 0 })],
    [[], []],
  );
});

Deno.test("DenoKvStore.create() takes an id with a NUL, and texts that are no UTF-8", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = await DenoKvStore.open(kv);
  const run = sampleRun("a\0b");

  await store.create({ ...run, snapshot: "\ud800 \0", events: [{ seq: 1, text: "\u0001\udfff" }] });

  assertEquals((await store.list({ limit: 9 })).map(({ runId }) => runId), ["a\0b"]);
  assertEquals((await store.load("a\0b"))?.snapshot, "\ud800 \0");
  assertEquals(await store.events("a\0b", 0, 9), [{ seq: 1, text: "\u0001\udfff" }]);
});

Deno.test("DenoKvStore.commit() packs many small events into few values", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = await DenoKvStore.open(kv);
  const run = sampleRun("r1");
  await store.create({ ...run, events: [] });

  await store.commit(commitOf(run, 1, { events: eventsOf(1, 5000) }));

  const pages = (await keysOf(kv)).filter((key) => key.includes("event"));
  assertEquals(pages.length < 5, true);
  assertEquals(await store.events("r1", 4321, 2), eventsOf(4322, 4323));
});

Deno.test("DenoKvStore.commit() keeps texts around the longest value of Deno KV", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = await DenoKvStore.open(kv);

  for (const length of [65_531, 65_532, 65_533, 65_536, 65_537, 131_072, 131_073]) {
    const run = sampleRun(`r${length}`);
    const text = "x".repeat(length);
    await store.create({ ...run, snapshot: text, events: [{ seq: 1, text }] });
    await store.commit(commitOf(run, 1, { record: text, events: [{ seq: 2, text }, { seq: 3, text: "y" }] }));

    const loaded = await store.load(run.runId);
    assertEquals([loaded?.snapshot === text, loaded?.records[0]?.text === text], [true, true], `${length}`);
    const events = [{ seq: 1, text }, { seq: 2, text }, { seq: 3, text: "y" }];
    assertEquals(await store.events(run.runId, 0, 9), events);
  }
});

Deno.test("DenoKvStore.commit() takes more than one atomic write holds, and a later snapshot removes it", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = await DenoKvStore.open(kv);
  const run = sampleRun("r1");
  const long = "é".repeat(1_000_000);
  const events = Array.from({ length: 40 }, (_, index) => ({ seq: index + 1, text: `${index}`.repeat(30_000) }));
  await store.create({ ...run, snapshot: long, events });
  await store.commit(commitOf(run, 1, { record: long }));
  await store.commit(commitOf(run, 2, { record: "small" }));
  const before = await store.load("r1");

  await store.commit(commitOf(run, 3, { snapshot: "s" }));

  const records = [{ revision: 2, text: long }, { revision: 3, text: "small" }];
  assertEquals([before?.snapshot === long, before?.records], [true, records]);
  assertEquals(await store.events("r1", 0, 99), events);
  assertEquals((await keysOf(kv)).filter((key) => key.includes("snapshot") || key.includes("record")).length, 1);
});

Deno.test("DenoKvStore.commit() with a snapshot removes the records, however many there are", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = await DenoKvStore.open(kv);
  const run = sampleRun("r1");
  await store.create(run);
  for (let revision = 1; revision <= 700; revision += 1) await store.commit(commitOf(run, revision, { record: "r" }));

  await store.commit(commitOf(run, 701, { snapshot: "s" }));

  assertEquals((await keysOf(kv)).filter((key) => key.includes("record")), []);
});

Deno.test("DenoKvStore.commit() that is fenced off leaves none of its pieces", async () => {
  using kv = await Deno.openKv(":memory:");
  const [mine, other] = [await DenoKvStore.open(kv), await DenoKvStore.open(kv)];
  const run = sampleRun("r1");
  await mine.create(run);
  await other.claim({ runId: "r1", isForced: true, limit: 1, until: NOW + 9, now: NOW });
  const before = await keysOf(kv);

  // The first store remembers the head from before the claim, so that it finds out only when all pieces are written.
  const answer = await mine.commit(commitOf(run, 1, { snapshot: "x".repeat(2_000_000) }));

  assertEquals(answer, false);
  assertEquals(await keysOf(kv), before);
});

Deno.test("DenoKvStore.commit() to a run that was deleted and created again goes by what is there", async () => {
  using kv = await Deno.openKv(":memory:");
  const [mine, other] = [await DenoKvStore.open(kv), await DenoKvStore.open(kv)];
  const run = sampleRun("r1");
  await mine.create(run);
  await other.delete("r1");
  await other.create({ ...run, snapshot: "again" });

  const answer = await mine.commit(commitOf(run, 1, { record: "r" }));

  const loaded = await other.load("r1");
  assertEquals([answer, loaded?.snapshot, loaded?.records], [true, "again", [{ revision: 2, text: "r" }]]);
});

Deno.test("DenoKvStore.create() that comes second leaves none of its pieces", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = await DenoKvStore.open(kv);
  const run = sampleRun("r1");
  await store.create(run);
  const before = await keysOf(kv);

  const answer = await store.create({ ...run, snapshot: "x".repeat(2_000_000) });

  assertEquals(answer, false);
  assertEquals(await keysOf(kv), before);
});

Deno.test("DenoKvStore.delete() removes all of a run", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = await DenoKvStore.open(kv);
  const run = sampleRun("r1");
  await store.create({ ...run, snapshot: "x".repeat(2_000_000) });
  await store.commit(commitOf(run, 1, { record: "y".repeat(100_000), events: eventsOf(1, 3000) }));

  await store.delete("r1");

  assertEquals(await keysOf(kv), [["stepstream", "version"]]);
});

Deno.test("DenoKvStore.delete() removes what a create() or a delete() left that was cut off", async () => {
  using kv = await Deno.openKv(":memory:");
  const run = { ...sampleRun("r1"), snapshot: "x".repeat(2_000_000) };
  const cutOff = await DenoKvStore.open(cutAfter(kv, 4));
  await assertRejects(() => cutOff.create(run), StoreError, 'Cannot store the start of run "r1": Error: cut off');
  const store = await DenoKvStore.open(kv);
  await store.create(run);
  const cutOffLater = await DenoKvStore.open(cutAfter(kv, 1));
  await assertRejects(() => cutOffLater.delete("r1"), StoreError, "cut off");

  const answer = await store.delete("r1");

  assertEquals(answer, false);
  assertEquals(await keysOf(kv), [["stepstream", "version"]]);
});

Deno.test("DenoKvStore.create() begins anew if a delete() removes its pieces before it is done", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = await DenoKvStore.open(kv);
  let commits = 0;
  const meddled = await DenoKvStore.open(beforeCommit(kv, async () => {
    commits += 1;
    if (commits === 5) await store.delete("r1");
  }));
  const text = "x".repeat(2_000_000);

  const answer = await meddled.create({ ...sampleRun("r1"), snapshot: text });

  assertEquals([answer, (await store.load("r1"))?.snapshot === text], [true, true]);
});

Deno.test("DenoKvStore.load() gives one state as a whole while another store commits", async () => {
  using kv = await Deno.openKv(":memory:");
  const [writer, reader] = [await DenoKvStore.open(kv), await DenoKvStore.open(kv)];
  const run = sampleRun("r1");
  await writer.create({ ...run, snapshot: "1" });
  let isWriting = true;
  const write = async () => {
    for (let revision = 1; revision <= 300; revision += 1) {
      const text = `${revision + 1}${" ".repeat(revision % 10 === 0 ? 70_000 : 0)}`;
      const change = revision % 5 === 0 ? { snapshot: text } : { record: text };
      await writer.commit(commitOf(run, revision, change));
    }
    isWriting = false;
  };
  const writing = write();

  while (isWriting) {
    const { revision = 0, snapshot = "", records = [] } = await reader.load("r1") ?? {};
    const numbers = [snapshot, ...records.map(({ text }) => text)].map((text) => Number(text));
    assertEquals(numbers, numbers.map((_, index) => revision - numbers.length + 1 + index));
  }
  await writing;
});

Deno.test("DenoKvStore names the run and the record that is not there as it was written", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = await DenoKvStore.open(kv);
  const run = sampleRun("r1");
  await store.create({ ...run, events: eventsOf(1, 3) });
  await store.commit(commitOf(run, 1, { record: "x".repeat(70_000), events: eventsOf(4, 6) }));
  const tear = async (part: string, value: unknown) => {
    for await (const { key } of kv.list({ prefix: ["stepstream", "data"] })) {
      if (!key.includes(part) || key.includes(1)) continue;
      if (value === null) await kv.delete(key);
      else await kv.set(key, value);
    }
  };

  await tear("chunk", null);
  await assertRejects(
    () => store.load("r1"),
    StoreError,
    `Cannot read record 2 of run "r1": piece 1 of 2 is not there as it was written`,
  );
  await tear("record", new Uint8Array([0xff]));
  await assertRejects(() => store.load("r1"), StoreError, `Cannot read record 2 of run "r1": TypeError`);
  await tear("event", new Uint8Array([0, 0, 0, 9, 1]));
  await assertRejects(
    () => store.events("r1", 0, 9),
    StoreError,
    `Cannot read events 4 of run "r1": RangeError: event 4 is cut off`,
  );
  await tear("event", null);
  await assertRejects(() => store.events("r1", 0, 9), StoreError, `Cannot read event 4 of run "r1": there is none`);
  await kv.set(["stepstream", "run", "r1"], { workflow: "w" });
  await assertRejects(() => store.find("r1"), StoreError, `Cannot read the head of run "r1"`);
});

const EDITS: readonly Readonly<Record<string, unknown>>[] = [
  { status: "on hold" },
  { createdAt: NaN },
  { wakeAt: NaN },
  { revision: -1 },
  { lastSeq: -1 },
];

for (const edit of EDITS) {
  Deno.test(`DenoKvStore takes over and lists the other runs beside a head with ${Object.entries(edit).join()}`, async () => {
    using kv = await Deno.openKv(":memory:");
    const store = await DenoKvStore.open(kv);
    for (const runId of ["r1", "r2", "r3"]) await store.create(sampleRun(runId));
    const { value } = await kv.get(["stepstream", "run", "r1"]);
    await kv.set(["stepstream", "run", "r1"], Object.assign({}, value, edit));

    const listed = await store.list({ limit: 2 });
    const claimed = await store.claim({ limit: 2, until: NOW + 9, now: NOW });

    assertEquals(listed.map(({ runId }) => runId), ["r3", "r2"]);
    assertEquals(claimed.map(({ runId }) => runId), ["r2", "r3"]);
    await assertRejects(
      () => store.claim({ runId: "r1", limit: 1, until: NOW + 9, now: NOW }),
      StoreError,
      `Cannot read the head of run "r1"`,
    );
  });
}

Deno.test("DenoKvStore names the run that the database could not be reached for", async () => {
  const kv = await Deno.openKv(":memory:");
  const store = await DenoKvStore.open(kv);
  kv.close();

  const error = await assertRejects(() => store.load("r1"), StoreError, `Cannot load the state of run "r1": `);

  assertEquals(error.runId, "r1");
  assertEquals(error.cause instanceof Error, true);
});

Deno.test("DenoKvStore.onCommit() tells of what this store writes", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = await DenoKvStore.open(kv);
  const heard: string[] = [];
  const stop = store.onCommit((runId) => void heard.push(runId));
  const run = sampleRun("r1");

  await store.create(run);
  await store.commit(commitOf(run, 1));
  await store.commit(commitOf(run, 1));
  await store.claim({ limit: 1, until: NOW + 9, now: NOW });
  await store.delete("r1");
  stop();
  await store.create(run);

  assertEquals(heard, ["r1", "r1", "r1", "r1"]);
});

function sampleRun(runId: string): NewRun {
  return { runId, workflow: "w", version: "1", snapshot: "{}", events: [], wakeAt: NOW, now: NOW };
}

function commitOf({ runId }: NewRun, revision: number, change: Partial<RunCommit> = {}): RunCommit {
  const unchanged = { record: null, snapshot: null, events: [], version: "1", status: "running" } as const;
  return { ...unchanged, runId, revision, createdAt: NOW, wakeAt: NOW, now: NOW, ...change };
}

function eventsOf(first: number, last: number): readonly StoredEvent[] {
  return Array.from(
    { length: last - first + 1 },
    (_, index) => ({ seq: first + index, text: `{"n":${first + index}}` }),
  );
}

async function keysOf(kv: Deno.Kv): Promise<Deno.KvKey[]> {
  const keys: Deno.KvKey[] = [];
  for await (const { key } of kv.list({ prefix: [] })) keys.push(key);
  return keys;
}

/** The database, with something that happens before each atomic write. */
function beforeCommit(kv: Deno.Kv, meddle: () => Promise<void>): DenoKvDatabase {
  const atomic = () => {
    const operation = kv.atomic();
    const commit = operation.commit.bind(operation);
    operation.commit = async () => {
      await meddle();
      return await commit();
    };
    return operation;
  };
  return { get: kv.get.bind(kv), getMany: kv.getMany.bind(kv), list: kv.list.bind(kv), atomic };
}

/** The database, which a process is cut off from after some atomic writes. */
function cutAfter(kv: Deno.Kv, writes: number): DenoKvDatabase {
  let left = writes;
  return beforeCommit(kv, () => {
    left -= 1;
    return left < 0 ? Promise.reject(new Error("cut off")) : Promise.resolve();
  });
}
