import { RunCancelledError, type RunOptions, type RunStream, type StepScope, Workflow } from "@stepstream/workflow";
import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { spy } from "@std/testing/mock";
import { laterTurn, readAll, stateOf, typesOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { spiedSignal } from "../tools/spied_signal.ts";

/** A way to end a run from outside. `isLeft`: the reader has gone, so that no event is for anybody. */
interface WayOut {
  readonly name: string;
  readonly isLeft: boolean;
  readonly take: (stream: RunStream, abort: (reason?: unknown) => void) => unknown;
}

const WAYS_OUT: readonly WayOut[] = [
  { name: "cancel()", isLeft: false, take: (stream) => stream.cancel() },
  { name: "an aborted signal", isLeft: false, take: (_stream, abort) => abort() },
  { name: "return()", isLeft: true, take: (stream) => stream.return() },
  { name: "throw()", isLeft: true, take: (stream) => stream.throw?.(new Error("thrown")).catch(() => {}) },
  { name: "await using", isLeft: true, take: (stream) => stream[Symbol.asyncDispose]() },
];

interface Waiting {
  readonly stream: RunStream;
  readonly scope: StepScope;
  readonly release: (value?: unknown) => void;
  readonly fail: (error: unknown) => void;
  /** What was called since: the action's end, the decision, the next step. */
  readonly calls: string[];
  readonly abort: (reason?: unknown) => void;
  readonly controller: ReturnType<typeof spiedSignal>;
  readonly clock: ManualClock;
}

/** A run whose action is at work and waits, deaf to its signal, for what the test gives it. */
async function waitingRun(options: RunOptions = {}): Promise<Waiting> {
  const gate = Promise.withResolvers<unknown>();
  const begun = Promise.withResolvers<StepScope>();
  const calls: string[] = [];
  const workflow = new Workflow().add(
    {
      name: "wait",
      action: async (_ctx, _payload, _log, scope) => {
        begun.resolve(scope);
        try {
          return await gate.promise;
        } finally {
          calls.push("action over");
        }
      },
      decision: (_ctx, _result, enqueue) => {
        calls.push("decision");
        enqueue.tail("next");
      },
    },
    { name: "next", action: () => calls.push("next") },
  );
  const controller = spiedSignal();
  const clock = new ManualClock();
  const stream: RunStream = workflow.stream("wait", null, { clock, signal: controller.signal, ...options });
  await stream.next();
  await stream.next();
  const scope = await begun.promise;
  return { stream, scope, release: gate.resolve, fail: gate.reject, calls, abort: controller.abort, controller, clock };
}

for (const { name, isLeft, take } of WAYS_OUT) {
  Deno.test(`RunStream ended by ${name} aborts scope.signal before the call returns`, async () => {
    const { stream, scope, abort, release } = await waitingRun();
    const { signal } = scope;

    const taken = take(stream, abort);

    assertEquals(signal.aborted, true);
    release();
    await taken;
  });

  Deno.test(`RunStream ended by ${name} aborts a signal that is asked for only afterwards`, async () => {
    const { stream, scope, abort, release } = await waitingRun();

    const taken = take(stream, abort);

    assertEquals(scope.signal.aborted, true);
    release();
    await taken;
  });

  Deno.test(`RunStream ended by ${name} settles a next() that waits`, async () => {
    const { stream, abort, release } = await waitingRun();
    const waiting = [stateOf(stream.next()), stateOf(stream.next())];

    const taken = take(stream, abort);

    assertEquals(await Promise.all(waiting), isLeft ? ["done", "done"] : ["run.end", "done"]);
    release();
    await taken;
  });

  Deno.test(`RunStream ended by ${name} is done afterwards`, async () => {
    const { stream, abort, release } = await waitingRun();
    release();
    await take(stream, abort);

    const { items, failure } = await readAll(stream);

    assertEquals([typesOf(items), failure], [isLeft ? [] : ["run.end"], null]);
  });

  Deno.test(`RunStream ended by ${name} runs neither the decision nor a later step`, async () => {
    const { stream, abort, release, calls } = await waitingRun();

    const taken = take(stream, abort);
    release("late");
    await taken;
    await laterTurn();

    assertEquals(calls, ["action over"]);
  });

  Deno.test(`RunStream ended by ${name} leaves no timer and no listener`, async () => {
    const { stream, abort, release, clock, controller } = await waitingRun();

    const taken = take(stream, abort);
    release();
    await taken;
    await laterTurn();

    assertEquals([clock.pendingMs, controller.listeners], [[], 0]);
  });

  Deno.test(`RunStream ended by ${name} leaves no rejection unhandled, also of an action that fails late`, async () => {
    using trap = new RejectionTrap();
    const { stream, abort, fail } = await waitingRun();

    const taken = take(stream, abort);
    fail(new Error("late"));
    await taken;
    await laterTurn();

    assertEquals(trap.reasons, []);
  });

  Deno.test(`RunStream ended by ${name} has a result that rejects`, async () => {
    const { stream, abort, release } = await waitingRun();

    const taken = take(stream, abort);
    release();
    await taken;

    await assertRejects(() => stream.result);
  });

  Deno.test(`RunStream ended by ${name} before it starts runs nothing`, async () => {
    const action = spy();
    const { signal, abort, ...controller } = spiedSignal();
    const stream: RunStream = new Workflow().add({ name: "a", action }).stream("a", null, { signal });

    await take(stream, abort);
    const { items, failure } = await readAll(stream);

    assertEquals([action.calls.length, controller.listeners], [0, 0]);
    assertEquals([typesOf(items), failure], [isLeft ? [] : ["run.start", "run.end"], null]);
  });

  Deno.test(`RunStream ended by ${name} between two steps starts no other one`, async () => {
    const second = spy();
    const { signal, abort } = spiedSignal();
    const workflow = new Workflow().add(
      { name: "first", action: () => 1, decision: (_ctx, _result, enqueue) => enqueue.tail("second") },
      { name: "second", action: second },
    );
    const stream: RunStream = workflow.stream("first", null, { signal });
    for (let index = 0; index < 3; index += 1) await stream.next();

    await take(stream, abort);
    const { items } = await readAll(stream);

    assertEquals([second.calls.length, typesOf(items)], [0, isLeft ? [] : ["run.end"]]);
  });

  Deno.test(`RunStream that has completed is not changed by ${name}`, async () => {
    const { signal, abort } = spiedSignal();
    const stream: RunStream = new Workflow().add({ name: "a", action: () => 1 }).stream("a", null, { signal });
    await Array.fromAsync(stream);

    await take(stream, abort);

    assertEquals((await stream.result).context, { "result.a": 1 });
  });
}

const WAYS_TO_WAIT = WAYS_OUT.filter(({ name }) => name !== "an aborted signal");

for (const { name, take } of WAYS_TO_WAIT) {
  Deno.test(`RunStream ended by ${name} waits for the action at work to clean up`, async () => {
    const { stream, abort, release, calls } = await waitingRun();

    const taken = Promise.resolve(take(stream, abort));
    const before = await stateOf(taken);
    release();
    await taken;

    assertEquals([before, calls], ["pending", ["action over"]]);
  });

  Deno.test(`RunStream ended by ${name} waits no longer than cleanupTimeoutMs for an action that ignores it`, async () => {
    const { stream, abort, release, clock } = await waitingRun({ cleanupTimeoutMs: 50 });

    const taken = Promise.resolve(take(stream, abort));
    clock.tick(49);
    const before = await stateOf(taken);
    clock.tick(1);
    const after = await stateOf(taken);

    assertEquals([before, after === "pending", clock.pendingMs], ["pending", false, []]);
    release();
  });

  Deno.test(`RunStream ended by ${name} once and again is ended once`, async () => {
    const { stream, abort, release } = await waitingRun();

    const taken = [take(stream, abort), take(stream, abort)];
    release();
    await Promise.all(taken);

    await assertRejects(() => stream.result);
  });
}

Deno.test("RunStream.return() waits a second where the platform's clock is used", async () => {
  using time = new FakeTime();
  const workflow = new Workflow().add({ name: "deaf", action: () => new Promise(() => {}) });
  const stream = workflow.stream("deaf");
  await stream.next();
  await stream.next();

  const left = stream.return("left");
  time.tick(999);
  const before = await stateOf(left);
  time.tick(1);

  assertEquals([before, await left], ["pending", { done: true, value: "left" }]);
});

Deno.test("RunStream with an unlimited cleanupTimeoutMs sets no timer that a platform would let fire at once", async () => {
  const { stream, release, clock } = await waitingRun({ cleanupTimeoutMs: Infinity });

  const cancelled = stream.cancel();

  assertEquals(clock.pendingMs.filter((delayMs) => delayMs > 2 ** 31 - 1), []);
  release();
  await cancelled;
});

Deno.test("RunStream left by break aborts scope.signal in the same turn", async () => {
  const order: string[] = [];
  const workflow = new Workflow().add({
    name: "wait",
    action: (_ctx, _payload, log, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          order.push("aborted");
          resolve(null);
        });
        log.event("waiting");
      }),
  });

  for await (const event of workflow.stream("wait")) {
    if (event.type !== "step.log") continue;
    queueMicrotask(() => order.push("microtask"));
    order.push("break");
    break;
  }
  order.push("after the loop");

  assertEquals(order, ["break", "aborted", "microtask", "after the loop"]);
});

