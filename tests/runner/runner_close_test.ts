import { type Any, MemoryStore, RunnerClosedError, RunReleasedError, type Step, Workflow } from "@stepstream/workflow";
import { Runner } from "@stepstream/workflow/runner";
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { laterTurn, readAll, stateOf, typesOf } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { storedEvents } from "../tools/stored_run.ts";
import { BENCH_STORES, replaced, RunnerBench } from "./runner_bench.ts";

for (const { kind, open } of BENCH_STORES) {
  Deno.test(`Runner.close() lets an action at work come to its end, stores that, and starts nothing more (${kind})`, async () => {
    using opened = await open();
    await using bench = new RunnerBench(opened);
    await bench.runner.start("work", "hold", "gate", { runId: "r1" });
    await laterTurn();

    const closing = bench.runner.close();
    assertEquals(await stateOf(closing), "pending");
    assertEquals(bench.gates.aborted, []);
    bench.gates.open("gate");
    await closing;

    const head = await opened.store.find("r1");
    assertEquals([head?.status, head?.wakeAt], ["suspended", 0]);
    const events = (await opened.store.events("r1", 0, 100)).map(({ text }) => JSON.parse(text));
    assertEquals(typesOf(events), ["run.start", "step.start", "step.result", "run.suspend"]);
    assertEquals([bench.attempts, bench.runner.activeRuns], [["r1/1 1"], 0]);
    assertEquals(bench.clock.pendingMs, []);
  });

  Deno.test(`Runner.close() aborts an action that does not come to its end in time, which is done again later (${kind})`, async () => {
    using opened = await open();
    const clock = new ManualClock();
    await using bench = new RunnerBench({ ...opened, clock });
    await bench.runner.start("work", "hold", "gate", { runId: "r1" });
    await laterTurn();

    const closing = bench.runner.close({ timeoutMs: 300 });
    await laterTurn();
    clock.tick(299);
    await laterTurn();
    assertEquals(bench.gates.aborted, []);
    clock.tick(1);
    await laterTurn();
    assertEquals(bench.gates.aborted, ["gate"]);
    clock.tick(1_000);
    await closing;

    assertEquals((await opened.store.find("r1"))?.status, "suspended");
    bench.gates.open("gate");
    await laterTurn();
    await using next = new RunnerBench({ ...opened, clock });
    assertEquals(await next.runner.recover(), 1);
    await laterTurn();
    assertEquals(next.attempts, ["r1/1 1"]);
    assertEquals(bench.errors, []);
  });
}

Deno.test("Runner.close() aborts with RunReleasedError", async () => {
  let reason: unknown;
  const workflow = new Workflow({ name: "w" }).add({
    name: "s",
    action: (_ctx, _payload, _log, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          reason = signal.reason;
          resolve(null);
        });
      }),
  });
  const runner = new Runner({ workflows: [workflow], store: new MemoryStore() });
  await runner.start("w", "s");
  await laterTurn();

  await runner.close({ timeoutMs: 0 });

  assertInstanceOf(reason, RunReleasedError);
});

Deno.test("Runner.close() refuses every later start and recovery", async () => {
  await using bench = new RunnerBench();
  const { runner } = bench;

  const closing = runner.close();

  await assertRejects(
    () => runner.start("work", "echo"),
    RunnerClosedError,
    "Cannot start a run: the runner was closed",
  );
  await assertRejects(() => runner.recover(), RunnerClosedError, "Cannot recover runs: the runner was closed");
  await closing;
  await assertRejects(() => runner.start("work", "echo"), RunnerClosedError);
  assertEquals(await runner.list(), []);
});

Deno.test("Runner.close() again, or at once, waits for the same end", async () => {
  await using bench = new RunnerBench();
  await bench.runner.start("work", "hold", "gate", { runId: "r1" });
  await laterTurn();

  const closings = [bench.runner.close(), bench.runner.close(), bench.runner[Symbol.asyncDispose]()];
  assertEquals(await Promise.all(closings.map(stateOf)), ["pending", "pending", "pending"]);
  bench.gates.open("gate");
  await Promise.all(closings);
  await bench.runner.close();

  const events = (await bench.store.events("r1", 0, 100)).map(({ text }) => JSON.parse(text));
  assertEquals(typesOf(events).filter((type) => type === "run.suspend").length, 1);
  assertEquals(bench.clock.pendingMs, []);
});

Deno.test("Runner.close() waits for a start that is under way, and lets its run go", async () => {
  const store = new MemoryStore();
  const answered = Promise.withResolvers<void>();
  const create: typeof store.create = async (run) => {
    await answered.promise;
    return await store.create(run);
  };
  await using bench = new RunnerBench({ store: replaced(store, { create }) });
  const starting = bench.runner.start("work", "wait", "gate", { runId: "r1" });
  await laterTurn();

  const closing = bench.runner.close();
  assertEquals(await stateOf(closing), "pending");
  answered.resolve();
  await closing;

  assertEquals(await starting, { runId: "r1", isNew: true });
  assertEquals([(await store.find("r1"))?.status, bench.attempts, bench.errors], ["suspended", [], []]);
  assertEquals(bench.clock.pendingMs, []);
});

