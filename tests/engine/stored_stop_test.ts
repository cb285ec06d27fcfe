import {
  type Any,
  MemoryStore,
  RunFencedError,
  type RunStream,
  RunTimeoutError,
  StoreError,
  Workflow,
  type WorkflowEvent,
} from "@stepstream/workflow";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { laterTurn, readAll, stateOf, typesOf } from "../tools/events.ts";
import { type Fate, FaultyStore, type StoreCall } from "../tools/faulty_store.ts";
import { Gates } from "../tools/gates.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { Life, randomStoredWorkflow, type StoredShape } from "../tools/random_stored_workflow.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { spiedSignal } from "../tools/spied_signal.ts";
import { asStored, headOf, storedEvents } from "../tools/stored_run.ts";
import { WatchedClock } from "../tools/watched_clock.ts";
import { loadStoredRuns } from "../tools/load_stored_runs.ts";

await loadStoredRuns();

const RUN_ID = "run-1";
const START = { key: "0", seed: 7, depth: 0 };

const SHAPES: readonly (readonly [StoredShape, number])[] = [
  [{ seed: 3, isParallel: false, hasInner: false, hasFailFast: true, isWide: false }, 1],
  [{ seed: 6, isParallel: true, hasInner: true, hasFailFast: true, isWide: false }, 3],
];

/** What came of a run that was stopped at a call of its store. */
interface Stopped {
  readonly store: MemoryStore;
  readonly events: readonly WorkflowEvent<Any, Any>[];
  readonly error: unknown;
  /** What the store had when the run was stopped. */
  readonly stoppedAt: readonly WorkflowEvent[];
  readonly wasStopped: boolean;
}

/** Runs until the store's nth call, and stops the run so many microtasks later; nothing of it may be left after. */
async function stopAt(
  [shape, concurrency]: readonly [StoredShape, number],
  at: number,
  delay: number,
  stop: (stream: RunStream, store: MemoryStore, abort: () => void) => unknown,
): Promise<Stopped> {
  const store = new MemoryStore();
  const life = new Life();
  const clock = new WatchedClock(life.clock);
  const spied = spiedSignal();
  const { signal } = spied;
  let stoppedAt: readonly WorkflowEvent[] = [];
  let wasStopped = false;
  const faulty = new FaultyStore(store, async ({ index }): Promise<Fate> => {
    if (index !== at) return "answered";
    for (let ticks = 0; ticks < delay; ticks += 1) await undefined;
    wasStopped = true;
    stoppedAt = await storedEvents(store, RUN_ID);
    void stop(stream, store, () => spied.abort("enough"));
    return "answered";
  });
  const workflow = randomStoredWorkflow(shape, life);
  const options = { store: faulty, concurrency, clock, signal, runId: RUN_ID, cleanupTimeoutMs: 5 };
  const stream: RunStream = workflow.stream("a", START, options);
  const { items, failure } = await settled(readAll(stream), life);
  // Whoever leaves after the end waits until nothing of the run is left.
  await settled(stream.return(), life);
  assertEquals([clock.size, spied.listeners], [0, 0], `timers and listeners are left: stopped at call ${at}`);
  return { store, events: items, error: failure?.error ?? null, stoppedAt, wasStopped };
}

/** Waits for the promise and moves the time on. */
async function settled<Value>(promise: Promise<Value>, { clock }: Life): Promise<Value> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise.then(settle, settle);
  for (let turns = 0; turns < 3_000; turns += 1) {
    for (let ticks = 0; ticks < 80 && !isSettled; ticks += 1) await undefined;
    if (isSettled) return promise;
    clock.tick(clock.nextDueMs);
  }
  throw new Error("It waits for ever");
}

/** Takes a stopped run to its end in another process. */
async function endOf(store: MemoryStore, [shape, concurrency]: readonly [StoredShape, number]): Promise<string> {
  const life = new Life();
  const stream = randomStoredWorkflow(shape, life).resume(RUN_ID, { store, concurrency, clock: life.clock });
  const { items, failure } = await settled(readAll(stream), life);
  const last = items.at(-1);
  return failure === null && last?.type === "run.end" ? last.status : String(failure?.error);
}

/** Calls back for every call of the store until the run comes to its end without being stopped. */
async function atEveryCall(
  test: (shape: readonly [StoredShape, number], at: number, delay: number) => Promise<boolean>,
) {
  using trap = new RejectionTrap();
  for (const shape of SHAPES) {
    let isStopped = true;
    for (let at = 0; isStopped && at < 60; at += 1) isStopped = await test(shape, at, [0, 1, 4, 17][at % 4] ?? 0);
  }
  await laterTurn();
  assertEquals(trap.reasons, []);
}

