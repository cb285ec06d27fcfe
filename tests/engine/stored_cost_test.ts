import { type Any, MemoryStore, type RunStore, Workflow } from "@stepstream/workflow";
import { assert, assertEquals } from "@std/assert";
import { laterTurn, readAll, typesOf } from "../tools/events.ts";
import { type Fate, FaultyStore } from "../tools/faulty_store.ts";
import { Gates } from "../tools/gates.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { headOf, storedEvents } from "../tools/stored_run.ts";

/** Counts what a run writes: its records and snapshots, and its events. */
function countingStore() {
  const store = new MemoryStore();
  const written = { state: 0, events: 0, snapshots: 0, commits: 0 };
  const counting: RunStore = {
    create: (run) => {
      written.state += run.snapshot.length;
      return store.create(run);
    },
    commit: (commit) => {
      written.commits += 1;
      written.state += (commit.record?.length ?? 0) + (commit.snapshot?.length ?? 0);
      written.snapshots += commit.snapshot === null ? 0 : 1;
      for (const { text } of commit.events) written.events += text.length;
      return store.commit(commit);
    },
    find: (runId) => store.find(runId),
    load: (runId) => store.load(runId),
    events: (...args) => store.events(...args),
    claim: (claim) => store.claim(claim),
    list: (query) => store.list(query),
    delete: (runId) => store.delete(runId),
  };
  return { store, counting, written };
}

/** What a run has to load to go on. */
async function loadedLength(store: RunStore): Promise<{ readonly snapshot: number; readonly records: number }> {
  const run = await store.load("r1");
  const records = run?.records.reduce((sum, { text }) => sum + text.length, 0) ?? 0;
  return { snapshot: run?.snapshot.length ?? 0, records };
}

Deno.test("A stored run with 10 000 tokens in its queue does not write them again with every step", async () => {
  const { store, counting, written } = countingStore();
  const workflow = new Workflow().add(
    {
      name: "fork",
      action: () => 1,
      decision: (_ctx, _result, enqueue) => {
        for (let item = 0; item < 10_000; item += 1) {
          enqueue.tail("work", { item, note: "some words that a token has" });
        }
      },
    },
    { name: "work", action: () => 1 },
  );

  await workflow.run("fork", 1, { store: counting, runId: "r1", captureTrace: false, maxSteps: Infinity });

  // A token is some 130 bytes in a snapshot, 80 in its record, and its outcome 60.
  const changed = 10_000 * (80 + 60);
  assert(written.state <= 4 * changed, `${written.state} of ${changed} in ${written.snapshots} snapshots`);
  assertEquals((await headOf(store, "r1")).status, "completed");
});

Deno.test("A stored run with a value of 1 MB in its context does not write it again with every step", async () => {
  const { counting, written } = countingStore();
  const workflow = new Workflow().add({
    name: "work",
    action: (ctx: Any, payload: number) => ctx.small = payload,
    decision: (_ctx, { value }, enqueue) => {
      if (value !== null && value < 5_000) enqueue.tail("work", value + 1);
    },
  });
  const context = { big: "x".repeat(1_000_000) };

  await workflow.run("work", 1, { store: counting, runId: "r1", context, maxSteps: Infinity });

  // The value once, and 5 000 records of some 90 bytes.
  const changed = 1_000_000 + 5_000 * 90;
  assert(written.state <= 4 * changed, `${written.state} of ${changed} in ${written.snapshots} snapshots`);
});

Deno.test("A stored run of 20 000 steps is loaded with its state and its last records only", async () => {
  const { store, counting, written } = countingStore();
  const workflow = new Workflow().add({
    name: "work",
    action: (_ctx, payload: number) => payload,
    decision: (_ctx, { value }, enqueue) => {
      if (value !== null && value < 20_000) enqueue.tail("work", value + 1);
    },
  });

  await workflow.run("work", 1, { store: counting, runId: "r1", maxSteps: Infinity, captureTrace: false });

  const { snapshot, records } = await loadedLength(store);
  assert(snapshot < 1_000, `${snapshot}`);
  assert(records <= 64 * 1024, `${records}`);
  assert(written.snapshots < 40, `${written.snapshots} snapshots`);
});

Deno.test("A step of a stored run whose work is synchronous costs one commit", async () => {
  const { counting, written } = countingStore();
  const workflow = new Workflow().add({
    name: "work",
    action: (_ctx, payload: number, log) => {
      log.event("a");
      return payload;
    },
    decision: (_ctx, { value }, enqueue) => {
      if (value !== null && value < 100) enqueue.tail("work", value + 1);
    },
  });

  await workflow.run("work", 1, { store: counting });

  assert(written.commits <= 102, `${written.commits} commits`);
});

