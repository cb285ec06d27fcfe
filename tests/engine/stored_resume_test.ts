import {
  type Any,
  asStep,
  decideTo,
  EventsGoneError,
  MemoryStore,
  RunCancelledError,
  RunConflictError,
  RunFailedError,
  RunFencedError,
  RunReleasedError,
  type RunStore,
  type Step,
  StoreError,
  UnknownRunError,
  UnknownStepError,
  VersionMismatchError,
  Workflow,
  type WorkflowEvent,
} from "@stepstream/workflow";
import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { laterTurn, readAll, stateOf, typesOf } from "../tools/events.ts";
import { type Fate, FaultyStore } from "../tools/faulty_store.ts";
import { Gates } from "../tools/gates.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { headOf, storedEvents } from "../tools/stored_run.ts";

/** A run at work: its action waits at a gate. */
async function runAtWork(version = "1") {
  const store = new MemoryStore();
  const gates = new Gates();
  const clock = new ManualClock();
  const reasons: unknown[] = [];
  const create = (ofVersion = version) =>
    new Workflow({ name: "w", version: ofVersion }).add(
      { name: "first", action: () => 1, decision: (_ctx, _result, enqueue) => enqueue.tail("work", "payload") },
      {
        name: "work",
        action: async (_ctx, payload, _log, { signal }) => {
          signal.addEventListener("abort", () => {
            reasons.push(signal.reason);
            gates.openAll();
          });
          await gates.wait("work");
          return payload;
        },
      },
    );
  const stream = create().stream("first", { a: 1, b: 2 }, { store, runId: "r1", clock, leaseMs: 900 });
  const reading = readAll(stream);
  while (gates.waiting.length === 0) await laterTurn();
  await laterTurn();
  const finish = async () => {
    gates.openAll();
    const { failure } = await reading;
    await stream.return();
    return failure;
  };
  return { store, gates, clock, reasons, create, stream, reading, finish };
}

Deno.test("Workflow.resume() of an unknown run rejects with UnknownRunError", async () => {
  const stream = new Workflow().resume("none", { store: new MemoryStore() });

  await assertRejects(() => stream.next(), UnknownRunError);
  await assertRejects(() => stream.result, UnknownRunError);
});

const CONFLICTS: Readonly<Record<string, (store: MemoryStore) => AsyncIterable<unknown>>> = {
  "another payload": (store) => other("w").stream("first", { a: 1, b: 3 }, { store, runId: "r1" }),
  "more of a payload": (store) => other("w").stream("first", { a: 1, b: 2, c: 3 }, { store, runId: "r1" }),
  "another start": (store) => other("w").stream("work", { a: 1, b: 2 }, { store, runId: "r1" }),
  "another workflow": (store) => other("other").stream("first", { a: 1, b: 2 }, { store, runId: "r1" }),
};

function other(name: string): Workflow<Any, Any, Any, Any> {
  return new Workflow<Any, Any, Any, Any>({ name }).add({ name: "first", action: () => 1 }, {
    name: "work",
    action: () => 1,
  });
}

for (const [name, start] of Object.entries(CONFLICTS)) {
  Deno.test(`Workflow.stream() refuses ${name} under the id of a run that there is, which goes on`, async () => {
    const { store, finish } = await runAtWork();

    await assertRejects(() => readAllOrThrow(start(store)), RunConflictError);

    assertEquals(await finish(), null);
    assertEquals((await headOf(store, "r1")).status, "completed");
  });
}

async function readAllOrThrow(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _event of stream) continue;
}

Deno.test("Workflow.stream() goes on with the run of its id, whatever the order of its payload's properties", async () => {
  const { store, finish, create, gates } = await runAtWork();

  const again = create().stream("first", { b: 2, a: 1 }, { store, runId: "r1" });
  const reading = readAll(again);
  while (gates.waiting.length < 2) await laterTurn();
  const fenced = await finish();
  const { items, failure } = await reading;

  assertInstanceOf(fenced?.error, RunFencedError);
  assertEquals(failure, null);
  assertEquals(typesOf(items), ["run.resume", "step.start", "step.result", "run.end"]);
});