for (const way of ["cancel", "signal"] as const) {
  Deno.test(`RunStream.cancel() ends a stored run for good, whatever its store is asked then (${way})`, async () => {
    await atEveryCall(async (shape, at, delay) => {
      const { store, events, error, wasStopped } = await stopAt(shape, at, delay, (stream, _store, abort) => {
        if (way === "cancel") void stream.cancel("enough");
        else abort();
      });

      const { status, wakeAt } = await headOf(store, RUN_ID);
      assertEquals([error, wakeAt], [null, null], `call ${at}`);
      assert(status === "cancelled" || (status === "completed" && at > 3), `${status} at call ${at}`);
      assertEquals(await storedEvents(store, RUN_ID), asStored(events), `call ${at}`);
      const last = events.at(-1);
      assertEquals(last?.type === "run.end" && last.status, status);
      return wasStopped;
    });
  });
}

Deno.test("RunStream.return() leaves a stored run for later, whatever its store is asked then", async () => {
  await atEveryCall(async (shape, at, delay) => {
    const { store, events, error, wasStopped } = await stopAt(shape, at, delay, (stream) => stream.return());

    assertEquals(error, null);
    const stored = await storedEvents(store, RUN_ID);
    assertEquals(stored.slice(0, events.length), asStored(events), `call ${at}`);
    const { status } = await headOf(store, RUN_ID);
    assert(status === "suspended" || (status === "completed" && at > 3), `${status} at call ${at}`);
    if (status === "suspended") assertEquals(stored.at(-1)?.type, "run.suspend");
    assertEquals(await endOf(store, shape), "completed", `call ${at}`);
    return wasStopped;
  });
});

Deno.test("A stored run that somebody else takes over is fenced off, whatever its store is asked then", async () => {
  await atEveryCall(async (shape, at, delay) => {
    if (at === 0) return true;
    const { store, events, error, stoppedAt, wasStopped } = await stopAt(
      shape,
      at,
      delay,
      (_stream, store) => store.claim({ runId: RUN_ID, isForced: true, limit: 1, until: 1e9, now: 0 }),
    );

    if (wasStopped) {
      assertInstanceOf(error, RunFencedError, `call ${at}`);
      const stored = await storedEvents(store, RUN_ID);
      assertEquals(stored, stoppedAt, `call ${at}`);
      assertEquals(stored, asStored(events), `call ${at}`);
      assertEquals(await endOf(store, shape), "completed");
    }
    return wasStopped;
  });
});

Deno.test("A stored run whose store fails keeps what is committed, whatever its store is asked then", async () => {
  await atEveryCall(async (shape, at) => {
    const store = new MemoryStore();
    const life = new Life();
    const faulty = new FaultyStore(store, ({ index }) => index >= at ? "lost" : "answered");
    const stream = randomStoredWorkflow(shape[0], life).stream("a", START, {
      store: faulty,
      concurrency: shape[1],
      clock: life.clock,
      runId: RUN_ID,
    });
    const { items, failure } = await settled(readAll(stream), life);

    const wasStopped = faulty.calls.length > at;
    assertEquals(asStored(items), await storedEvents(store, RUN_ID), `call ${at}`);
    if (!wasStopped) return false;
    assertInstanceOf(failure?.error, StoreError);
    assertEquals(failure.error.runId, RUN_ID);
    if (at > 0) assertEquals(await endOf(store, shape), "completed");
    return true;
  });
});

/** A run whose store answers nothing of a kind until it is let. */
function openingRun(method: StoreCall["method"], options: { readonly timeoutMs?: number } = {}) {
  const store = new MemoryStore();
  const gates = new Gates();
  const clock = new ManualClock();
  const started: string[] = [];
  const workflow = new Workflow({ name: "opening" }).add({ name: "a", action: () => started.push("a") });
  const faulty = new FaultyStore(store, async (call): Promise<Fate> => {
    if (call.method === method) await gates.wait(method);
    return "answered";
  });
  const begin = async () => {
    if (method === "create") return workflow.stream("a", 1, { store: faulty, runId: RUN_ID, clock, ...options });
    const stream = workflow.stream("a", 1, { store, runId: RUN_ID, clock });
    await stream.next();
    await stream.return();
    started.length = 0;
    return workflow.resume(RUN_ID, { store: faulty, clock, ...options });
  };
  return { store, gates, clock, started, begin };
}