Deno.test("RunStream left by break waits for the action's own finally", async () => {
  const order: string[] = [];
  const workflow = new Workflow().add({
    name: "wait",
    action: async (_ctx, _payload, log, { signal }) => {
      try {
        log.event("waiting");
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        await laterTurn();
      } finally {
        order.push("finally");
      }
    },
  });

  for await (const event of workflow.stream("wait")) if (event.type === "step.log") break;
  order.push("after the loop");

  assertEquals(order, ["finally", "after the loop"]);
});

Deno.test("RunStream left by an error in the loop's body throws that error, not one of the cleanup", async () => {
  const mine = new Error("mine");
  const workflow = new Workflow().add({
    name: "wait",
    action: async (_ctx, _payload, log, { signal }) => {
      log.event("waiting");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw new Error("cleanup");
    },
  });

  const error = await assertRejects(async () => {
    for await (const event of workflow.stream("wait")) if (event.type === "step.log") throw mine;
  });

  assertStrictEquals(error, mine);
});

Deno.test("RunStream in `await using` is cancelled at the end of the block", async () => {
  const second = spy();
  const workflow = new Workflow().add(
    { name: "first", action: () => 1, decision: (_ctx, _result, enqueue) => enqueue.tail("second") },
    { name: "second", action: second },
  );
  let stream: RunStream;

  {
    await using used: RunStream = workflow.stream("first");
    stream = used;
    await used.next();
    await used.next();
  }

  assertEquals([await stateOf(stream.next()), second.calls.length], ["done", 0]);
});

