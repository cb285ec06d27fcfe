import { type Clock, MemoryStore, type RunStore, StoreError, systemClock, Workflow } from "@stepstream/workflow";
import { Runner } from "@stepstream/workflow/runner";
import { assertEquals, assertRejects } from "@std/assert";
import { laterTurn, readAll, typesOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { headOf } from "../tools/stored_run.ts";
import { BENCH_STORES, replaced, RunnerBench } from "./runner_bench.ts";

/** A store that its process has died with: what it writes from then on never arrives. */
function mortal(store: RunStore): { readonly store: RunStore; die(): void } {
  let isDead = false;
  const never = new Promise<never>(() => {});
  const commit: RunStore["commit"] = (it) => isDead ? never : store.commit(it);
  const claim: RunStore["claim"] = (it) => isDead ? never : store.claim(it);
  return {
    store: replaced(store, { commit, claim }),
    die: () => {
      isDead = true;
    },
  };
}

for (const { kind, open } of BENCH_STORES) {
  Deno.test(`Runner.recover() takes over a run whose process has died, when its lease is over (${kind})`, async () => {
    using opened = await open();
    const clock = new ManualClock();
    const dying = mortal(opened.store);
    const dead = new RunnerBench({ store: dying.store, clock: new ManualClock() });
    await dead.runner.start("work", "hold", "gate", { runId: "r1" });
    await laterTurn();
    dying.die();
    await using bench = new RunnerBench({ ...opened, clock });

    const answers = [await bench.runner.recover()];
    clock.tick(29_999);
    answers.push(await bench.runner.recover());
    clock.tick(1);
    answers.push(await bench.runner.recover());

    assertEquals(answers, [0, 0, 1]);
    await laterTurn();
    assertEquals(bench.attempts, dead.attempts);
    bench.gates.open("gate");
    const { items } = await readAll(bench.runner.follow("r1"));
    assertEquals(typesOf(items), [
      "run.start",
      "step.start",
      "run.resume",
      "step.start",
      "step.result",
      "step.start",
      "step.result",
      "run.end",
    ]);
  });

  Deno.test(`Runner.recover() takes over what was let go at once (${kind})`, async () => {
    using opened = await open();
    const clock = new ManualClock();
    await suspend(opened.store, clock, ["r1", "r2"]);
    await using bench = new RunnerBench({ ...opened, clock });

    assertEquals(await bench.runner.recover(), 2);

    for (const runId of ["r1", "r2"]) await readAll(bench.runner.follow(runId));
    assertEquals((await bench.runner.list({ status: "completed" })).length, 2);
    assertEquals(bench.attempts.toSorted(), ["r1/2 1", "r2/2 1"]);
  });

  Deno.test(`Runner.recover() is repeated until the runner is closed (${kind})`, async () => {
    using opened = await open();
    const clock = new ManualClock();
    await using bench = new RunnerBench({ ...opened, clock, recoverEveryMs: 4_000 });
    assertEquals(await bench.runner.recover(), 0);
    await suspend(opened.store, clock, ["r1"]);

    clock.tick(3_999);
    await laterTurn();
    assertEquals(bench.attempts, []);
    clock.tick(1);
    await laterTurn();
    assertEquals(bench.attempts, ["r1/2 1"]);
    await suspend(opened.store, clock, ["r2"]);
    clock.tick(4_000);
    await laterTurn();
    assertEquals(bench.attempts, ["r1/2 1", "r2/2 1"]);

    await bench.runner.close();
    assertEquals(clock.pendingMs, []);
  });

  Deno.test(`Runner.recover() of two runners at once takes each run over once (${kind})`, async () => {
    using opened = await open();
    const clock = new ManualClock();
    const runIds = Array.from({ length: 250 }, (_, i) => `r${i}`);
    await suspend(opened.store, clock, runIds);
    await using here = new RunnerBench({ ...opened, clock });
    await using there = new RunnerBench({ ...opened, clock });

    const [a, b] = await Promise.all([here.runner.recover(), there.runner.recover()]);
    await laterTurn();

    assertEquals(a + b, 250);
    const attempts = [...here.attempts, ...there.attempts];
    assertEquals(attempts.toSorted(), runIds.map((runId) => `${runId}/2 1`).toSorted());
    assertEquals((await here.runner.list({ status: "completed", limit: 1_000 })).length, 250);
    assertEquals([...here.errors, ...there.errors], []);
  });

  Deno.test(`Runner.recover() by force takes over what somebody holds, who is fenced off (${kind})`, async () => {
    using opened = await open();
    const clock = new ManualClock();
    await using there = new RunnerBench({ ...opened, clock });
    await there.runner.start("work", "hold", "gate", { runId: "r1" });
    await suspend(opened.store, clock, ["r2"]);
    await laterTurn();
    await using here = new RunnerBench({ ...opened, clock });

    assertEquals(await here.runner.recover({ isForced: true }), 2);
    await laterTurn();
    there.gates.open("gate");
    await laterTurn();

    assertEquals(there.errors, ["RunFencedError r1"]);
    assertEquals(there.runner.activeRuns, 0);
    here.gates.open("gate");
    const { items } = await readAll(here.runner.follow("r1"));
    assertEquals(typesOf(items).filter((type) => type === "step.result").length, 2);
    assertEquals(await here.runner.recover({ isForced: true }), 0);
  });

  Deno.test(`Runner.recover() leaves a run of another version as it was, for whoever can go on with it (${kind})`, async () => {
    using opened = await open();
    const clock = new ManualClock();
    await suspend(opened.store, clock, ["r1"]);
    const before = await opened.store.find("r1");
    await using newer = new RunnerBench({ ...opened, clock, version: "2" });
    await using older = new RunnerBench({ ...opened, clock });

    assertEquals(await newer.runner.recover(), 0);
    assertEquals(await newer.runner.recover({ isForced: true }), 0);

    assertEquals(new Set(newer.errors), new Set(["VersionMismatchError r1"]));
    const after = await opened.store.find("r1");
    assertEquals([after?.status, after?.version, after?.lastSeq], [before?.status, before?.version, before?.lastSeq]);
    assertEquals(await older.runner.recover(), 1);
    await readAll(older.runner.follow("r1"));
    assertEquals((await opened.store.find("r1"))?.status, "completed");
  });

  Deno.test(`Runner.recover() leaves a run with a step that it does not have as it was (${kind})`, async () => {
    using opened = await open();
    const clock = new ManualClock();
    const dying = mortal(opened.store);
    const dead = new RunnerBench({ store: dying.store, clock: new ManualClock() });
    await dead.runner.start("work", "wait", "gate", { runId: "r1" });
    await laterTurn();
    dying.die();
    clock.tick(30_000);
    await using without = new RunnerBench({ ...opened, clock, hasWait: false });
    await using bench = new RunnerBench({ ...opened, clock });

    assertEquals(await without.runner.recover(), 0);

    assertEquals(without.errors, ["UnknownStepError r1"]);
    assertEquals(await bench.runner.recover(), 1);
    bench.gates.openAll();
    await laterTurn();
    bench.gates.openAll();
    await readAll(bench.runner.follow("r1"));
    assertEquals((await opened.store.find("r1"))?.status, "completed");
  });

  Deno.test(`Runner.recover() comes past a great many runs that it cannot go on with (${kind})`, async () => {
    using opened = await open();
    const clock = new ManualClock();
    await suspend(opened.store, clock, Array.from({ length: 230 }, (_, i) => `old${i}`));
    clock.tick(10);
    await suspend(opened.store, clock, ["new"], "2");
    await using bench = new RunnerBench({ ...opened, clock, version: "2" });

    assertEquals(await bench.runner.recover(), 1);

    await readAll(bench.runner.follow("new"));
    assertEquals((await opened.store.find("new"))?.status, "completed");
    assertEquals(bench.errors.length, 230);
  });
}

Deno.test("Runner.recover() goes on with a run of another version that migrate makes fit", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  await suspend(store, clock, ["r1"]);
  await using bench = new RunnerBench({
    store,
    clock,
    version: "2",
    migrate: () => ({ context: { isMigrated: true } }),
  });

  assertEquals(await bench.runner.recover(), 1);

  await readAll(bench.runner.follow("r1"));
  const head = await store.find("r1");
  assertEquals([head?.status, head?.version, bench.errors], ["completed", "2", []]);
});