Deno.test("A stored run stands still at a step boundary while its reader does not read, and nothing is committed", async () => {
  const store = new MemoryStore();
  const faulty = new FaultyStore(store, () => "answered");
  let done = 0;
  const workflow = new Workflow().add(
    {
      name: "fork",
      action: () => 1,
      decision: (_ctx, _result, enqueue) => {
        for (let item = 0; item < 50; item += 1) enqueue.tail("work", item);
      },
    },
    { name: "work", action: async () => (await undefined, done += 1) },
  );

  for (const concurrency of [1, 4]) {
    done = 0;
    const runId = `r${concurrency}`;
    const stream = workflow.stream("fork", 1, { store: faulty, runId, concurrency });
    let last = await stream.next();
    while (last.value?.type !== "step.result") last = await stream.next();
    await stream.next();
    await laterTurn();
    const calls = faulty.calls.length;
    const doneThen = done;
    await laterTurn();
    await laterTurn();

    assertEquals([faulty.calls.length, done], [calls, doneThen]);
    assert(done <= concurrency, `${done} steps were done for one event`);
    await stream.return();
  }
});

Deno.test("Logs of a stored run beyond maxBufferedEvents are dropped and counted while a write hangs", async () => {
  const store = new MemoryStore();
  const gates = new Gates();
  let commits = 0;
  const faulty = new FaultyStore(store, async ({ method }): Promise<Fate> => {
    if (method === "commit" && commits++ === 0) await gates.wait("commit");
    return "answered";
  });
  const workflow = new Workflow().add({
    name: "a",
    action: async (_ctx, _payload, log) => {
      for (let turn = 0; turn < 50; turn += 1) {
        for (let index = 0; index < 20; index += 1) log.event("loud", index);
        await undefined;
      }
      await gates.wait("action");
    },
  });

  const reading = readAll(workflow.stream("a", 1, { store: faulty, runId: "r1", maxBufferedEvents: 10 }));
  while (gates.waiting.length < 2) await laterTurn();
  gates.openAll();
  const { items, failure } = await reading;

  const logs = items.filter(({ type }) => type === "step.log").length;
  const dropped = items.flatMap((event) => event.type === "step.result" ? [event.droppedLogs] : []);
  assertEquals([failure, logs + (dropped[0] ?? 0)], [null, 1_000]);
  assert(logs <= 40, `${logs} logs were kept`);
  assertEquals((await storedEvents(store, "r1")).length, items.length);
});

Deno.test("A generator of a stored run is not pulled while a write hangs and so much waits for it", async () => {
  const store = new MemoryStore();
  const gates = new Gates();
  let commits = 0;
  const faulty = new FaultyStore(store, async ({ method }): Promise<Fate> => {
    if (method === "commit" && commits++ === 0) await gates.wait("commit");
    return "answered";
  });
  let pulled = 0;
  const workflow = new Workflow().add({
    name: "a",
    action: function* () {
      for (; pulled < 500; pulled += 1) yield pulled;
    },
  });

  const running = workflow.run("a", 1, { store: faulty, runId: "r1", maxBufferedEvents: 8 });
  for (let turns = 0; turns < 5; turns += 1) await laterTurn();
  const pulledThen = pulled;
  gates.openAll();
  await running;

  assert(pulledThen <= 24, `${pulledThen} chunks wait`);
  assertEquals(typesOf(await storedEvents(store, "r1")).filter((type) => type === "step.chunk").length, 500);
});

Deno.test("A stored run tells nothing that is not committed", async () => {
  const store = new MemoryStore();
  const gates = new Gates();
  const clock = new ManualClock();
  const faulty = new FaultyStore(store, async ({ method }): Promise<Fate> => {
    if (method === "commit") await gates.wait("commit");
    return "answered";
  });
  const workflow = new Workflow().add({ name: "a", action: (_ctx, _payload, log) => void log.event("here") });
  const seen: number[] = [];
  const reading = (async () => {
    for await (const { seq } of workflow.stream("a", 1, { store: faulty, runId: "r1", clock })) {
      seen.push(seq);
      assert(seq <= (await headOf(store, "r1")).lastSeq);
    }
  })();

  for (let turns = 0; turns < 10; turns += 1) {
    await laterTurn();
    assertEquals(seen.length, (await headOf(store, "r1")).lastSeq);
    if (gates.waiting.length > 0) gates.openAll();
  }
  await reading;

  assertEquals(seen, [1, 2, 3, 4, 5]);
});

Deno.test("A run that is left and resumed again and again keeps few records, and does not write its state at each", async () => {
  const store = new MemoryStore();
  let snapshots = 0;
  const counting: FaultyStore = new FaultyStore(store, ({ commit }): Fate => {
    if (commit !== null && commit.snapshot !== null) snapshots += 1;
    return "answered";
  });
  const workflow = new Workflow<{ count: number }, Any>().add({
    name: "count",
    action: (_ctx, count) => count + 1,
    decision: (_ctx, { value }, enqueue) => enqueue.tail("count", value ?? 0),
  });
  const leaveAfterStep = async (stream: AsyncIterable<{ readonly type: string }>): Promise<void> => {
    for await (const { type } of stream) if (type === "step.result") break;
  };

  const context = { big: "x".repeat(200_000) };
  await leaveAfterStep(workflow.stream("count", 0, { store: counting, runId: "r1", context }));
  for (let times = 0; times < 3_000; times += 1) await leaveAfterStep(workflow.resume("r1", { store: counting }));

  const loaded = await store.load("r1");
  const length = loaded?.records.reduce((sum, { text }) => sum + text.length, 0) ?? NaN;
  assert(length <= 200_000 + 64 * 1024, `${length} characters of records`);
  assert(snapshots <= 2, `${snapshots} snapshots`);
});