const REASONS: readonly unknown[] = [new Error("enough"), "enough", 0, null, false, ""];

for (const reason of REASONS) {
  const text = reason instanceof Error ? "an error" : JSON.stringify(reason);

  Deno.test(`RunStream.cancel() with ${text} tells it in run.end, in the result and to the signal`, async () => {
    const { stream, scope, release } = await waitingRun();
    const { signal } = scope;

    const cancelled = stream.cancel(reason);
    release();
    await cancelled;
    const [end] = await Array.fromAsync(stream);
    const rejection = await stream.result.catch((error) => error);

    const told = end?.type === "run.end" ? [end.status, end.error, end.steps] : [];
    assertEquals([told, rejection, signal.reason], [["cancelled", reason, 0], reason, reason]);
  });
}

Deno.test("RunStream.cancel() without a reason gives a RunCancelledError that names the run", async () => {
  const { stream, release } = await waitingRun({ runId: "run-1" });
  release();

  await stream.cancel();

  const error = await assertRejects(() => stream.result, RunCancelledError);
  assertEquals(error.runId, "run-1");
});

Deno.test("RunStream cancelled by its signal rejects with the signal's reason", async () => {
  const reason = new Error("shutting down");
  const { stream, abort, release } = await waitingRun();
  release();

  abort(reason);

  assertStrictEquals(await assertRejects(() => stream.result), reason);
});

Deno.test("RunStream cancelled by its signal tells a DOMException where the signal has no reason of its own", async () => {
  const stream: RunStream = new Workflow().add({ name: "a", action: () => 1 }).stream("a", null, {
    signal: AbortSignal.abort(),
  });

  const events = await Array.fromAsync(stream);

  const end = events.at(-1);
  assertEquals(typesOf(events), ["run.start", "run.end"]);
  assertInstanceOf(end?.type === "run.end" ? end.error : null, DOMException);
});

