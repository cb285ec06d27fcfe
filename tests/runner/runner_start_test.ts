import {
  MemoryStore,
  PayloadError,
  RunConflictError,
  SerializationError,
  type StandardSchema,
  StoreError,
  systemClock,
  UnknownStepError,
  UnknownWorkflowError,
  Workflow,
} from "@stepstream/workflow";
import { Runner } from "@stepstream/workflow/runner";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { laterTurn, readAll, typesOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { BENCH_STORES, replaced, RunnerBench } from "./runner_bench.ts";

for (const { kind, open } of BENCH_STORES) {
  Deno.test(`Runner.start() settles once the run is in the store, and the run goes on without a reader (${kind})`, async () => {
    using opened = await open();
    await using bench = new RunnerBench(opened);

    const started = await bench.runner.start("work", "count", 3, { runId: "r1" });

    assertEquals(started, { runId: "r1", isNew: true });
    assertEquals((await bench.store.find("r1"))?.workflow, "work");
    await laterTurn();
    assertEquals((await bench.store.find("r1"))?.status, "completed");
    assertEquals(bench.attempts, ["r1/1 1", "r1/2 1", "r1/3 1"]);
    assertEquals(bench.runner.activeRuns, 0);
  });

  Deno.test(`Runner.start() of an id that is there starts nothing, at work or ended (${kind})`, async () => {
    using opened = await open();
    await using bench = new RunnerBench(opened);
    await bench.runner.start("work", "wait", "gate", { runId: "r1" });
    await laterTurn();

    const atWork = await bench.runner.start("work", "wait", "gate", { runId: "r1" });
    bench.gates.open("gate");
    await laterTurn();
    const ended = await bench.runner.start("work", "wait", "gate", { runId: "r1" });

    assertEquals([atWork, ended], [{ runId: "r1", isNew: false }, { runId: "r1", isNew: false }]);
    assertEquals(bench.attempts, ["r1/1 1"]);
    assertEquals(bench.errors, []);
  });

  Deno.test(`Runner.start() twice at once with one id starts one run (${kind})`, async () => {
    using opened = await open();
    await using here = new RunnerBench(opened);
    await using there = new RunnerBench(opened);
    const start = ({ runner }: RunnerBench) => runner.start("work", "wait", "gate", { runId: "r1" });

    const started = await Promise.all([start(here), start(here), start(there), start(there)]);

    assertEquals(started.map(({ runId }) => runId), ["r1", "r1", "r1", "r1"]);
    assertEquals(started.filter(({ isNew }) => isNew).length, 1);
    await laterTurn();
    assertEquals([...here.attempts, ...there.attempts], ["r1/1 1"]);
    assertEquals(here.runner.activeRuns + there.runner.activeRuns, 1);
    assertEquals([...here.errors, ...there.errors], []);
  });

  Deno.test(`Runner.start() of a taken id with another start or payload rejects (${kind})`, async () => {
    using opened = await open();
    await using bench = new RunnerBench(opened);
    await bench.runner.start("work", "echo", { a: 1, b: [2] }, { runId: "r1" });

    await assertRejects(() => bench.runner.start("work", "count", { a: 1, b: [2] }, { runId: "r1" }), RunConflictError);
    await assertRejects(() => bench.runner.start("work", "echo", { a: 1, b: [3] }, { runId: "r1" }), RunConflictError);
    await assertRejects(() => bench.runner.start("work", "echo", undefined, { runId: "r1" }), RunConflictError);

    assertEquals(bench.attempts, ["r1/1 1"]);
  });
}

Deno.test("Runner.start() takes the same payload with its keys in another order for the same", async () => {
  await using bench = new RunnerBench();
  await bench.runner.start("work", "echo", { a: 1, b: { c: 2, d: 3 } }, { runId: "r1" });

  const { isNew } = await bench.runner.start("work", "echo", { b: { d: 3, c: 2 }, a: 1 }, { runId: "r1" });

  assertEquals(isNew, false);
});

Deno.test("Runner.start() of a taken id with another workflow rejects", async () => {
  const store = new MemoryStore();
  const workflows = ["a", "b"].map((name) => new Workflow({ name }).add({ name: "s", action: () => 1 }));
  await using runner = new Runner({ workflows, store });
  await runner.start("a", "s", 1, { runId: "r1" });

  const error = await assertRejects(() => runner.start("b", "s", 1, { runId: "r1" }), RunConflictError);

  assertEquals(error.message, `Cannot start run "r1": there is one of workflow "a"`);
});

Deno.test("Runner.start() rejects names there are not", async () => {
  await using bench = new RunnerBench();

  await assertRejects(() => bench.runner.start("play", "echo"), UnknownWorkflowError);
  await assertRejects(() => bench.runner.start("work", "rest"), UnknownStepError);

  assertEquals(await bench.runner.list(), []);
  assertEquals(bench.runner.activeRuns, 0);
});

Deno.test("Runner.start() rejects a payload or a context that is not JSON, of a new run and of one there is", async () => {
  await using bench = new RunnerBench();
  await bench.runner.start("work", "echo", 1, { runId: "r1" });
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);

  const words = 'payload[0] of step "echo"';
  await assertRejects(() => bench.runner.start("work", "echo", cyclic), SerializationError, words);
  await assertRejects(() => bench.runner.start("work", "echo", cyclic, { runId: "r1" }), SerializationError, words);
  await assertRejects(() => bench.runner.start("work", "echo", 1, { context: { cyclic } }), SerializationError);

  assertEquals((await bench.runner.list()).length, 1);
  assertEquals(bench.errors, []);
});

