import {
  EventsGoneError,
  MemoryStore,
  StoreError,
  UnknownRunError,
  Workflow,
  type WorkflowEvent,
} from "@stepstream/workflow";
import { Runner } from "@stepstream/workflow/runner";
import { assertEquals, assertInstanceOf, assertLess, assertRejects, assertThrows } from "@std/assert";
import { laterTurn, readAll, stateOf, typesOf } from "../tools/events.ts";
import { heapInUse } from "../tools/heap.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { BENCH_STORES, replaced, RunnerBench } from "./runner_bench.ts";

const WAITING = ["run.start", "step.start", "step.log"];
const ALL = [...WAITING, "step.log", "step.result", "run.end"];

for (const { kind, open } of BENCH_STORES) {
  Deno.test(`Runner.follow() gives what there is and then what comes, up to run.end (${kind})`, async () => {
    using opened = await open();
    await using bench = new RunnerBench(opened);
    await bench.runner.start("work", "wait", "gate", { runId: "r1" });
    await laterTurn();

    const reader = bench.runner.follow("r1");
    const past = [await reader.next(), await reader.next(), await reader.next()];
    const pending = reader.next();
    assertEquals(await stateOf(pending), "pending");
    bench.gates.open("gate");
    const { items, failure } = await readAll(reader);

    assertEquals(past.map(({ value }) => value?.type), WAITING);
    assertEquals(typesOf(items), ["step.result", "run.end"]);
    assertEquals((await pending).value?.seq, 4);
    assertEquals(failure, null);
    assertEquals(await reader.next(), { done: true, value: undefined });
  });

  Deno.test(`Runner.follow() gives a run that has ended whole, and the rest after any event (${kind})`, async () => {
    using opened = await open();
    await using bench = new RunnerBench(opened);
    await bench.runner.start("work", "count", 500, { runId: "r1" });
    const { items: live } = await readAll(bench.runner.follow("r1"));
    await laterTurn();

    const { items: whole } = await readAll(bench.runner.follow("r1"));

    assertEquals(whole, live);
    assertEquals(whole.map(({ seq }) => seq), Array.from({ length: 1_502 }, (_, i) => i + 1));
    for (const after of [0, 1, 255, 256, 257, 1_500, 1_501, 1_502, 9_999]) {
      assertEquals((await readAll(bench.runner.follow("r1", { after }))).items, whole.slice(after));
    }
  });

  Deno.test(`Runner.follow() gives a reader elsewhere the same, when it asks the store again (${kind})`, async () => {
    using opened = await open();
    await using here = new RunnerBench(opened);
    await using there = new RunnerBench(opened);
    await here.runner.start("work", "wait", "gate", { runId: "r1" });
    await laterTurn();

    const reading = readAll(there.runner.follow("r1"));
    await laterTurn();
    here.gates.open("gate");
    await laterTurn();
    there.clock.tick(500);

    const { items, failure } = await reading;
    assertEquals([typesOf(items), failure], [ALL, null]);
    assertEquals(items, (await readAll(here.runner.follow("r1"))).items);
    assertEquals(there.clock.pendingMs, []);
  });

  Deno.test(`Runner.follow() goes with a run from one runner to another and back (${kind})`, async () => {
    using opened = await open();
    await using here = new RunnerBench(opened);
    const { clock } = here;
    await using there = new RunnerBench({ ...opened, clock });
    await here.runner.start("work", "wait", "gate", { runId: "r1" });
    const readings = [readAll(here.runner.follow("r1")), readAll(there.runner.follow("r1"))];
    await laterTurn();

    await there.runner.recover({ isForced: true });
    await laterTurn();
    // Time enough for the one to notice that the other has the run.
    clock.tick(10_000);
    await laterTurn();
    clock.tick(1_000);
    await laterTurn();
    await here.runner.recover({ isForced: true });
    await laterTurn();
    here.gates.openAll();
    there.gates.openAll();
    for (let i = 0; i < 5; i += 1) {
      clock.tick(500);
      await laterTurn();
    }

    const [first, second] = await Promise.all(readings);
    assertEquals(first?.items, second?.items);
    assertEquals(first?.items.map(({ seq }) => seq), first?.items.map((_, i) => i + 1));
    assertEquals(typesOf(first?.items ?? []).filter((type) => type === "run.resume").length, 2);
    assertEquals(first?.items.at(-1)?.type, "run.end");
  });

  Deno.test(`Runner.follow() rejects for a run there is not, once (${kind})`, async () => {
    using opened = await open();
    await using bench = new RunnerBench(opened);
    const reader = bench.runner.follow("none");

    await assertRejects(() => reader.next(), UnknownRunError, `Cannot find run "none"`);

    assertEquals(await reader.next(), { done: true, value: undefined });
  });

  Deno.test(`Runner.follow() in steps: a thousand readers of one run get every event in order, though one stalls (${kind})`, async () => {
    using opened = await open();
    await using bench = new RunnerBench(opened);
    await bench.runner.start("work", "wait", "first", { runId: "r0" });
    await bench.runner.start("work", "talk", 3_000, { runId: "r1" });
    const stalled = bench.runner.follow("r1");
    await stalled.next();

    const readings = await Promise.all(Array.from({ length: 1_000 }, () => readSeqs(bench.runner.follow("r1"))));

    const all = Array.from({ length: 3_004 }, (_, i) => i + 1);
    for (const seqs of readings) {
      assertEquals(seqs.length === all.length && seqs.every((seq, i) => seq === i + 1), true);
    }
    assertEquals(await readSeqs(stalled), all.slice(1));
  });
}