Deno.test("RunStream keeps what was told before cancel() for its reader", async () => {
  const stream: RunStream = new Workflow().add({
    name: "talk",
    action: (_ctx, _payload, log) => {
      log.event("one");
      log.event("two");
    },
  }).stream("talk");
  await stream.next();
  await stream.next();

  await stream.cancel();
  const rest = await Array.fromAsync(stream);

  assertEquals(typesOf(rest), ["step.log", "step.log", "step.result", "run.end"]);
});

Deno.test("RunStream drops the logs, chunks and results that a cancelled action tells late", async () => {
  const gate = Promise.withResolvers<void>();
  const workflow = new Workflow().add({
    name: "late",
    action: async function* (_ctx, _payload, log) {
      await gate.promise;
      log.event("late");
      yield "late";
      return "late";
    },
  });
  const context = { kept: true };
  const stream: RunStream = workflow.stream("late", null, { context });
  await stream.next();
  await stream.next();
  const waiting = stream.next();
  await laterTurn();

  const cancelled = stream.cancel();
  gate.resolve();
  await cancelled;
  await laterTurn();
  const first = await waiting;
  const rest = await Array.fromAsync(stream);

  assertEquals([first.value?.type, first.value?.seq, typesOf(rest)], ["run.end", 3, []]);
});

Deno.test("RunStream keeps a cancelled action's value out of the context", async () => {
  let seen: Record<string, unknown> = {};
  const gate = Promise.withResolvers<string>();
  const workflow = new Workflow().add({
    name: "late",
    action: (ctx) => {
      seen = ctx;
      return gate.promise;
    },
  });
  const stream: RunStream = workflow.stream("late");
  await stream.next();
  await stream.next();

  const cancelled = stream.cancel();
  gate.resolve("late");
  await cancelled;
  await laterTurn();

  assertEquals(Object.keys(seen), []);
});

Deno.test("RunStream drops what an async decision enqueues after cancel()", async () => {
  const gate = Promise.withResolvers<void>();
  const next = spy();
  const workflow = new Workflow().add(
    {
      name: "slow",
      action: () => 1,
      decision: async (_ctx, _result, enqueue) => {
        await gate.promise;
        enqueue.tail("next");
      },
    },
    { name: "next", action: next },
  );
  const stream: RunStream = workflow.stream("slow");
  await stream.next();
  await stream.next();

  const cancelled = stream.cancel();
  gate.resolve();
  await cancelled;
  const events = await Array.fromAsync(stream);

  assertEquals([typesOf(events), next.calls.length], [["run.end"], 0]);
});

/** What calls back into its own run and cancels it, at a place where the run is in the middle of a step. */
const INSIDERS: Record<string, (workflow: Workflow, cancel: () => void) => RunOptions> = {
  "a sync action": (workflow, cancel) => {
    workflow.add({ name: "a", action: cancel });
    return {};
  },
  "a sync decision": (workflow, cancel) => {
    workflow.add({ name: "a", action: () => 1, decision: cancel });
    return {};
  },
  "a sync decision after an async action": (workflow, cancel) => {
    workflow.add({ name: "a", action: () => Promise.resolve(1), decision: cancel });
    return {};
  },
  "an async decision": (workflow, cancel) => {
    workflow.add({
      name: "a",
      action: () => 1,
      decision: async () => {
        await undefined;
        cancel();
      },
    });
    return {};
  },
  "a logger's log()": (workflow, cancel) => {
    workflow.add({ name: "a", action: () => 1 });
    return { logger: { log: cancel } };
  },
  "a logger's event()": (workflow, cancel) => {
    workflow.add({ name: "a", action: (_ctx, _payload, log) => log.event("one") });
    return { logger: { log: () => {}, event: cancel } };
  },
  "a generator action": (workflow, cancel) => {
    workflow.add({
      name: "a",
      action: function* () {
        cancel();
        yield 1;
      },
    });
    return {};
  },
};