Deno.test("Workflow.resume() with another version needs migrate, and takes the run from nobody without", async () => {
  const { store, finish, create, reasons } = await runAtWork();

  await assertRejects(() => create("2").resume("r1", { store }).next(), VersionMismatchError);
  await assertRejects(() => other("x").resume("r1", { store }).next(), VersionMismatchError);

  assertEquals(reasons, []);
  assertEquals(await finish(), null);
});

Deno.test("Workflow.resume() where a step is missing rejects with UnknownStepError, and takes the run from nobody", async () => {
  const { store, finish, reasons } = await runAtWork();
  const before = await headOf(store, "r1");
  const lacking = new Workflow({ name: "w" }).add({ name: "first", action: () => 1 });

  const error = await assertRejects(() => lacking.resume("r1", { store }).next(), UnknownStepError);

  assertEquals(error.stepName, "work");
  assertEquals(await headOf(store, "r1"), before);
  assertEquals(reasons, []);
  assertEquals(await finish(), null);
});

Deno.test("Workflow.resume() whose migrate throws takes the run from nobody", async () => {
  const { store, finish, create } = await runAtWork();
  const before = await headOf(store, "r1");
  const migrate = () => {
    throw new RangeError("too old");
  };

  await assertRejects(() => create("2").resume("r1", { store, migrate }).next(), RangeError);

  assertEquals(await headOf(store, "r1"), before);
  assertEquals(await finish(), null);
});

Deno.test("Workflow.resume() with migrate goes on with the migrated state, also after it was killed again", async () => {
  const { store, stream, gates } = await runAtWork();
  await stream.return();
  const next = new Workflow({ name: "w", version: "2" }).add({
    name: "renamed",
    action: async (ctx: Any, payload) => {
      await gates.wait("renamed");
      return [payload, ctx.added];
    },
  });
  const options = {
    store,
    migrate: ({ tokens, context }: Any) => ({
      tokens: tokens.map((token: Any) => ({ ...token, step: "renamed" })),
      context: { ...context, added: true },
    }),
  };

  for await (const { type } of next.resume("r1", options)) if (type === "step.start") break;
  const { result } = next.resume("r1", { store });
  while (!gates.waiting.includes("renamed")) await laterTurn();
  gates.openAll();
  await laterTurn();
  gates.openAll();

  assertEquals((await result).context, { "result.first": 1, added: true, "result.renamed": ["payload", true] });
  assertEquals((await headOf(store, "r1")).version, "2");
});

Deno.test("Workflow.resume() gives back a run that a newer version has gone on with while its lease was claimed", async () => {
  const { store, stream, create } = await runAtWork();
  await stream.return();
  const slow = new FaultyStore(store, async ({ method }): Promise<Fate> => {
    if (method === "claim") {
      const newer = create("2").resume("r1", { store, migrate: () => ({}) });
      for await (const { type } of newer) if (type === "step.start") break;
    }
    return "answered";
  });
  const clock = new ManualClock();

  await assertRejects(() => create().resume("r1", { store: slow, clock }).next(), VersionMismatchError);

  const { version, status, wakeAt } = await headOf(store, "r1");
  assertEquals([version, status, wakeAt], ["2", "suspended", 0]);
});

Deno.test("A runner that has lost its lease hears of it, and nothing of it is committed afterwards", async () => {
  using trap = new RejectionTrap();
  const { store, reasons, clock, gates, reading, stream } = await runAtWork();
  await store.claim({ runId: "r1", isForced: true, limit: 1, until: 9_999, now: 0 });
  const before = [await headOf(store, "r1"), await storedEvents(store, "r1")];

  clock.tick(900);
  const { failure } = await reading;
  gates.openAll();
  await stream.return();
  await laterTurn();

  assertInstanceOf(failure?.error, RunFencedError);
  assertEquals(reasons, [failure.error]);
  assertEquals([await headOf(store, "r1"), await storedEvents(store, "r1")], before);
  assertEquals([clock.pendingMs, trap.reasons], [[], []]);
  await assertRejects(() => stream.result, RunFencedError);
});

