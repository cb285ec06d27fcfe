import { MemoryStore, RunnerClosedError, StoreError, UnknownRunError, type WorkflowEvent } from "@stepstream/workflow";
import { Runner } from "@stepstream/workflow/runner";
import { assertEquals, assertRejects } from "@std/assert";
import { laterTurn, readAll, stateOf, typesOf } from "../tools/events.ts";
import { BENCH_STORES, replaced, RunnerBench } from "./runner_bench.ts";

const REASON = new RangeError("changed my mind");
const DESCRIBED = { name: "RangeError", message: "changed my mind" };

Deno.test("Runner.cancel() elsewhere is heard at once where the store tells of commits", async () => {
  const store = new MemoryStore();
  await using here = new RunnerBench({ store });
  await using there = new RunnerBench({ store });
  await there.runner.start("work", "wait", "gate", { runId: "r1" });
  await laterTurn();

  await here.runner.cancel("r1");
  await laterTurn();

  assertEquals(there.gates.aborted, ["gate"]);
});

for (const { kind, open } of BENCH_STORES) {
  Deno.test(`Runner.cancel() ends a run at work here at once, and settles once that is stored (${kind})`, async () => {
    using opened = await open();
    await using bench = new RunnerBench(opened);
    await bench.runner.start("work", "wait", "gate", { runId: "r1" });
    await laterTurn();

    const cancelling = bench.runner.cancel("r1", REASON);
    assertEquals(bench.gates.aborted, ["gate"]);
    bench.gates.open("gate");

    assertEquals(await cancelling, true);
    const head = await bench.store.find("r1");
    assertEquals([head?.status, head?.wakeAt], ["cancelled", null]);
    assertEquals(await endOf(bench), { status: "cancelled", error: DESCRIBED, steps: 0 });
    assertEquals([bench.runner.activeRuns, bench.errors], [0, []]);
  });

  Deno.test(`Runner.cancel() ends a run at work elsewhere, which is fenced off (${kind})`, async () => {
    using opened = await open();
    await using here = new RunnerBench(opened);
    await using there = new RunnerBench(opened);
    await there.runner.start("work", "wait", "gate", { runId: "r1" });
    await laterTurn();

    assertEquals(await here.runner.cancel("r1", REASON), true);
    there.gates.open("gate");
    await laterTurn();

    assertEquals(await endOf(here), { status: "cancelled", error: DESCRIBED, steps: 0 });
    const { items } = await readAll(there.runner.follow("r1"));
    assertEquals(typesOf(items), ["run.start", "step.start", "step.log", "run.end"]);
    assertEquals(there.runner.activeRuns, 0);
  });

  Deno.test(`Runner.cancel() elsewhere is no trouble that onError hears of (${kind})`, async () => {
    using opened = await open();
    await using here = new RunnerBench(opened);
    await using there = new RunnerBench(opened);
    await there.runner.start("work", "wait", "gate", { runId: "r1" });
    await laterTurn();

    await here.runner.cancel("r1", REASON);
    there.gates.open("gate");
    await laterTurn();
    await there.runner.close();

    assertEquals([there.runner.activeRuns, there.errors], [0, []]);
  });

  Deno.test(`Runner.cancel() elsewhere is heard by an action that is silent, with the next sign of life (${kind})`, async () => {
    using opened = await open();
    await using here = new RunnerBench(opened);
    await using there = new RunnerBench({ ...opened, leaseMs: 3_000 });
    await there.runner.start("work", "wait", "gate", { runId: "r1" });
    await laterTurn();

    await here.runner.cancel("r1");
    there.clock.tick(1_000);
    await laterTurn();

    assertEquals(there.gates.aborted, ["gate"]);
  });

  Deno.test(`Runner.cancel() elsewhere is heard within a thirtieth of the lease (${kind})`, async () => {
    using opened = await open();
    await using here = new RunnerBench(opened);
    await using there = new RunnerBench({ store: replaced(opened.store, {}), leaseMs: 3_000 });
    await there.runner.start("work", "wait", "gate", { runId: "r1" });
    await laterTurn();

    await here.runner.cancel("r1");
    there.clock.tick(100);
    await laterTurn();

    assertEquals(there.gates.aborted, ["gate"]);
    there.gates.openAll();
    const { items } = await readAll(there.runner.follow("r1"));
    assertEquals(typesOf(items).at(-1), "run.end");
  });

  Deno.test(`Runner.cancel() of a run that has ended is false and changes nothing (${kind})`, async () => {
    using opened = await open();
    await using here = new RunnerBench(opened);
    await using there = new RunnerBench(opened);
    await here.runner.start("work", "echo", 1, { runId: "r1" });
    await laterTurn();
    const before = await here.store.find("r1");

    assertEquals([await here.runner.cancel("r1"), await there.runner.cancel("r1")], [false, false]);

    assertEquals(await here.store.find("r1"), before);
  });

  Deno.test(`Runner.cancel() ends a run that nobody is at work on (${kind})`, async () => {
    using opened = await open();
    {
      await using gone = new RunnerBench(opened);
      await gone.runner.start("work", "hold", "gate", { runId: "r1" });
      const closing = gone.runner.close();
      gone.gates.openAll();
      await laterTurn();
      gone.gates.openAll();
      await closing;
    }
    await using bench = new RunnerBench(opened);
    assertEquals((await bench.runner.get("r1"))?.status, "suspended");

    assertEquals(await bench.runner.cancel("r1", REASON), true);

    assertEquals(await endOf(bench), { status: "cancelled", error: DESCRIBED, steps: 1 });
    assertEquals(await bench.runner.recover(), 0);
  });

  Deno.test(`Runner.cancel() several times at once, from two runners, ends the run once (${kind})`, async () => {
    using opened = await open();
    await using here = new RunnerBench(opened);
    await using there = new RunnerBench(opened);
    await here.runner.start("work", "wait", "gate", { runId: "r1" });
    await laterTurn();

    const answers = [here, there, here, there].map(({ runner }) => runner.cancel("r1", REASON));
    here.gates.openAll();
    await laterTurn();
    here.clock.tick(1_000);

    assertEquals((await Promise.all(answers)).includes(true), true);
    const { items } = await readAll(there.runner.follow("r1"));
    assertEquals(typesOf(items).filter((type) => type === "run.end").length, 1);
    assertEquals((await here.store.find("r1"))?.status, "cancelled");
    assertEquals(here.runner.activeRuns, 0);
  });
}