Deno.test("Runner.follow() started before its run is at work elsewhere hears of a commit without waiting", async () => {
  const store = new MemoryStore();
  await using here = new RunnerBench({ store });
  await using there = new RunnerBench({ store });
  await here.runner.start("work", "wait", "gate", { runId: "r1" });
  const reading = readAll(there.runner.follow("r1"));
  await laterTurn();

  here.gates.open("gate");

  // The clock of this runner stands still: nothing but the store has told it.
  assertEquals(typesOf((await reading).items), ALL);
  assertEquals(there.clock.pendingMs, []);
});

Deno.test("Runner.follow() ends with the signal's reason, while it waits and before", async () => {
  await using bench = new RunnerBench();
  await bench.runner.start("work", "wait", "gate", { runId: "r1" });
  await laterTurn();
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = bench.runner.follow("r1", { signal });
  for (let i = 0; i < 3; i += 1) await waiting.next();
  const resting = bench.runner.follow("r1", { signal });
  const reason = new Error("enough");

  const pending = [waiting.next(), waiting.next()] as const;
  await laterTurn();
  controller.abort(reason);

  assertEquals(await assertRejects(() => pending[0]), reason);
  assertEquals(await pending[1], { done: true, value: undefined });
  assertEquals(await assertRejects(() => resting.next()), reason);
  assertEquals(await assertRejects(() => bench.runner.follow("r1", { signal }).next()), reason);
  assertEquals((await bench.runner.get("r1"))?.status, "running");
});

Deno.test("Runner.follow() leaves no listener on the signal, however it ends", async () => {
  await using bench = new RunnerBench();
  await bench.runner.start("work", "echo", 1, { runId: "r1" });
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners += 1;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners -= 1;
    removeEventListener.apply(signal, args);
  };

  await readAll(bench.runner.follow("r1", { signal }));
  await bench.runner.follow("r1", { signal }).return?.();
  await readAll(bench.runner.follow("none", { signal }));

  assertEquals(listeners, 0);
});

Deno.test("Runner.follow() is done at once for whoever leaves, while a next() waits", async () => {
  await using bench = new RunnerBench();
  await bench.runner.start("work", "wait", "gate", { runId: "r1" });
  await laterTurn();
  const reader = bench.runner.follow("r1", { after: 3 });
  const pending = [reader.next(), reader.next()];
  await laterTurn();

  const returned = await reader.return?.("mine");

  assertEquals(returned, { done: true, value: "mine" } as unknown as typeof returned);
  assertEquals(await Promise.all(pending), [{ done: true, value: undefined }, { done: true, value: undefined }]);
  assertEquals(await reader.next(), { done: true, value: undefined });
  assertEquals((await bench.runner.get("r1"))?.status, "running");
});

Deno.test("Runner.follow() leaves no timer and no listener of the store behind when it is left while the store is asked", async () => {
  const store = new MemoryStore();
  await using here = new RunnerBench({ store });
  await here.runner.start("work", "wait", "gate", { runId: "r1" });
  await laterTurn();
  const found = Promise.withResolvers<void>();
  const find: typeof store.find = async (runId) => {
    await found.promise;
    return await store.find(runId);
  };
  let listeners = 0;
  const onCommit: typeof store.onCommit = (listener) => {
    const stop = store.onCommit(listener);
    listeners += 1;
    return () => {
      listeners -= 1;
      stop();
    };
  };
  await using there = new RunnerBench({ store: replaced(store, { find, onCommit }) });
  const reader = there.runner.follow("r1", { after: 3 });
  const pending = reader.next();
  await laterTurn();

  await reader.return?.();
  found.resolve();
  await laterTurn();

  assertEquals(await pending, { done: true, value: undefined });
  assertEquals(there.clock.pendingMs, []);
  assertEquals(listeners, 0);
});

Deno.test("Runner.follow() answers those who ask at once in their turn", async () => {
  await using bench = new RunnerBench();
  await bench.runner.start("work", "wait", "gate", { runId: "r1" });
  const reader = bench.runner.follow("r1");

  const asked = Array.from({ length: 8 }, () => reader.next());
  await laterTurn();
  bench.gates.open("gate");

  const answers = await Promise.all(asked);
  assertEquals(answers.map(({ value }) => value?.type ?? null), [...ALL, null, null]);
});

Deno.test("Runner.follow() ends without run.end when the runner is closed, and is done at once afterwards", async () => {
  await using bench = new RunnerBench();
  await bench.runner.start("work", "hold", "gate", { runId: "r1" });
  const reading = readAll(bench.runner.follow("r1"));
  await laterTurn();

  const closing = bench.runner.close();
  bench.gates.open("gate");
  await closing;

  const { items, failure } = await reading;
  assertEquals([typesOf(items), failure], [["run.start", "step.start", "step.result", "run.suspend"], null]);
  assertEquals(await bench.runner.follow("r1").next(), { done: true, value: undefined });
});