Deno.test("A long action keeps its run by a commit now and then, so that nobody who waits for the lease gets it", async () => {
  const { store, clock, finish } = await runAtWork();

  for (let now = 100; now <= 5_000; now += 100) {
    clock.tick(100);
    await laterTurn();
    assertEquals(await store.claim({ limit: 1, until: now + 900, now: clock.now() }), [], `at ${now}`);
  }

  assertEquals(await finish(), null);
  assertEquals(clock.pendingMs, []);
  assertEquals((await headOf(store, "r1")).revision < 40, true);
});

Deno.test("RunStream.return() of a stored run aborts its action with RunReleasedError, and resume() does it anew", async () => {
  const { store, stream, reading, reasons, create, gates } = await runAtWork();

  await stream.return();
  const resumed = readAll(create().resume("r1", { store, after: 0 }));
  while (gates.waiting.length < 1) await laterTurn();
  gates.openAll();
  const { items } = await resumed;

  assertInstanceOf(reasons[0], RunReleasedError);
  assertEquals((await reading).failure, null);
  assertEquals(typesOf(items), [
    "run.start",
    "step.start",
    "step.result",
    "step.start",
    "run.suspend",
    "run.resume",
    "step.start",
    "step.result",
    "run.end",
  ]);
  assertEquals(items.map(({ seq }) => seq), items.map((_, index) => index + 1));
});

Deno.test("RunStream.cancel() after return() was called while the store is asked still cancels for good", async () => {
  const store = new MemoryStore();
  const gates = new Gates();
  const faulty = new FaultyStore(store, async ({ method }): Promise<Fate> => {
    if (method === "create") await gates.wait(method);
    return "answered";
  });
  const stream = other("w").stream("first", 1, { store: faulty, runId: "r1" });
  void stream.next();

  const left = stream.return();
  const cancelled = stream.cancel("enough");
  gates.openAll();
  await Promise.all([left, cancelled]);

  assertEquals((await headOf(store, "r1")).status, "cancelled");
});