Deno.test("Runner.close() while the store is asked for the run to start lets it start no step, and go", async () => {
  const store = new MemoryStore();
  const answered = Promise.withResolvers<void>();
  const find: typeof store.find = async (runId) => {
    await answered.promise;
    return await store.find(runId);
  };
  await using bench = new RunnerBench({ store: replaced(store, { find }) });
  const starting = bench.runner.start("work", "wait", "gate", { runId: "r1" });
  await laterTurn();

  const closing = bench.runner.close();
  answered.resolve();
  await closing;

  assertEquals(await starting, { runId: "r1", isNew: true });
  assertEquals([(await store.find("r1"))?.status, bench.attempts, bench.errors], ["suspended", [], []]);
});

Deno.test("Runner.close() waits for a recovery that is under way, and lets its runs go", async () => {
  const store = new MemoryStore();
  const clock = new ManualClock();
  {
    await using gone = new RunnerBench({ store, clock });
    await gone.runner.start("work", "hold", "gate", { runId: "r1" });
    await laterTurn();
    const closing = gone.runner.close();
    gone.gates.openAll();
    await closing;
  }
  const answered = Promise.withResolvers<void>();
  const claim: typeof store.claim = async (it) => {
    const heads = await store.claim(it);
    await answered.promise;
    return heads;
  };
  await using bench = new RunnerBench({ store: replaced(store, { claim }), clock });
  const recovering = bench.runner.recover();
  await laterTurn();

  const closing = bench.runner.close();
  assertEquals(await stateOf(closing), "pending");
  answered.resolve();
  await closing;
  await recovering;

  const head = await store.find("r1");
  assertEquals([head?.status, (head?.wakeAt ?? Infinity) <= clock.now(), bench.attempts], ["suspended", true, []]);
  assertEquals(clock.pendingMs, []);
});

Deno.test("Runner.close() does not wait for a run that only waits for its next attempt, which does not begin", async () => {
  await using bench = new RunnerBench();
  await bench.runner.start("work", "patient", null, { runId: "r1" });
  await laterTurn();

  await bench.runner.close();

  assertEquals((await bench.store.find("r1"))?.status, "suspended");
  bench.clock.tick(3_600_000);
  await laterTurn();
  assertEquals(bench.attempts, ["r1/1 1"]);
});

Deno.test("Runner.close() stores that the runs are let go, however little time the actions get", async () => {
  const store = new MemoryStore();
  const commit: typeof store.commit = async (it) => {
    await laterTurn();
    await laterTurn();
    return await store.commit(it);
  };
  const workflow = new Workflow({ name: "w" }).add({
    name: "s",
    action: (_ctx, _payload, _log, { signal }) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve(null))),
  });
  const runner = new Runner({ workflows: [workflow], store: replaced(store, { commit }) });
  const { runId } = await runner.start("w", "s");
  while ((await store.find(runId))?.lastSeq === 1) await laterTurn();

  await runner.close({ timeoutMs: 0 });

  assertEquals((await store.find(runId))?.status, "suspended");
});

Deno.test("Runner.close() does not wait for ever for a store that does not answer", async () => {
  const store = new MemoryStore();
  let isGone = false;
  const commit: typeof store.commit = (it) => isGone ? new Promise(() => {}) : store.commit(it);
  await using bench = new RunnerBench({ store: replaced(store, { commit }) });
  await bench.runner.start("work", "hold", "gate");
  await laterTurn();
  isGone = true;
  bench.gates.open("gate");

  let isClosed = false;
  const closing = bench.runner.close().then(() => {
    isClosed = true;
  });
  for (let i = 0; i < 60 && !isClosed; i += 1) {
    await laterTurn();
    bench.clock.tick(1_000);
  }

  await laterTurn();
  assertEquals(isClosed, true);
  await closing;
  assertEquals(bench.clock.pendingMs, []);
});

Deno.test("Runner.close() ends every reader, those who wait and those who do not", async () => {
  const store = new MemoryStore();
  await using elsewhere = new RunnerBench({ store });
  await elsewhere.runner.start("work", "wait", "there", { runId: "r2" });
  await using bench = new RunnerBench({ store });
  await bench.runner.start("work", "hold", "here", { runId: "r1" });
  await laterTurn();
  const here = readAll(bench.runner.follow("r1"));
  const there = readAll(bench.runner.follow("r2"));
  const idle = bench.runner.follow("r2");
  await laterTurn();

  const closing = bench.runner.close();
  bench.gates.open("here");
  await closing;

  assertEquals(typesOf((await here).items).at(-1), "run.suspend");
  assertEquals(typesOf((await there).items), ["run.start", "step.start", "step.log"]);
  assertEquals(await idle.next(), { done: true, value: undefined });
  assertEquals(bench.clock.pendingMs, []);
});