for (const method of ["create", "claim", "load"] as const) {
  Deno.test(`RunStream.cancel() while the store is asked to ${method} cancels the run for good`, async () => {
    const { store, gates, clock, started, begin } = openingRun(method);
    const stream = await begin();
    const reading = readAll(stream);
    await laterTurn();

    const cancelled = stream.cancel("enough");
    await laterTurn();
    gates.openAll();
    await cancelled;

    assertEquals((await reading).failure, null);
    assertEquals((await headOf(store, RUN_ID)).status, "cancelled");
    assertEquals(await stateOf(stream.result), "rejected: enough");
    assertEquals([started, clock.pendingMs], [[], []]);
  });

  Deno.test(`RunStream.return() while the store is asked to ${method} leaves the run for later`, async () => {
    const { store, gates, clock, started, begin } = openingRun(method);
    const stream = await begin();
    const waiting = stream.next();
    await laterTurn();

    const left = stream.return();
    await laterTurn();
    gates.openAll();
    await left;

    assertEquals((await waiting).done, true);
    assertEquals((await headOf(store, RUN_ID)).status, "suspended");
    assertEquals([started, clock.pendingMs], [[], []]);
  });

  Deno.test(`WorkflowOptions.timeoutMs while the store is asked to ${method} fails the run in the store, too`, async () => {
    const { store, gates, clock, started, begin } = openingRun(method, { timeoutMs: 50 });
    const stream = await begin();
    const reading = readAll(stream);
    await laterTurn();

    clock.tick(60);
    await laterTurn();
    gates.openAll();

    const { items, failure } = await reading;
    await laterTurn();
    assertInstanceOf(failure?.error, RunTimeoutError);
    assertEquals(typesOf(items).at(-1), "run.end");
    assertEquals((await headOf(store, RUN_ID)).status, "failed");
    assertEquals([started, clock.pendingMs], [[], []]);
  });
}

Deno.test("A stored run whose store never answers is lost when its lease is over: its action is aborted", async () => {
  const clock = new ManualClock();
  const gates = new Gates();
  const reasons: unknown[] = [];
  let commits = 0;
  const faulty = new FaultyStore(
    new MemoryStore(),
    ({ method }) => method === "commit" && ++commits > 1 ? "hung" : "answered",
  );
  const workflow = new Workflow<Any, Any>().add({
    name: "a",
    action: async (_ctx, _payload, log, { signal }) => {
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      await laterTurn();
      log.event("said");
      await gates.wait("a", signal);
    },
  });
  const reading = readAll(workflow.stream("a", 1, { store: faulty, clock, leaseMs: 900 }));
  for (let turns = 0; turns < 5; turns += 1) await laterTurn();

  for (let beats = 0; beats < 5; beats += 1) {
    clock.tick(300);
    await laterTurn();
  }
  const { failure } = await reading;

  assertInstanceOf(failure?.error, StoreError);
  assertEquals(reasons, [failure.error]);
});

Deno.test("RunStream.return() keeps what is at work, also where the last commit has a snapshot", async () => {
  const store = new MemoryStore();
  const gates = new Gates();
  const workflow = new Workflow({ name: "two" }).add(
    {
      name: "both",
      action: () => ["hold", "fill"],
      decision: (_ctx, { value }, enqueue) => value?.forEach((step) => enqueue.tail(step, null)),
    },
    { name: "hold", action: (_ctx, _payload, _log, { signal }) => gates.wait("hold", signal) },
    {
      name: "fill",
      action: async (_ctx, _payload, log) => {
        await gates.wait("fill");
        log.event("filling");
        await gates.wait("filled");
        // So much that the state is written as a whole.
        return "x".repeat(100_000);
      },
    },
  );
  const written = Promise.withResolvers<void>();
  const slow = new FaultyStore(store, async ({ commit }): Promise<Fate> => {
    if (commit?.events.at(-1)?.text.includes("filling")) await written.promise;
    return "answered";
  });
  const stream = workflow.stream("both", null, { store: slow, runId: RUN_ID, concurrency: 2 });
  const reading = readAll(stream);
  await untilWaiting(gates, "hold", "fill");
  gates.open("fill");
  await untilWaiting(gates, "hold", "filled");
  gates.open("filled");
  await laterTurn();

  const left = stream.return();
  written.resolve();
  gates.openAll();
  await Promise.all([left, reading]);

  const isSnapshotLast = slow.commits.at(-1)?.snapshot !== null;
  const resumed = readAll(workflow.resume(RUN_ID, { store }));
  await untilWaiting(gates, "hold");
  gates.openAll();
  assertEquals(isSnapshotLast, true);
  assertEquals(typesOf((await resumed).items), ["run.resume", "step.start", "step.result", "run.end"]);
});

/** Waits until actions wait at all these gates. */
async function untilWaiting(gates: Gates, ...names: readonly string[]): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) {
    if (names.every((name) => gates.waiting.includes(name))) return;
    await laterTurn();
  }
  throw new Error(`Nobody waits at ${names.join(", ")}: ${gates.waiting.join(", ")}`);
}