Deno.test("Workflow.resume() of a run that has ended only ends, whatever the reader has seen", async () => {
  for (
    const [status, word] of [["completed", "resolved"], ["failed", "rejected"], ["cancelled", "rejected"]] as const
  ) {
    const store = new MemoryStore();
    const workflow = new Workflow({ name: "w" }).add({
      name: "a",
      action: async (_ctx, _payload, _log, { signal }) => {
        if (status === "cancelled") await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
      decision: () => {
        if (status === "failed") throw new RangeError("no way");
      },
    });
    const stream = workflow.stream("a", 1, { store, runId: "r1" });
    const first = readAll(stream);
    if (status === "cancelled") {
      await laterTurn();
      await stream.cancel();
    }
    await first;
    const all = await storedEvents(store, "r1");

    for (const after of [undefined, 0, 1, all.length - 1, all.length]) {
      const again = workflow.resume("r1", { store, after });
      const { items, failure } = await readAll(again);
      assertEquals(items as unknown[], all.slice(after ?? all.length - 1), `${status} after ${after}`);
      assertEquals(failure?.error instanceof RunFailedError, status === "failed");
      assertEquals((await stateOf(again.result)).startsWith(word), true);
    }
    assertEquals(await storedEvents(store, "r1"), all);
  }
});

Deno.test("Workflow.resume() refuses a run of another workflow, also one that has ended", async () => {
  const store = new MemoryStore();
  await other("w").run("first", 1, { store, runId: "r1" });

  const error = await assertRejects(() => other("v").resume("r1", { store }).next(), VersionMismatchError);

  assertStringIncludes(error.message, 'workflow "w"');
});

Deno.test("A stored run counts no step of a run inside that a crash has made void, and those of earlier attempts once", async () => {
  for (const stopsAt of [3, 6, 9]) {
    const undisturbed = await readAll(countingInside().stream("sub", 0, { store: new MemoryStore() }));
    const { store, workflow } = await leftInside(stopsAt);

    const { items, failure } = await readAll(workflow.resume("r1", { store, maxSteps: 9 }));

    assertEquals(failure, null, `stopped at ${stopsAt}`);
    assertEquals(stepsOf(items), stepsOf(undisturbed.items), `stopped at ${stopsAt}`);
  }
});

Deno.test("A stored run traces no step of a run inside that a crash has made void, and those of earlier attempts once", async () => {
  for (const stopsAt of [3, 6, 9]) {
    const { store, workflow } = await leftInside(stopsAt);

    const { trace } = await workflow.resume("r1", { store }).result;
    const later = await workflow.resume("r1", { store }).result;

    const done = [1, 2, 3, 4, 1, 2, 3, 4].map((value) => ["x", value]);
    assertEquals(trace.map(({ step, value }) => [step, value]), [...done, ["sub", 4]], `stopped at ${stopsAt}`);
    assertEquals(later.trace, trace);
  }
});

/** A workflow with four steps inside its only one, whose first attempt fails when all of them are done. */
function countingInside(): Workflow<Any, Any> {
  const inner = new Workflow<Any, Any>().add({
    name: "x",
    // So that each step is committed before the next.
    action: async (_ctx, number) => {
      await laterTurn();
      return number + 1;
    },
    decision: (_ctx, { value }, enqueue) => {
      if (value < 4) enqueue.tail("x");
    },
  });
  let failures = 1;
  const sub = asStep("sub", inner, {
    start: "x",
    retry: { maxAttempts: 2, delayMs: 0 },
    value: (context: Any) => {
      if ((failures -= 1) >= 0) throw new Error("once");
      return context["result.x"];
    },
  });
  return new Workflow<Any, Any>({ name: "w" }).add(sub);
}

/** Such a run, left after some results. */
async function leftInside(
  stopsAt: number,
): Promise<{ readonly store: RunStore; readonly workflow: Workflow<Any, Any> }> {
  const store = new MemoryStore();
  const workflow = countingInside();
  let results = 0;
  for await (const { type } of workflow.stream("sub", 0, { store, runId: "r1", maxSteps: 9 })) {
    if (type === "step.result" && (results += 1) === stopsAt) break;
  }
  return { store, workflow };
}

/** How many steps the run says that it has done. */
function stepsOf(events: readonly WorkflowEvent<Any, Any>[]): number | null {
  const end = events.at(-1);
  return end?.type === "run.end" ? end.steps : null;
}

Deno.test("A stored run keeps what is undefined: results of steps, and keys that it starts with or that steps set", async () => {
  const workflow = new Workflow<Any, Any>({ name: "w" }).add(
    { name: "nothing", action: () => {}, decision: decideTo("unset") },
    { name: "unset", action: (ctx) => void (ctx.two = undefined), decision: decideTo("look") },
    { name: "look", action: (ctx) => ["result.nothing" in ctx, "one" in ctx, "two" in ctx, "three" in ctx] },
  );
  const store = new MemoryStore();
  const options = { context: { one: undefined, two: 2 } };
  const plain = await workflow.run("nothing", 1, options);

  const stored = await workflow.run("nothing", 1, { ...options, store });
  for await (const { type } of workflow.stream("nothing", 1, { ...options, store, runId: "r1" })) {
    if (type === "step.result") break;
  }
  const resumed = await workflow.resume("r1", { store }).result;

  assertEquals(plain.context["result.look"], [true, true, true, false]);
  assertEquals(stored.context, plain.context);
  assertEquals(resumed.context, plain.context);
});

for (const method of ["load", "claim"] as const) {
  for (const isLast of [false, true]) {
    const progress = isLast ? "ends" : "has done a step";
    Deno.test(`Workflow.resume() goes on from the last commit where the run ${progress} before the store is asked to ${method}`, async () => {
      const store = new MemoryStore();
      const gates = new Gates();
      const done: string[] = [];
      const workflow = new Workflow<Any, Any, Any, Any>({ name: "w" }).add({
        name: "work",
        action: async (_ctx, payload: number, _log, { idempotencyKey, signal }) => {
          const stop = () => gates.openAll(idempotencyKey);
          signal.addEventListener("abort", stop);
          await gates.wait(idempotencyKey);
          signal.removeEventListener("abort", stop);
          signal.throwIfAborted();
          done.push(idempotencyKey);
          return payload;
        },
        decision: (_ctx, { value }, enqueue) => {
          if (value !== null && value < 2) enqueue.tail("work", value + 1);
        },
      });
      const first = readAll(workflow.stream("work", isLast ? 2 : 1, { store, runId: "r1" }));
      while (gates.waiting.length === 0) await laterTurn();
      let hasGoneOn = false;
      const faulty = new FaultyStore(store, async (call): Promise<Fate> => {
        if (call.method !== method || hasGoneOn) return "answered";
        hasGoneOn = true;
        gates.openAll();
        for (let turns = 0; turns < 3; turns += 1) await laterTurn();
        return "answered";
      });

      const second = readAll(workflow.resume("r1", { store: faulty, after: 0 }));
      for (let turns = 0; turns < 12; turns += 1) {
        await laterTurn();
        if (hasGoneOn && turns > 8) gates.openAll();
      }
      await first;
      const { items, failure } = await second;

      // What the first runner has begun by then is done twice: at least once is what a runner that was fenced off can
      // have.
      assertEquals([failure, hasGoneOn, done.filter((key) => key === "r1/1")], [null, true, ["r1/1"]]);
      assertEquals(items.map(({ seq }) => seq), items.map((_, index) => index + 1));
      assertEquals(items as unknown[], await storedEvents(store, "r1"));
    });
  }
}

Deno.test("A reader whose events cannot be read back gets no later ones in their place", async () => {
  const { store, stream, create } = await runAtWork();
  await stream.return();
  let asked = 0;
  const faulty = new FaultyStore(store, ({ method }) => method === "events" && asked++ === 0 ? "lost" : "answered");

  const resumed = create().resume("r1", { store: faulty, after: 0 });
  await assertRejects(() => resumed.next(), StoreError);
  const next = resumed.next().then(({ done, value }) => done || value?.seq === 1, () => true);
  await laterTurn();
  await resumed.return();

  assertEquals(await next, true);
});

Deno.test("Several next() of a resumed run get what was and what is in order", async () => {
  const { store, stream, create, gates } = await runAtWork();
  await stream.return();

  const resumed = create().resume("r1", { store, after: 1 });
  const asked = Array.from({ length: 9 }, () => resumed.next());
  while (gates.waiting.length < 1) await laterTurn();
  gates.openAll();

  const got = await Promise.all(asked);
  assertEquals(got.map(({ value }) => value?.seq), [2, 3, 4, 5, 6, 7, 8, 9, undefined]);
});

for (const place of ["two steps", "one step"] as const) {
  Deno.test(`StepScope.idempotencyKey inside ${place} is never that of other work, also after a crash`, async () => {
    const store = new MemoryStore();
    const gates = new Gates();
    const keys: [string, string][] = [];
    let order = ["x", "y"];
    const inner = new Workflow<Any, Any, Any, Any>({ name: "inner" }).add(
      {
        name: "i",
        action: async (_ctx, who: string, _log, { idempotencyKey }) => {
          keys.push([`begin ${who}`, idempotencyKey]);
          await gates.wait(who);
          return who;
        },
        decision: (_ctx, result, enqueue) => enqueue.tail("pay", result.value),
      },
      {
        name: "pay",
        action: async (_ctx, who: string, _log, { idempotencyKey }) => {
          keys.push([`pay ${who}`, idempotencyKey]);
          await gates.wait(`pay ${who}`);
        },
      },
    );
    const fork = (step: string): Step => ({
      name: "fork",
      action: () => 1,
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail(step, "x");
        enqueue.tail(step, "y");
      },
    });
    const workflow = new Workflow<Any, Any, Any, Any>({ name: "w" });
    if (place === "two steps") workflow.add(fork("sub"), asStep("sub", inner, { start: "i" }));
    else workflow.add(asStep("fork", inner.add(fork("i")), { start: "fork" }));
    /** Commits until both are at work, and nothing any more after that, as if the process were killed. */
    let isDead = false;
    const faulty = new FaultyStore(store, () => isDead ? "hung" : "answered");
    const first = workflow.stream("fork", 1, { store: faulty, runId: "r1", concurrency: 2, clock: new ManualClock() });
    void readAll(first);
    while (gates.waiting.length < 2) await laterTurn();
    isDead = true;
    const pay = async (stopAt: number) => {
      for (const who of order) {
        gates.openAll(who);
        await laterTurn();
      }
      while (keys.length < stopAt && gates.waiting.length < 99) await laterTurn();
    };
    await pay(4);
    order = ["y", "x"];
    const second = workflow.resume("r1", { store, concurrency: 2 });
    const reading = readAll(second);
    while (gates.waiting.length < 4) await laterTurn();
    await pay(8);
    gates.openAll();
    await reading;
    void first.cancel();

    const owners = new Map<string, string>();
    for (const [who, key] of keys) {
      assertEquals(owners.get(key) ?? who, who, `${key} is the key of two: ${JSON.stringify(keys)}`);
      owners.set(key, who);
    }
  });
}