Deno.test("Runner.follow() rejects with StoreError if the store fails, and with EventsGoneError where events are missing", async () => {
  const store = new MemoryStore();
  await using here = new RunnerBench({ store });
  await here.runner.start("work", "count", 100, { runId: "r1" });
  await laterTurn();
  const failing = replaced(store, { events: () => Promise.reject(new Error("gone")) });
  const forgetful = replaced(store, {
    events: async (runId, after, limit) => (await store.events(runId, after, limit)).filter(({ seq }) => seq > 5),
  });
  await using there = new RunnerBench({ store: failing });
  await using later = new RunnerBench({ store: forgetful });

  await assertRejects(() => there.runner.follow("r1").next(), StoreError);
  await assertRejects(() => later.runner.follow("r1").next(), EventsGoneError);
  const { items, failure } = await readAll(later.runner.follow("r1", { after: 5 }));

  assertEquals([items.length, failure], [297, null]);
});

Deno.test("Runner.follow() rejects when the run it waits for is deleted", async () => {
  const store = new MemoryStore();
  await using here = new RunnerBench({ store });
  await using there = new RunnerBench({ store });
  await here.runner.start("work", "wait", "gate", { runId: "r1" });
  await laterTurn();
  const reading = readAll(there.runner.follow("r1"));
  await laterTurn();

  await store.delete("r1");

  const { items, failure } = await reading;
  assertEquals(items.length, 3);
  assertInstanceOf(failure?.error, UnknownRunError);
});

Deno.test("Runner on the clock of the platform leaves no timer behind", async () => {
  const store = new MemoryStore();
  const workflow = new Workflow({ name: "w" }).add({ name: "s", action: () => laterTurn() });
  const [here, there] = [0, 1].map(() => new Runner({ workflows: [workflow], store, pollMs: 1 })) as [Runner, Runner];
  await here.recover();
  await there.recover();
  const { runId } = await here.start("w", "s");

  const readings = await Promise.all([here, there, here].map((runner) => readAll(runner.follow(runId))));
  await here.close();
  await there.close();

  // What is left is found by the sanitizers.
  assertEquals(readings.map(({ items }) => items.at(-1)?.type), ["run.end", "run.end", "run.end"]);
});

Deno.test("Runner.follow() refuses a place that there cannot be", () => {
  const { runner } = new RunnerBench();

  for (const after of [-1, 0.5, NaN, Infinity, 2 ** 53]) assertThrows(() => runner.follow("r1", { after }), RangeError);
});

Deno.test("Runner.follow() that nobody reads rejects nothing unhandled", async () => {
  using trap = new RejectionTrap();
  const controller = new AbortController();
  await using bench = new RunnerBench();
  const reader = bench.runner.follow("none", { signal: controller.signal });
  bench.runner.follow("none", { signal: controller.signal });

  const failing = reader.next().catch(() => "rejected");
  controller.abort(new Error("enough"));
  await laterTurn();

  assertEquals(await failing, "rejected");
  assertEquals(trap.reasons, []);
});

Deno.test("Runner.follow() holds no more of a long run than a page, however many events are read", async () => {
  await using bench = new RunnerBench();
  await bench.runner.start("work", "talk", 30_000, { runId: "r1" });
  await readSeqs(bench.runner.follow("r1"));
  await laterTurn();
  const before = heapInUse();
  let growth = 0;
  let last = 0;

  for await (const { seq, type } of bench.runner.follow("r1")) {
    if (type === "run.end") growth = heapInUse() - before;
    last = seq;
  }

  assertEquals(last, 30_004);
  assertLess(growth, 3_000_000);
});

Deno.test("Runner keeps no more than a few of the large events of a run at work", async () => {
  const store = new MemoryStore();
  // Nothing but the runner may keep what is told.
  const commit: typeof store.commit = (it) =>
    store.commit({ ...it, events: it.events.map(({ seq }) => ({ seq, text: "" })) });
  await using bench = new RunnerBench({ store: replaced(store, { commit }) });
  const before = heapInUse();

  await bench.runner.start("work", "shout", { length: 500_000, count: 60 }, { runId: "r1" });
  while (bench.gates.waiting.length === 0) await laterTurn();

  assertLess(heapInUse() - before, 10_000_000);
});

async function readSeqs(reader: AsyncIterable<WorkflowEvent>): Promise<number[]> {
  const seqs: number[] = [];
  for await (const { seq } of reader) seqs.push(seq);
  return seqs;
}

Deno.test("Runner.follow() after an event that the run does not have rejects, also while the run is at work", async () => {
  await using bench = new RunnerBench();
  await bench.runner.start("work", "wait", "gate", { runId: "r1" });
  await laterTurn();

  const reader = bench.runner.follow("r1", { after: 1_000 });

  await assertRejects(() => reader.next(), EventsGoneError, 'Cannot read the events of run "r1" after 1000');
});