Deno.test("Runner.recover() by force leaves a live run of another version to its owner", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  await using older = new RunnerBench({ store, clock });
  await older.runner.start("work", "wait", "gate", { runId: "r1" });
  await laterTurn();
  await using newer = new RunnerBench({ store, clock, version: "2" });

  assertEquals(await newer.runner.recover({ isForced: true }), 0);
  older.gates.open("gate");
  await laterTurn();

  assertEquals((await store.find("r1"))?.status, "completed");
  assertEquals([older.attempts, older.errors], [["r1/1 1"], []]);
});

Deno.test("Runner.recover() tells of a migrate that throws, and leaves the run as it was", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  await suspend(store, clock, ["r1"]);
  const migrate = () => {
    throw new RangeError("cannot");
  };
  await using bench = new RunnerBench({ store, clock, version: "2", migrate });
  await using older = new RunnerBench({ store, clock });

  assertEquals(await bench.runner.recover(), 0);

  assertEquals(bench.errors, ["RangeError r1"]);
  assertEquals(await older.runner.recover(), 1);
  await readAll(older.runner.follow("r1"));
  assertEquals((await store.find("r1"))?.status, "completed");
});

Deno.test("Runner.recover() leaves runs of workflows that it does not have alone", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  await suspend(store, clock, ["r1"]);
  const before = await store.find("r1");
  await using runner = new Runner({ workflows: [new Workflow({ name: "other" })], store, clock });

  assertEquals([await runner.recover(), await runner.recover({ isForced: true })], [0, 0]);

  assertEquals(await store.find("r1"), before);
});