Deno.test("Runner.close() of a thousand runs suspends them all", async () => {
  await using bench = new RunnerBench();
  for (let i = 0; i < 1_000; i += 1) await bench.runner.start("work", "hold", "gate");
  await laterTurn();

  const closing = bench.runner.close();
  bench.gates.openAll();
  await closing;

  assertEquals((await bench.runner.list({ status: "suspended", limit: 2_000 })).length, 1_000);
  assertEquals(bench.clock.pendingMs, []);
});

Deno.test("Runner.close() loses no token that waits for room of its step, whatever is written meanwhile", async () => {
  const store = new MemoryStore();
  const gate = Promise.withResolvers<void>();
  const done: number[] = [];
  const workflow = new Workflow({ name: "w" }).add(
    {
      name: "split",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        for (const item of [1, 2, 3, 4]) enqueue.tail("item", item);
      },
    },
    {
      name: "item",
      concurrency: 1,
      action: async (_ctx, item: number) => {
        done.push(item);
        await gate.promise;
        // So long that each commit writes the whole state.
        return "x".repeat(100_000);
      },
    },
  );
  const runner = new Runner({ workflows: [workflow], store, runOptions: { concurrency: 4 } });
  await runner.start("w", "split", null, { runId: "r" });
  await laterTurn();

  const closing = runner.close();
  gate.resolve();
  await closing;
  assertEquals(done, [1]);
  await workflow.resume("r", { store }).result;

  assertEquals(done, [1, 2, 3, 4]);
});

/** A step whose first attempt fails and whose second one is due a minute later; it waits at a gate. */
const insistent = (gates: Gates, attempts: number[], concurrency: number): Step => ({
  name: "insistent",
  concurrency,
  retry: { maxAttempts: 2, delayMs: 60_000, jitter: "none" },
  action: async (_ctx, _payload, _log, { attempt, signal }) => {
    attempts.push(attempt);
    if (attempt === 1) throw new Error("not yet");
    await gates.wait("again", signal);
  },
});

Deno.test("Runner.close() lets an attempt that is not the first come to its end", async () => {
  const store = new MemoryStore();
  const clock = new ManualClock();
  const gates = new Gates();
  const workflow = new Workflow({ name: "w" }).add(insistent(gates, [], 1));
  const runner = new Runner({ workflows: [workflow], store, clock });
  await runner.start("w", "insistent", null, { runId: "r" });
  await laterTurn();
  clock.tick(60_000);
  await laterTurn();

  const closing = runner.close();
  await laterTurn();
  const aborted = [...gates.aborted];
  gates.openAll();
  await closing;

  assertEquals(aborted, []);
  assertEquals(typesOf(await storedEvents(store, "r")).slice(-2), ["step.result", "run.end"]);
});

Deno.test("Runner.close() begins no further attempt while it waits for an action", async () => {
  const clock = new ManualClock();
  const gates = new Gates();
  const attempts: number[] = [];
  const workflow = new Workflow<Any, Any>({ name: "w" }).add(
    {
      name: "both",
      action: () => null,
      decision: (_ctx, _result, enqueue) => ["insistent", "slow"].forEach((step) => enqueue.tail(step)),
    },
    insistent(gates, attempts, 2),
    { name: "slow", action: (_ctx, _payload, _log, { signal }) => gates.wait("slow", signal) },
  );
  const runner = new Runner({ workflows: [workflow], store: new MemoryStore(), clock, runOptions: { concurrency: 2 } });
  await runner.start("w", "both", null, { runId: "r" });
  await laterTurn();

  const closing = runner.close({ timeoutMs: 120_000 });
  clock.tick(60_000);
  await laterTurn();
  const begun = [...attempts];
  gates.openAll();
  await closing;

  assertEquals(begun, [1]);
});

Deno.test("Runner.close() lets an action come to its end also after a group has stopped an attempt that waited", async () => {
  const store = new MemoryStore();
  const gates = new Gates();
  const workflow = new Workflow<Any, Any>({ name: "w" }).add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.all("item", ["waiting", "failing"], { then: "merge", mode: "fail-fast" });
      },
    },
    {
      name: "item",
      retry: { maxAttempts: 2, delayMs: 60_000, when: (error) => String(error).includes("waiting") },
      action: async (_ctx, item) => {
        if (item === "failing") await gates.wait(item);
        throw new Error(item);
      },
    },
    { name: "merge", action: (_ctx, _results, _log, { signal }) => gates.wait("merge", signal) },
  );
  const clock = new ManualClock();
  const runner = new Runner({ workflows: [workflow], store, clock, runOptions: { concurrency: 2 } });
  await runner.start("w", "list", null, { runId: "r" });
  await laterTurn();
  gates.open("failing");
  await laterTurn();

  const closing = runner.close();
  await laterTurn();
  const aborted = [...gates.aborted];
  gates.openAll();
  await closing;

  assertEquals(aborted, []);
});