Deno.test("Runner.cancel() ends a run of another version and of a workflow that the runner does not have", async () => {
  const store = new MemoryStore();
  await using old = new RunnerBench({ store });
  for (const runId of ["r1", "r2"]) await old.runner.start("work", "wait", runId, { runId });
  await laterTurn();
  await using newer = new RunnerBench({ store, version: "2" });
  await using stranger = new Runner({ workflows: [], store });

  assertEquals([await newer.runner.cancel("r1"), await stranger.cancel("r2")], [true, true]);

  assertEquals((await store.list({ status: "cancelled", limit: 10 })).length, 2);
});

Deno.test("Runner.cancel() rejects for a run there is not", async () => {
  await using bench = new RunnerBench();

  await assertRejects(() => bench.runner.cancel("none"), UnknownRunError);
});

Deno.test("Runner.cancel() rejects with StoreError if the store fails", async () => {
  const store = new MemoryStore();
  await using here = new RunnerBench({ store });
  await here.runner.start("work", "wait", "gate", { runId: "r1" });
  const failed = () => Promise.reject(new Error("gone"));
  await using there = new RunnerBench({ store: replaced(store, { claim: failed }) });

  await assertRejects(() => there.runner.cancel("r1"), StoreError);

  assertEquals((await store.find("r1"))?.status, "running");
});

Deno.test("Runner.cancel() of a run that is being started here ends it at once, and nobody is told of trouble", async () => {
  const store = new MemoryStore();
  const answered = Promise.withResolvers<void>();
  const create: typeof store.create = async (run) => {
    const isCreated = await store.create(run);
    await answered.promise;
    return isCreated;
  };
  await using bench = new RunnerBench({ store: replaced(store, { create }) });
  const starting = bench.runner.start("work", "wait", "gate", { runId: "r1" });
  await laterTurn();

  const cancelling = bench.runner.cancel("r1", REASON);
  await laterTurn();
  answered.resolve();

  assertEquals(await cancelling, true);
  assertEquals(await starting, { runId: "r1", isNew: true });
  await laterTurn();
  assertEquals(await endOf(bench), { status: "cancelled", error: DESCRIBED, steps: 0 });
  assertEquals([bench.attempts, bench.errors, bench.runner.activeRuns], [[], [], 0]);
});