Deno.test("Runner.recover() never takes a run from the runner itself, though its timers come late", async () => {
  const timers = new ManualClock();
  let lateMs = 0;
  const clock: Clock = {
    now: () => timers.now() + lateMs,
    setTimeout: (callback, delayMs) => timers.setTimeout(callback, delayMs),
    clearTimeout: (timer) => timers.clearTimeout(timer),
  };
  await using bench = new RunnerBench({ clock: timers, runnerClock: clock });
  await bench.runner.recover();
  timers.tick(5);
  await bench.runner.start("work", "wait", "gate", { runId: "r1" });
  await laterTurn();

  // As if the process had stood still: what was due meanwhile is called back now.
  lateMs = 31_000;
  timers.tick(10_000);
  await laterTurn();

  assertEquals([bench.attempts, bench.errors, bench.gates.aborted], [["r1/1 1"], [], []]);
});

Deno.test("Runner.recover() by force leaves a run alone that is being started here", async () => {
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

  const recovering = bench.runner.recover({ isForced: true });
  await laterTurn();
  answered.resolve();

  assertEquals([await recovering, await starting], [0, { runId: "r1", isNew: true }]);
  await laterTurn();
  assertEquals([bench.attempts, bench.errors, bench.runner.activeRuns], [["r1/1 1"], [], 1]);
});

Deno.test("Runner.recover() leaves a run alone that a start here is about to go on with", async () => {
  const store = new MemoryStore();
  await using before = new RunnerBench({ store, runnerClock: systemClock });
  await before.runner.start("work", "hold", "gate", { runId: "r1" });
  await before.runner.close({ timeoutMs: 0 });
  const answered = Promise.withResolvers<void>();
  let loads = 0;
  const load: typeof store.load = async (runId) => {
    const stored = await store.load(runId);
    loads += 1;
    if (loads === 1) await answered.promise;
    return stored;
  };
  await using bench = new RunnerBench({ store: replaced(store, { load }), runnerClock: systemClock });
  const { runner, attempts, errors } = bench;

  const starting = runner.start("work", "hold", "gate", { runId: "r1" });
  await laterTurn();
  const recovering = runner.recover();
  await laterTurn();
  answered.resolve();

  assertEquals([await recovering, await starting], [0, { runId: "r1", isNew: false }]);
  await laterTurn();
  assertEquals([attempts, errors, runner.activeRuns], [["r1/1 1"], [], 1]);
  // Whoever is not known to be at work would not be let go of.
  await runner.close({ timeoutMs: 0 });
  assertEquals((await headOf(store, "r1")).status, "suspended");
});