for (const [insider, build] of Object.entries(INSIDERS)) {
  Deno.test(`RunStream tells nothing after run.end when ${insider} cancels its own run`, async () => {
    const workflow = new Workflow();
    const options = build(workflow, () => void stream.cancel());
    const stream: RunStream = workflow.stream("a", null, options);

    const events = await Array.fromAsync(stream);

    assertEquals(typesOf(events), ["run.start", "step.start", "run.end"]);
  });

  Deno.test(`RunStream.result rejects when ${insider} cancels its own run`, async () => {
    const workflow = new Workflow();
    const options = build(workflow, () => void stream.cancel("enough"));
    const stream: RunStream = workflow.stream("a", null, options);

    const reason = await stream.result.catch((error) => error);

    assertEquals(reason, "enough");
  });
}

Deno.test("RunStream gives its logger no result line of a step whose decision cancels the run", async () => {
  const lines: string[] = [];
  const workflow = new Workflow().add({ name: "a", action: () => 1, decision: () => void stream.cancel() });
  const stream: RunStream = workflow.stream("a", null, { logger: { log: (step) => lines.push(step) } });

  await Array.fromAsync(stream);

  assertEquals(lines, []);
});

for (const when of ["before", "after"] as const) {
  Deno.test(`RunStream.result waits for an async action that cancels its own run ${when} its first await`, async () => {
    const order: string[] = [];
    const workflow = new Workflow().add({
      name: "suicidal",
      action: async () => {
        if (when === "after") await undefined;
        void stream.cancel();
        await laterTurn();
        order.push("action over");
      },
    });
    const stream: RunStream = workflow.stream("suicidal");
    await stream.next();
    await stream.next();

    await stream.result.catch(() => {});
    order.push("result");

    assertEquals(order, ["action over", "result"]);
  });

  Deno.test(`RunStream.return() waits for an async action that aborts its own signal ${when} its first await`, async () => {
    const order: string[] = [];
    const controller = new AbortController();
    const workflow = new Workflow().add({
      name: "suicidal",
      action: async () => {
        if (when === "after") await undefined;
        controller.abort();
        await laterTurn();
        order.push("action over");
      },
    });
    const stream: RunStream = workflow.stream("suicidal", null, { signal: controller.signal });
    await stream.next();
    await stream.next();

    await stream.return();
    order.push("return");

    assertEquals(order, ["action over", "return"]);
  });
}

Deno.test("RunStream ended from an abort listener of its own action is ended once", async () => {
  const workflow = new Workflow().add({
    name: "wait",
    action: (_ctx, _payload, _log, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          void stream.cancel("again");
          resolve(null);
        });
      }),
  });
  const stream: RunStream = workflow.stream("wait");
  await stream.next();
  await stream.next();

  await stream.cancel("first");
  const events = await Array.fromAsync(stream);

  assertEquals(events.map((event) => event.type === "run.end" ? event.error : event.type), ["first"]);
});

Deno.test("RunStream cancelled without a reader is over, and its result rejects", async () => {
  const gate = Promise.withResolvers<void>();
  const controller = new AbortController();
  const workflow = new Workflow().add({ name: "wait", action: () => gate.promise });
  const outcome = workflow.run("wait", null, { signal: controller.signal });

  controller.abort("enough");
  gate.resolve();

  assertEquals(await outcome.catch((error) => error), "enough");
});

Deno.test("RunStream.cancel() of a run that has failed changes nothing", async () => {
  const boom = new Error("boom");
  const workflow = new Workflow().add({
    name: "fail",
    action: () => 1,
    decision: () => {
      throw boom;
    },
  });
  const stream: RunStream = workflow.stream("fail");
  await readAll(stream);

  await stream.cancel("late");

  assertStrictEquals(await assertRejects(() => stream.result), boom);
});

Deno.test("RunStream that fails with undefined aborts a signal that is asked for only afterwards", async () => {
  const gate = Promise.withResolvers<void>();
  const scopes: StepScope[] = [];
  const workflow = new Workflow().add(
    {
      name: "start",
      action: () => {},
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail("slow");
        enqueue.tail("bad");
      },
    },
    {
      name: "slow",
      action: (_ctx, _payload, _log, scope) => {
        scopes.push(scope);
        return gate.promise;
      },
    },
    {
      name: "bad",
      action: () => {},
      decision: () => Promise.reject(),
    },
  );

  await readAll(workflow.stream("start", null, { concurrency: 2, cleanupTimeoutMs: 0 }));

  assertEquals([scopes.length, scopes[0]?.signal.aborted], [1, true]);
  gate.resolve();
});