Deno.test("Runner.cancel() waits for an action that does not heed its signal no longer than cleanupTimeoutMs", async () => {
  await using bench = new RunnerBench({ runOptions: { cleanupTimeoutMs: 700 } });
  await bench.runner.start("work", "wait", "gate", { runId: "r1" });
  await laterTurn();

  const cancelling = bench.runner.cancel("r1");
  assertEquals(await stateOf(cancelling), "pending");
  bench.clock.tick(700);

  assertEquals(await cancelling, true);
  bench.gates.open("gate");
  await laterTurn();
  assertEquals((await readAll(bench.runner.follow("r1"))).items.at(-1)?.type, "run.end");
  assertEquals(bench.clock.pendingMs, []);
});

Deno.test("Runner.cancel() still works on a runner that was closed, start() and recover() do not", async () => {
  const store = new MemoryStore();
  await using here = new RunnerBench({ store });
  await using there = new RunnerBench({ store });
  await there.runner.start("work", "wait", "gate", { runId: "r1" });
  await here.runner.close();

  assertEquals(await here.runner.cancel("r1"), true);

  await assertRejects(() => here.runner.start("work", "echo"), RunnerClosedError);
  await assertRejects(() => here.runner.recover(), RunnerClosedError);
});

Deno.test("Runner.cancel() without a reason tells that the run was cancelled", async () => {
  const store = new MemoryStore();
  await using here = new RunnerBench({ store });
  await using there = new RunnerBench({ store });
  for (const runId of ["r1", "r2"]) await here.runner.start("work", "wait", runId, { runId });
  await laterTurn();

  const cancelling = here.runner.cancel("r1");
  here.gates.open("r1");
  await cancelling;
  await there.runner.cancel("r2");

  const errors = await Promise.all(["r1", "r2"].map(async (runId) => (await endOf(there, runId)).error));
  assertEquals(
    errors,
    ["r1", "r2"].map((runId) => ({
      name: "RunCancelledError",
      message: `Run "${runId}" was cancelled`,
    })),
  );
});

async function endOf({ runner }: RunnerBench, runId = "r1"): Promise<Record<string, unknown>> {
  const { items } = await readAll(runner.follow(runId));
  const event: WorkflowEvent | undefined = items.at(-1);
  if (event?.type !== "run.end") throw new Error(`The last event is ${event?.type}`);
  const { status, error, steps } = event;
  return { status, error, steps };
}

Deno.test("Runner.cancel() of a run that is deleted meanwhile is false", async () => {
  const store = new MemoryStore();
  await using there = new RunnerBench({ store });
  await there.runner.start("work", "wait", "gate", { runId: "r1" });
  const load: typeof store.load = async (runId) => {
    await store.delete(runId);
    return await store.load(runId);
  };
  await using here = new RunnerBench({ store: replaced(store, { load }) });

  assertEquals(await here.runner.cancel("r1"), false);
  assertEquals(await store.find("r1"), null);
});

Deno.test("Runner tells of a run that was fenced off, where the store does not tell by whom", async () => {
  const store = new MemoryStore();
  let isFailing = false;
  const find: typeof store.find = (runId) =>
    isFailing ? Promise.reject(new Error("the connection was lost")) : store.find(runId);
  await using there = new RunnerBench({ store: replaced(store, { find }) });
  await using here = new RunnerBench({ store });
  await there.runner.start("work", "wait", "gate", { runId: "r1" });
  await laterTurn();

  await here.runner.cancel("r1");
  isFailing = true;
  there.gates.open("gate");
  await laterTurn();

  assertEquals(there.errors, ["RunFencedError r1"]);
});

Deno.test("Runner.cancel() ends a run whose state nobody can read any more", async () => {
  const store = new MemoryStore();
  const run = { runId: "r1", workflow: "work", version: "1", snapshot: "torn", events: [], wakeAt: 0, now: 0 };
  await store.create(run);
  await using bench = new RunnerBench({ store });

  const isCancelled = await bench.runner.cancel("r1");

  const [end] = await store.events("r1", 0, 9);
  assertEquals([isCancelled, (await store.find("r1"))?.status], [true, "cancelled"]);
  assertEquals(JSON.parse(end?.text ?? "null").steps, 0);
});