Deno.test("Runner.recover() goes on with a run that a start here was about to, where the store does not answer that", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const answered = Promise.withResolvers<void>();
  const create: typeof store.create = async (run) => {
    const isCreated = await store.create(run);
    await answered.promise;
    return isCreated;
  };
  await using bench = new RunnerBench({ store: replaced(store, { create }), clock });
  const { runner, attempts } = bench;
  const starting = runner.start("work", "hold", "gate", { runId: "r1" });
  await laterTurn();
  clock.tick(30_000);

  const recovering = runner.recover();
  await laterTurn();
  clock.tick(10_000);

  assertEquals([await recovering, attempts, runner.activeRuns], [1, ["r1/1 1"], 1]);
  answered.resolve();
  await starting;
  await laterTurn();
  assertEquals([attempts, runner.activeRuns, (await headOf(store, "r1")).status], [["r1/1 1"], 1, "running"]);
});

Deno.test("Runner.recover() takes others over, though a run at work here waits for an answer of the store for ever", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  let isHung = false;
  const commit: typeof store.commit = (it) => isHung && it.runId === "hung" ? new Promise(() => {}) : store.commit(it);
  const bench = new RunnerBench({ store: replaced(store, { commit }), clock });
  await bench.runner.start("work", "wait", "gate", { runId: "hung" });
  await laterTurn();
  isHung = true;
  clock.tick(10_000);
  await laterTurn();
  await suspend(store, clock, ["r1"]);

  const recovering = bench.runner.recover();
  for (let i = 0; i < 20; i += 1) {
    await laterTurn();
    clock.tick(1_000);
  }

  assertEquals((await store.find("r1"))?.status, "completed");
  assertEquals(await recovering, 1);
});

Deno.test("Runner.recover() twice at once takes each run over once", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  await suspend(store, clock, ["r1", "r2"]);
  await using bench = new RunnerBench({ store, clock });

  const { runner } = bench;
  const forced = { isForced: true };
  const counts = await Promise.all([
    runner.recover(),
    runner.recover(forced),
    runner.recover(forced),
    runner.recover(),
  ]);
  await laterTurn();

  assertEquals(counts.reduce((sum, count) => sum + count), 2);
  assertEquals(bench.attempts.toSorted(), ["r1/2 1", "r2/2 1"]);
  assertEquals(bench.errors, []);
});

Deno.test("Runner.recover() rejects with StoreError if the store fails, and goes on by its timer, which tells onError", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  let isDown = true;
  const claim: typeof store.claim = (it) => isDown ? Promise.reject(new Error("down")) : store.claim(it);
  await suspend(store, clock, ["r1"]);
  await using bench = new RunnerBench({ store: replaced(store, { claim }), clock, recoverEveryMs: 1_000 });

  await assertRejects(() => bench.runner.recover(), StoreError);
  clock.tick(1_000);
  await laterTurn();
  isDown = false;
  clock.tick(1_000);
  await laterTurn();

  assertEquals(bench.errors, ["StoreError null"]);
  assertEquals(bench.attempts, ["r1/2 1"]);
});

Deno.test("Runner.recover() goes on with an attempt that waits for its time, when that has come", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  {
    await using gone = new RunnerBench({ store, clock });
    await gone.runner.start("work", "patient", null, { runId: "r1" });
    await laterTurn();
  }
  clock.tick(1_000_000);
  await using bench = new RunnerBench({ store, clock });

  assertEquals(await bench.runner.recover(), 1);
  await laterTurn();
  assertEquals(bench.attempts, []);
  for (let i = 0; i < 26; i += 1) {
    clock.tick(100_000);
    await laterTurn();
  }

  assertEquals(bench.attempts, ["r1/1 2"]);
  assertEquals((await store.find("r1"))?.status, "completed");
});