Deno.test("Runner.start() rejects a payload that the step's schema refuses, at once or later", async () => {
  const issues = [{ message: "no" }];
  const refuse = (result: unknown): StandardSchema<number> => ({
    "~standard": { version: 1, vendor: "test", validate: () => result as { issues: typeof issues } },
  });
  const workflow = new Workflow({ name: "checked" }).add(
    { name: "now", input: refuse({ issues }), action: () => 1 },
    { name: "later", input: refuse(Promise.resolve({ issues })), action: () => 1 },
  );
  const store = new MemoryStore();
  await using runner = new Runner({ workflows: [workflow], store });

  await assertRejects(() => runner.start("checked", "now", 1), PayloadError);
  await assertRejects(() => runner.start("checked", "later", 1), PayloadError);

  assertEquals(await runner.list(), []);
  assertEquals(runner.activeRuns, 0);
});

Deno.test("Runner.start() rejects with StoreError if the store fails, and keeps nothing of the run", async () => {
  const failed = () => Promise.reject(new Error("the disk is full"));
  await using bench = new RunnerBench({ store: replaced(new MemoryStore(), { create: failed }) });

  await assertRejects(() => bench.runner.start("work", "echo", 1, { runId: "r1" }), StoreError);

  assertEquals(bench.runner.activeRuns, 0);
  assertEquals(bench.errors, []);
});

Deno.test("Runner.start() gives the run its context", async () => {
  const workflow = new Workflow({ name: "greet" }).add({ name: "greet", action: (ctx) => `Hello, ${ctx.name}` });
  await using runner = new Runner({ workflows: [workflow], store: new MemoryStore() });

  const { runId } = await runner.start("greet", "greet", null, { context: { name: "Ada" } });

  const { items } = await readAll(runner.follow(runId));
  const result = items.find((event) => event.type === "step.result");
  assertEquals(result?.type === "step.result" && result.result, { ok: true, value: "Hello, Ada", error: null });
});

Deno.test("Runner tells onError of a run whose store fails while it is at work, and lets go of it", async () => {
  const store = new MemoryStore();
  let isFull = false;
  const commit: typeof store.commit = (it) => isFull ? Promise.reject(new Error("full")) : store.commit(it);
  await using bench = new RunnerBench({ store: replaced(store, { commit }) });
  await bench.runner.start("work", "wait", "gate", { runId: "r1" });
  await laterTurn();
  isFull = true;

  bench.gates.open("gate");
  await laterTurn();

  assertEquals(bench.errors, ["StoreError r1"]);
  assertEquals(bench.runner.activeRuns, 0);
  assertEquals((await store.find("r1"))?.status, "running");
});