Deno.test("Workflow.resume() after an event that the run does not have rejects with EventsGoneError", async () => {
  const { store, stream, create } = await runAtWork();
  await stream.return();

  const resumed = create().resume("r1", { store, after: 1_000 });

  await assertRejects(() => resumed.next(), EventsGoneError, 'Cannot read the events of run "r1" after 1000');
  await resumed.return();
});

Deno.test("A run that was cancelled tells why, whoever asks for its result later", async () => {
  const gone = async (reason?: unknown) => {
    const workflow = new Workflow().add({ name: "a", action: () => new Promise(() => {}) });
    const options = { store: new MemoryStore(), runId: "r1", cleanupTimeoutMs: 0 };
    const stream = workflow.stream("a", null, options);
    await stream.next();
    await stream.cancel(reason);
    return await assertRejects(() => workflow.resume("r1", options).result, RunCancelledError);
  };

  const [told, silent] = [await gone(new RangeError("the user has left")), await gone()];

  assertEquals(told.message, 'Run "r1" was cancelled: RangeError: the user has left');
  assertEquals(told.cause, { name: "RangeError", message: "the user has left" });
  assertEquals([silent.message, silent.cause], ['Run "r1" was cancelled', undefined]);
});

Deno.test("A stored run that is resumed has all payloads of a list, also those that are holes", async () => {
  const create = (done: unknown[]) =>
    new Workflow<Any, Any>().add(
      {
        name: "split",
        action: () => null,
        decision: (_ctx, _result, enqueue) => {
          // deno-lint-ignore no-sparse-arrays
          enqueue.all("item", ["a", , "c"], { then: "done" });
          enqueue.tail("other", "x");
        },
      },
      ...["item", "other"].map((name) => ({
        name,
        action: (_ctx: unknown, payload: unknown) => {
          done.push(payload);
        },
      })),
      { name: "done", action: (_ctx, results) => results.length },
    );
  const options = { store: new MemoryStore(), runId: "r1" };
  const done: unknown[] = [];
  for await (const event of create(done).stream("split", null, options)) {
    if (event.type === "step.start" && event.step === "item") break;
  }

  const { context } = await create(done).resume("r1", options).result;

  assertEquals([done, context["result.done"]], [["a", undefined, "c", "x"], 3]);
});