/** Runs that a runner has let go after their first step. */
async function suspend(store: RunStore, clock: ManualClock, runIds: readonly string[], version = "1"): Promise<void> {
  await using gone = new RunnerBench({ store, clock, version });
  for (const runId of runIds) await gone.runner.start("work", "hold", runId, { runId });
  await laterTurn();
  const closing = gone.runner.close();
  gone.gates.openAll();
  await closing;
}

Deno.test("Runner goes on by itself with a run whose commit has failed, when its lease is over", async () => {
  const clock = new ManualClock();
  let isFailing = false;
  const inner = new MemoryStore();
  const commit: RunStore["commit"] = async (it) => {
    if (isFailing) throw new Error("the database is restarting");
    return await inner.commit(it);
  };
  await using bench = new RunnerBench({ store: replaced(inner, { commit }), clock });
  await bench.runner.start("work", "hold", "gate", { runId: "r1" });
  await laterTurn();

  isFailing = true;
  bench.gates.openAll();
  await laterTurn();
  isFailing = false;
  const lost = [bench.runner.activeRuns, bench.errors];
  clock.tick(30_000);
  await laterTurn();
  bench.gates.openAll();
  await readAll(bench.runner.follow("r1"));

  assertEquals(lost, [0, ["StoreError r1"]]);
  assertEquals([(await inner.find("r1"))?.status, bench.attempts], ["completed", ["r1/1 1", "r1/1 1", "r1/2 1"]]);
});

Deno.test("Runner tells once of a run that it cannot go on with, reads it once, and leaves it to who can", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  await suspend(store, clock, ["r1"]);
  let loads = 0;
  const load: RunStore["load"] = async (runId) => {
    loads += 1;
    return await store.load(runId);
  };
  await using newer = new RunnerBench({ store: replaced(store, { load }), clock, version: "2" });

  await newer.runner.recover();
  for (let round = 0; round < 20; round += 1) {
    clock.tick(10_000);
    await laterTurn();
  }
  clock.tick(1);
  await using older = new RunnerBench({ store, clock });
  const recovered = await older.runner.recover();

  assertEquals([newer.errors, loads, recovered], [["VersionMismatchError r1"], 1, 1]);
  await readAll(older.runner.follow("r1"));
});

Deno.test("Runner.recover() tries a run again whose state the store did not give, by its timer", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  await suspend(store, clock, ["r1"]);
  let isFailing = true;
  const load: RunStore["load"] = async (runId) => {
    if (isFailing) throw new Error("the connection was lost");
    return await store.load(runId);
  };
  await using bench = new RunnerBench({ store: replaced(store, { load }), clock });

  const recovered = await bench.runner.recover();
  isFailing = false;
  clock.tick(10_000);
  await laterTurn();

  assertEquals([recovered, bench.errors, bench.attempts], [0, ["StoreError r1"], ["r1/2 1"]]);
  await readAll(bench.runner.follow("r1"));
});

Deno.test("Runner.recover() tells onError of a run that it cannot give back", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  await suspend(store, clock, ["r1"]);
  const commit = () => Promise.reject(new Error("the connection was lost"));
  await using newer = new RunnerBench({ store: replaced(store, { commit }), clock, version: "2" });

  const recovered = await newer.runner.recover();

  assertEquals([recovered, newer.errors], [0, ["VersionMismatchError r1", "StoreError r1"]]);
});

Deno.test("Runner.recover() gives a run that it cannot go on with to one whose clock is behind", async () => {
  const store = new MemoryStore();
  const [early, late] = [new ManualClock(), new ManualClock()];
  // Less than a lease, and more than there is between two rounds.
  early.tick(20_000);
  await suspend(store, late, ["r1"]);
  await using newer = new RunnerBench({ store, clock: early, version: "2" });
  await using older = new RunnerBench({ store, clock: late });

  await newer.runner.recover();
  const recovered = await older.runner.recover();

  assertEquals([newer.errors, recovered], [["VersionMismatchError r1"], 1]);
  await readAll(older.runner.follow("r1"));
});