Deno.test("Runner survives an onError that throws", async () => {
  const store = new MemoryStore();
  const commit = () => Promise.reject(new Error("full"));
  const workflow = new Workflow({ name: "w" }).add({ name: "s", action: () => 1 });
  const onError = () => {
    throw new Error("nobody hears this");
  };
  await using runner = new Runner({ workflows: [workflow], store: replaced(store, { commit }), onError });

  await runner.start("w", "s");
  await laterTurn();

  assertEquals(runner.activeRuns, 0);
});

Deno.test("Runner refuses two workflows of one name", () => {
  const workflows = [new Workflow({ name: "w" }), new Workflow({ name: "w" })];

  assertThrows(
    () => new Runner({ workflows, store: new MemoryStore() }),
    RangeError,
    `two workflows have the name "w"`,
  );
});

Deno.test("Runner refuses workflows and options of runs that are none", () => {
  const store = new MemoryStore();
  const refused: readonly (readonly [options: object, message: string])[] = [
    [{}, "Cannot take workflows: expected an array: undefined"],
    [{ workflows: { w: new Workflow() } }, "Cannot take workflows: expected an array: an object"],
    [{ workflows: [{ name: "w" }] }, "Cannot make a runner: expected workflows"],
    [{ workflows: [], runOptions: 5 }, "Cannot take runOptions: expected an object: 5"],
    [
      { workflows: [], runOptions: { concurrency: 0 } },
      "Cannot take concurrency: expected a whole number from 1 on: 0",
    ],
  ];

  for (const [options, message] of refused) {
    assertThrows(() => Reflect.construct(Runner, [{ store, ...options }]), Error, message);
  }
});

Deno.test("Runner refuses times that no timer can keep", () => {
  const store = new MemoryStore();
  for (const ms of [0, -1, NaN, Infinity, 2 ** 31]) {
    for (const name of ["leaseMs", "pollMs"]) {
      assertThrows(() => new Runner({ workflows: [], store, [name]: ms }), RangeError, name);
    }
  }
  assertThrows(() => new Runner({ workflows: [], store, recoverEveryMs: -1 }), RangeError, "recoverEveryMs");
});

Deno.test("Runner.get() and list() tell of runs without their state", async () => {
  await using bench = new RunnerBench();
  await bench.runner.start("work", "echo", 1, { runId: "r1" });
  bench.clock.tick(10);
  await bench.runner.start("work", "wait", "gate", { runId: "r2" });
  await laterTurn();

  const ended = await bench.runner.get("r1");

  assertEquals(ended, await bench.store.find("r1"));
  assertEquals(ended?.status, "completed");
  assertEquals(await bench.runner.get("none"), null);
  assertEquals((await bench.runner.list()).map(({ runId }) => runId), ["r2", "r1"]);
  assertEquals((await bench.runner.list({ status: "running" })).map(({ runId }) => runId), ["r2"]);
  assertEquals((await bench.runner.list({ limit: 1 })).map(({ runId }) => runId), ["r2"]);
  assertEquals((await bench.runner.list({ workflow: "play" })).length, 0);
});

Deno.test("Runner.list() answers 100 runs unless it is asked for more", async () => {
  await using bench = new RunnerBench();
  for (let i = 0; i < 120; i += 1) await bench.runner.start("work", "echo", i);

  assertEquals((await bench.runner.list()).length, 100);
  assertEquals((await bench.runner.list({ limit: 1_000 })).length, 120);
});

Deno.test("Runner.get() and list() reject with StoreError if the store fails", async () => {
  const failed = () => Promise.reject(new Error("gone"));
  await using bench = new RunnerBench({ store: replaced(new MemoryStore(), { find: failed, list: failed }) });

  await assertRejects(() => bench.runner.get("r1"), StoreError);
  await assertRejects(() => bench.runner.list(), StoreError);
});

Deno.test("Runner works on a thousand runs at once", async () => {
  await using bench = new RunnerBench();
  const runIds = Array.from({ length: 1_000 }, (_, i) => `r${i}`);

  await Promise.all(runIds.map((runId) => bench.runner.start("work", "wait", runId, { runId })));
  await laterTurn();
  assertEquals(bench.runner.activeRuns, 1_000);
  const readings = Promise.all(runIds.map((runId) => readAll(bench.runner.follow(runId))));
  bench.gates.openAll();

  const types = (await readings).map(({ items }) => typesOf(items).join(" "));
  assertEquals(new Set(types), new Set(["run.start step.start step.log step.log step.result run.end"]));
  await laterTurn();
  assertEquals(bench.runner.activeRuns, 0);
  assertEquals(bench.clock.pendingMs, []);
});

Deno.test("Runner.start() goes on with a run of the id that nobody works on", async () => {
  const store = new MemoryStore();
  const first = new RunnerBench({ store, runnerClock: systemClock });
  await first.runner.start("work", "hold", "gate", { runId: "r1" });
  await laterTurn();
  await first.runner.close({ timeoutMs: 0 });
  await using bench = new RunnerBench({ store, runnerClock: systemClock });

  const started = await bench.runner.start("work", "hold", "gate", { runId: "r1" });
  await laterTurn();
  bench.gates.openAll();
  await readAll(bench.runner.follow("r1"));

  assertEquals([started, (await store.find("r1"))?.status], [{ runId: "r1", isNew: false }, "completed"]);
});

Deno.test("Runner.start() of an id whose run it cannot go on with answers it, and tells onError why", async () => {
  const store = new MemoryStore();
  const clock = new ManualClock();
  const older = new RunnerBench({ store, clock });
  await older.runner.start("work", "hold", "gate", { runId: "r1" });
  await laterTurn();
  const closing = older.runner.close();
  older.gates.openAll();
  await closing;
  const left = await store.find("r1");
  await using newer = new RunnerBench({ store, clock, version: "2" });

  const started = await newer.runner.start("work", "hold", "gate", { runId: "r1" });

  assertEquals(started, { runId: "r1", isNew: false });
  assertEquals(newer.errors, ["VersionMismatchError r1"]);
  assertEquals(await store.find("r1"), left);
});

Deno.test("Runner.start() of an id whose run the store does not give rejects with StoreError", async () => {
  const store = new MemoryStore();
  const first = new RunnerBench({ store, runnerClock: systemClock });
  await first.runner.start("work", "hold", "gate", { runId: "r1" });
  await laterTurn();
  await first.runner.close({ timeoutMs: 0 });
  const load = () => Promise.reject(new Error("the connection was lost"));
  await using bench = new RunnerBench({ store: replaced(store, { load }), runnerClock: systemClock });

  await assertRejects(() => bench.runner.start("work", "hold", "gate", { runId: "r1" }), StoreError);

  assertEquals([bench.errors, bench.runner.activeRuns], [[], 0]);
});

Deno.test("Runner.start() of a run that was deleted while it was at work begins once the first has ended", async () => {
  await using bench = new RunnerBench();
  await bench.runner.start("work", "hold", "gate", { runId: "r1" });
  await laterTurn();
  await bench.store.delete("r1");

  const starting = bench.runner.start("work", "echo", 1, { runId: "r1" });
  for (let turns = 0; turns < 3; turns += 1) await laterTurn();
  bench.gates.openAll();

  assertEquals(await starting, { runId: "r1", isNew: true });
  await readAll(bench.runner.follow("r1"));
});

Deno.test("Runner that has a run which was deleted writes nothing to the one that was started anew", async () => {
  const store = new MemoryStore();
  const clock = new ManualClock();
  // A store that tells nobody of commits.
  await using there = new RunnerBench({ store: replaced(store, {}), clock });
  await there.runner.start("work", "hold", "old", { runId: "r1" });
  await laterTurn();
  await store.delete("r1");
  clock.tick(1);
  await using here = new RunnerBench({ store: replaced(store, {}), clock });
  await here.runner.start("work", "hold", "new", { runId: "r1" });
  await laterTurn();

  there.gates.openAll();
  await laterTurn();
  here.gates.openAll();
  const { items } = await readAll(here.runner.follow("r1"));

  const payloads = items.flatMap((event) => event.type === "step.result" ? [event.payload] : []);
  assertEquals([payloads, here.errors, there.errors], [["new", "new"], [], ["RunFencedError r1"]]);
});
