import {
  type Action,
  type Decision,
  type RunOptions,
  type RunStream,
  StepLimitError,
  systemClock,
  UnknownStepError,
  Workflow,
} from "@stepstream/workflow";
import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { laterTurn, readAll, typesOf } from "../tools/events.ts";
import { heapInUse } from "../tools/heap.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { spiedSignal } from "../tools/spied_signal.ts";

Deno.test("Workflow.stream() tells a run from run.start to run.end", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow({ name: "orders", version: "7" }).add({
    name: "load",
    action: (_ctx, payload, log) => {
      clock.tick(5);
      log.event("loaded", { count: 2 });
      return payload;
    },
    decision: (_ctx, _result, enqueue) => {
      clock.tick(2);
      enqueue.head("save", "first");
      enqueue.tail("save");
    },
  }, { name: "save", action: () => null });

  const events = await Array.fromAsync(workflow.stream("load", "in", { clock, runId: "run-1" }));

  const base = { runId: "run-1" };
  const load = { ...base, token: 1, step: "load", attempt: 1 };
  const save = { ...base, step: "save", attempt: 1 };
  assertEquals<unknown[]>(events, [
    { type: "run.start", seq: 1, at: 0, ...base, workflow: "orders", version: "7", start: "load", payload: "in" },
    { type: "step.start", seq: 2, at: 0, ...load, parent: null, payload: "in" },
    { type: "step.log", seq: 3, at: 5, ...load, name: "loaded", data: { count: 2 } },
    {
      type: "step.result",
      seq: 4,
      at: 7,
      ...load,
      payload: "in",
      result: { ok: true, value: "in", error: null },
      routed: [{ token: 2, step: "save", where: "head" }, { token: 3, step: "save", where: "tail" }],
      queueLength: 2,
      durationMs: 7,
      droppedLogs: 0,
    },
    { type: "step.start", seq: 5, at: 7, ...save, token: 2, parent: 1, payload: "first" },
    {
      type: "step.result",
      seq: 6,
      at: 7,
      ...save,
      token: 2,
      payload: "first",
      result: { ok: true, value: null, error: null },
      routed: [],
      queueLength: 1,
      durationMs: 0,
      droppedLogs: 0,
    },
    { type: "step.start", seq: 7, at: 7, ...save, token: 3, parent: 1, payload: "in" },
    {
      type: "step.result",
      seq: 8,
      at: 7,
      ...save,
      token: 3,
      payload: "in",
      result: { ok: true, value: null, error: null },
      routed: [],
      queueLength: 0,
      durationMs: 0,
      droppedLogs: 0,
    },
    { type: "run.end", seq: 9, at: 7, ...base, status: "completed", error: null, steps: 3 },
  ]);
});

const ACTIONS: Record<string, { readonly sync: Action; readonly async: Action }> = {
  "returns": { sync: (_ctx, payload) => payload, async: async (_ctx, payload) => await payload },
  "returns a promise": {
    sync: (_ctx, payload) => payload,
    async: (_ctx, payload) => new Promise((resolve) => queueMicrotask(() => resolve(payload))),
  },
  "returns a thenable": {
    sync: (_ctx, payload) => payload,
    async: (_ctx, payload) => ({ then: (resolve: (value: unknown) => void) => resolve(payload) }),
  },
  "returns a thenable that is none at the second look": {
    sync: () => {
      throw new Error("boom");
    },
    async: () => {
      let looks = 0;
      return {
        get then() {
          looks += 1;
          if (looks > 1) throw new Error("boom");
          return () => {};
        },
      };
    },
  },
  "returns nothing": { sync: () => {}, async: async () => await undefined },
  "throws": {
    sync: () => {
      throw new Error("boom");
    },
    async: () => Promise.reject(new Error("boom")),
  },
  "throws null": {
    sync: () => {
      // deno-lint-ignore no-throw-literal -- an action may throw whatever it likes
      throw null;
    },
    async: () => Promise.reject(null),
  },
  "logs and then returns": {
    sync: (_ctx, payload, log) => {
      log.event("one", 1);
      return payload;
    },
    async: async (_ctx, payload, log) => {
      await undefined;
      log.event("one", 1);
      return payload;
    },
  },
  "logs and then throws": {
    sync: (_ctx, _payload, log) => {
      log.event("one", 1);
      throw new Error("boom");
    },
    async: async (_ctx, _payload, log) => {
      await undefined;
      log.event("one", 1);
      throw new Error("boom");
    },
  },
  "changes the context": {
    sync: (ctx) => ctx.count = (ctx.count ?? 0) + 1,
    async: async (ctx) => await (ctx.count = (ctx.count ?? 0) + 1),
  },
};

const DECISIONS: Record<string, { readonly sync: Decision | undefined; readonly async: Decision | undefined }> = {
  "is not there": { sync: undefined, async: undefined },
  "routes": {
    sync: (_ctx, _result, enqueue) => enqueue.tail("last", 1),
    async: async (_ctx, _result, enqueue) => {
      await undefined;
      enqueue.tail("last", 1);
    },
  },
  "routes to both ends": {
    sync: (_ctx, _result, enqueue) => {
      enqueue.tail("last", "tail");
      enqueue.head("last", "head");
      enqueue.tail("last");
    },
    async: async (_ctx, _result, enqueue) => {
      enqueue.tail("last", "tail");
      await undefined;
      enqueue.head("last", "head");
      enqueue.tail("last");
    },
  },
  "logs": {
    sync: (_ctx, result, _enqueue, log) => log.event("decided", result.ok),
    async: async (_ctx, result, _enqueue, log) => {
      await undefined;
      log.event("decided", result.ok);
    },
  },
  "throws": {
    sync: () => {
      throw new Error("no way");
    },
    async: () => Promise.reject(new Error("no way")),
  },
  "routes to a step that is not there": {
    sync: (_ctx, _result, enqueue) => enqueue.tail("nowhere", 1),
    async: async (_ctx, _result, enqueue) => {
      await undefined;
      enqueue.tail("nowhere", 1);
    },
  },
};

/** A run's events and outcome as JSON, in which an error is its text: its stack differs from run to run. */
async function observe(action: Action, decision: Decision | undefined): Promise<unknown> {
  const workflow = new Workflow().add(
    { name: "first", action, decision },
    { name: "last", action: (_ctx, payload) => payload },
  );
  const stream: RunStream = workflow.stream("first", "in", { clock: new ManualClock(), runId: "run-1" });
  const { items, failure } = await readAll(stream);
  const outcome = await stream.result.catch((error) => error);
  const observed = { items, failure, outcome };
  return JSON.parse(JSON.stringify(observed, (_key, value) => value instanceof Error ? String(value) : value));
}

for (const [what, action] of Object.entries(ACTIONS)) {
  for (const [then, decision] of Object.entries(DECISIONS)) {
    Deno.test(`Workflow tells the same of sync and async: an action that ${what}, a decision that ${then}`, async () => {
      const expected = await observe(action.sync, decision.sync);

      assertEquals(await observe(action.async, decision.sync), expected);
      assertEquals(await observe(action.sync, decision.async), expected);
      assertEquals(await observe(action.async, decision.async), expected);
    });
  }
}

interface Failure {
  readonly build: (workflow: Workflow) => void;
  readonly options?: RunOptions;
  readonly isExpected: (error: unknown) => void;
  readonly types: readonly string[];
}

const BOOM = new Error("boom");
const ONE_STEP = ["run.start", "step.start", "run.end"];

/** What ends a run as failed. */
const FAILURES: Record<string, Failure> = {
  "a decision throws": {
    build: (workflow) =>
      workflow.add({
        name: "start",
        action: () => 1,
        decision: () => {
          throw BOOM;
        },
      }),
    isExpected: (error) => assertStrictEquals(error, BOOM),
    types: ONE_STEP,
  },
  "an async decision rejects": {
    build: (workflow) => workflow.add({ name: "start", action: () => 1, decision: () => Promise.reject(BOOM) }),
    isExpected: (error) => assertStrictEquals(error, BOOM),
    types: ONE_STEP,
  },
  "a decision throws after an async action": {
    build: (workflow) =>
      workflow.add({
        name: "start",
        action: () => Promise.resolve(1),
        decision: () => {
          throw BOOM;
        },
      }),
    isExpected: (error) => assertStrictEquals(error, BOOM),
    types: ONE_STEP,
  },
  "a decision throws undefined": {
    build: (workflow) =>
      workflow.add({
        name: "start",
        action: () => 1,
        decision: () => {
          // deno-lint-ignore no-throw-literal -- a decision may throw whatever it likes
          throw undefined;
        },
      }),
    isExpected: (error) => assertStrictEquals(error, undefined),
    types: ONE_STEP,
  },
  "the step limit is met": {
    build: (workflow) =>
      workflow.add({ name: "start", action: () => 1, decision: (_ctx, _result, enqueue) => enqueue.tail("start") }),
    options: { maxSteps: 2 },
    isExpected: (error) => {
      assertInstanceOf(error, StepLimitError);
      assertEquals(error.maxSteps, 2);
    },
    types: ["run.start", "step.start", "step.result", "step.start", "step.result", "run.end"],
  },
  "a token names an unknown step": {
    build: (workflow) =>
      workflow.add({ name: "start", action: () => 1, decision: (_ctx, _result, enqueue) => enqueue.tail("nowhere") }),
    isExpected: (error) => {
      assertInstanceOf(error, UnknownStepError);
      assertEquals(error.stepName, "nowhere");
    },
    types: ["run.start", "step.start", "step.result", "run.end"],
  },
};

for (const [what, { build, options, isExpected, types }] of Object.entries(FAILURES)) {
  Deno.test(`RunStream tells run.end as failed and then rejects where ${what}`, async () => {
    const workflow = new Workflow();
    build(workflow);
    const stream: RunStream = workflow.stream("start", null, options);

    const { items, failure } = await readAll(stream);

    const end = items.at(-1);
    assertEquals([typesOf(items), end?.type === "run.end" && end.status], [types, "failed"]);
    isExpected(end?.type === "run.end" && end.error);
    isExpected(failure?.error);
    isExpected(await stream.result.then(() => "no rejection", (error) => error));
  });

  Deno.test(`Workflow.run() rejects with that very error where ${what}`, async () => {
    const workflow = new Workflow();
    build(workflow);

    isExpected(await workflow.run("start", null, options).then(() => "no rejection", (error) => error));
  });
}

Deno.test("Workflow throws UnknownStepError for an unknown start before anything runs", async () => {
  const workflow = new Workflow().add({ name: "a", action: () => 1 });
  const errors: unknown[] = [];

  try {
    workflow.stream("nowhere");
  } catch (error) {
    errors.push(error);
  }
  await workflow.run("nowhere").catch((error) => errors.push(error));

  assertEquals(errors.map((error) => error instanceof UnknownStepError), [true, true]);
});

Deno.test("Workflow goes on after an action that fails", async () => {
  const workflow = new Workflow().add(
    {
      name: "fail",
      action: () => {
        throw BOOM;
      },
      decision: (_ctx, result, enqueue) => enqueue.tail("after", String(result.error)),
    },
    { name: "after", action: (_ctx, payload) => payload },
  );

  const { context, trace } = await workflow.run("fail");

  assertEquals(context, { "result.fail": null, "result.after": "Error: boom" });
  assertEquals(trace.map(({ step, ok, error }) => ({ step, ok, error })), [
    { step: "fail", ok: false, error: "Error: boom" },
    { step: "after", ok: true, error: null },
  ]);
});

Deno.test("Workflow finishes exactly maxSteps steps without an error when no more are left", async () => {
  const workflow = new Workflow().add({
    name: "loop",
    action: (_ctx, left) => left - 1,
    decision: (_ctx, result, enqueue) => {
      if (result.ok && result.value > 0) enqueue.tail("loop", result.value);
    },
  });

  const { trace } = await workflow.run("loop", 3, { maxSteps: 3 });

  assertEquals(trace.length, 3);
});

function countdown(): Workflow {
  return new Workflow().add({
    name: "loop",
    action: (_ctx, left) => left - 1,
    decision: (_ctx, result, enqueue) => {
      if (result.ok && result.value > 0) enqueue.tail("loop", result.value);
    },
  });
}

Deno.test("Workflow.run() needs no stack for a chain of 100 000 synchronous steps", async () => {
  const { context } = await countdown().run("loop", 100_000, { maxSteps: Infinity, captureTrace: false });

  assertEquals(context["result.loop"], 0);
});

Deno.test("Workflow.stream() needs no stack for a chain of 100 000 synchronous steps", async () => {
  let count = 0;

  for await (const _event of countdown().stream("loop", 100_000, { maxSteps: Infinity, captureTrace: false })) {
    count += 1;
  }

  assertEquals(count, 200_002);
});

Deno.test("Workflow.stream() needs no stack for 100 000 next() at once", async () => {
  const stream = countdown().stream("loop", 50_000, { maxSteps: Infinity, captureTrace: false });

  const results = await Promise.all(Array.from({ length: 100_003 }, () => stream.next()));

  assertEquals([results.at(-2)?.value?.type, results.at(-1)?.done], ["run.end", true]);
});

Deno.test("Workflow takes a token that fans out to 100 000 others", async () => {
  const workflow = new Workflow().add(
    {
      name: "split",
      action: () => 1,
      decision: (_ctx, _result, enqueue) => {
        for (let index = 0; index < 50_000; index += 1) {
          enqueue.head("part", index);
          enqueue.tail("part", index);
        }
      },
    },
    { name: "part", action: (ctx) => ctx.count += 1 },
  );

  const { context } = await workflow.run("split", null, { context: { count: 0 }, maxSteps: Infinity });

  assertEquals(context.count, 100_000);
});

Deno.test("Workflow keeps one listener on a signal for 300 000 steps that each use theirs", async () => {
  const controller = spiedSignal();
  const checkpoints: number[] = [];
  let mostListeners = 0;
  const workflow = new Workflow().add({
    name: "loop",
    action: (_ctx, left, _log, { signal }) => {
      signal.addEventListener("abort", () => left);
      mostListeners = Math.max(mostListeners, controller.listeners);
      if (left === 290_000 || left === 1) checkpoints.push(heapInUse());
      return left - 1;
    },
    decision: (_ctx, result, enqueue) => {
      if (result.ok && result.value > 0) enqueue.tail("loop", result.value);
    },
  });

  const options = { signal: controller.signal, maxSteps: Infinity, captureTrace: false };
  for await (const _event of workflow.stream("loop", 300_000, options));

  const grownBy = (checkpoints[1] ?? 0) - (checkpoints[0] ?? 0);
  assertEquals([controller.added, mostListeners, controller.listeners], [1, 1, 0]);
  assertEquals(grownBy < 4_000_000 ? "flat" : `${grownBy} bytes more`, "flat");
});

Deno.test("Workflow keeps the memory flat for 100 000 async steps on one signal", async () => {
  const controller = spiedSignal();
  const checkpoints: number[] = [];
  const workflow = new Workflow().add({
    name: "loop",
    action: async (_ctx, left, _log, { signal }) => {
      signal.addEventListener("abort", () => left);
      await undefined;
      if (left === 90_000 || left === 1) checkpoints.push(heapInUse());
      return left - 1;
    },
    decision: (_ctx, result, enqueue) => {
      if (result.ok && result.value > 0) enqueue.tail("loop", result.value);
    },
  });

  const options = { signal: controller.signal, maxSteps: Infinity, captureTrace: false };
  await workflow.run("loop", 100_000, options);

  const grownBy = (checkpoints[1] ?? 0) - (checkpoints[0] ?? 0);
  assertEquals([controller.added, controller.listeners], [1, 0]);
  assertEquals(grownBy < 4_000_000 ? "flat" : `${grownBy} bytes more`, "flat");
});

const ENDINGS: Record<string, (stream: () => RunStream) => Decision> = {
  "completed": () => () => {},
  "failed": () => () => Promise.reject(BOOM),
  "cancelled": (stream) => () => void stream().cancel(),
};

for (const [ending, createDecision] of Object.entries(ENDINGS)) {
  Deno.test(`Workflow takes its listener off the signal of a run that has ${ending}`, async () => {
    const controller = spiedSignal();
    const workflow = new Workflow().add({ name: "a", action: () => 1, decision: createDecision(() => stream) });
    const stream: RunStream = workflow.stream("a", null, { signal: controller.signal });

    await readAll(stream);

    assertEquals([controller.added, controller.listeners], [1, 0]);
  });
}

Deno.test("Workflow aborts no scope.signal of a run that completes", async () => {
  const signals: AbortSignal[] = [];
  const workflow = new Workflow().add({
    name: "a",
    action: async (_ctx, _payload, _log, { signal }) => {
      signals.push(signal);
      await undefined;
    },
  });

  const stream: RunStream = workflow.stream("a");
  await Array.fromAsync(stream);
  await stream.return();

  assertEquals(signals.map(({ aborted }) => aborted), [false]);
});

Deno.test("Workflow lets two runs go on at once that share nothing", async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const workflow = new Workflow().add(
    {
      name: "first",
      action: async (ctx, run: 0 | 1) => {
        ctx.mine = run;
        await gates[run].promise;
        return run;
      },
      decision: (_ctx, _result, enqueue) => enqueue.tail("second"),
    },
    { name: "second", action: (ctx) => ctx.mine },
  );
  const shared = { given: true };

  const one = workflow.stream("first", 0, { context: shared });
  const other = workflow.run("first", 1, { context: shared });
  for (let index = 0; index < 2; index += 1) await one.next();
  gates[1].resolve();
  const otherOutcome = await other;
  gates[0].resolve();
  const types = typesOf(await Array.fromAsync(one));

  assertEquals(types, ["step.result", "step.start", "step.result", "run.end"]);
  assertEquals([(await one.result).context, otherOutcome.context, shared], [
    { given: true, mine: 0, "result.first": 0, "result.second": 0 },
    { given: true, mine: 1, "result.first": 1, "result.second": 1 },
    { given: true },
  ]);
  assertEquals((await one.result).runId === otherOutcome.runId, false);
});

Deno.test("Workflow leaves a run untouched by the cancelling of another one", async () => {
  const gate = Promise.withResolvers<void>();
  const workflow = new Workflow().add({ name: "wait", action: () => gate.promise });
  const one: RunStream = workflow.stream("wait");
  const other = workflow.run("wait");
  for (let index = 0; index < 2; index += 1) await one.next();

  const cancelled = one.cancel();
  gate.resolve();
  await cancelled;

  assertEquals((await other).trace.length, 1);
});

for (const isAsync of [false, true]) {
  Deno.test(`Workflow.run() has the effects of the drained stream in the same order, ${isAsync ? "async" : "sync"}`, async () => {
    const order: string[] = [];
    const note = (text: string) => order.push(text);
    const maybe = (work: () => void) => isAsync ? laterTurn().then(work) : work();
    const workflow = new Workflow().add(
      {
        name: "first",
        action: (_ctx, _payload, log) => {
          note("first action");
          log.event("a");
          return maybe(() => {
            note("first action, later");
            log.event("b");
          });
        },
        decision: (_ctx, _result, enqueue, log) => {
          note("first decision");
          enqueue.head("second", 1);
          enqueue.tail("second", 2);
          return maybe(() => {
            note("first decision, later");
            log.event("c");
          });
        },
      },
      { name: "second", action: (_ctx, payload) => note(`second action ${payload}`) },
    );
    const logger = {
      log: (step: string) => note(`log ${step}`),
      event: (step: string, name: string) => note(`event ${step} ${name}`),
    };

    await Array.fromAsync(workflow.stream("first", null, { logger }));
    const streamed = order.splice(0);
    await workflow.run("first", null, { logger });

    assertEquals(order, streamed);
    assertEquals(streamed.filter((text) => /^(event|log)/.test(text)), [
      "event first a",
      "event first b",
      "event first c",
      "log first",
      "log second",
      "log second",
    ]);
  });
}

Deno.test("Workflow.run() starts in the turn it is called in", () => {
  const ran: string[] = [];
  const workflow = new Workflow().add({ name: "a", action: () => ran.push("a") });

  void workflow.run("a");

  assertEquals(ran, ["a"]);
});

Deno.test("step.result tells no less than no time where the clock was set back", async () => {
  let now = 1_000;
  const clock = { ...systemClock, now: () => now -= 100 };
  const workflow = new Workflow().add({ name: "a", action: () => "done" });

  const events = await Array.fromAsync(workflow.stream("a", null, { clock }));

  assertEquals(events.map((event) => event.type === "step.result" ? event.durationMs : null), [null, null, 0, null]);
});

Deno.test("Workflow tells a step of a long chain to begin when the one before it ended, if the reader kept the turn busy", async () => {
  using time = new FakeTime(0);
  const late: unknown[] = [];

  for await (const event of countdown().stream("loop", 400, { captureTrace: false })) {
    if (event.type === "step.result" && event.durationMs !== 0) late.push([event.seq, event.durationMs]);
    if (event.type === "step.start" && event.at !== time.now) late.push([event.seq, event.at]);
    // The reader is busy for once, without leaving the turn.
    if (event.seq === 601) time.tick(1_000);
  }

  // The one step it happened at, and none after it.
  assertEquals(late, [[602, 0], [603, 1_000]]);
});

Deno.test("Workflow tells an event's own time in a long chain whose reader leaves the turn", async () => {
  using time = new FakeTime(0);
  const late: unknown[] = [];

  for await (const event of countdown().stream("loop", 400, { captureTrace: false })) {
    if (event.type === "step.result" && event.durationMs !== 0) late.push([event.seq, event.durationMs]);
    if (event.type === "step.start" && event.at !== time.now) late.push([event.seq, event.at]);
    if (event.seq !== 601) continue;
    await laterTurn();
    time.tick(1_000);
  }

  assertEquals(late, []);
});

Deno.test("Workflow drops what an action logs after its step is done", async () => {
  const gate = Promise.withResolvers<void>();
  const workflow = new Workflow().add(
    {
      name: "hasty",
      action: (_ctx, _payload, log) => {
        void gate.promise.then(() => log.event("late"));
      },
      decision: (_ctx, _result, enqueue) => enqueue.tail("next"),
    },
    {
      name: "next",
      action: async () => {
        gate.resolve();
        await laterTurn();
      },
    },
  );

  const events = await Array.fromAsync(workflow.stream("hasty"));

  assertEquals(typesOf(events), [
    "run.start",
    "step.start",
    "step.result",
    "step.start",
    "step.result",
    "run.end",
  ]);
});

Deno.test("Workflow runs asynchronous steps also where a tracer has put its own class in the place of Promise", async () => {
  const Native = Promise;
  const workflow = new Workflow().add(
    {
      name: "first",
      action: async () => await Native.resolve(1),
      decision: async (_ctx, _result, enqueue) => await Native.resolve(enqueue.tail("second")),
    },
    { name: "second", retry: { maxAttempts: 2 }, action: async (_ctx, payload) => await Native.resolve(payload + 1) },
  );
  globalThis.Promise = class TracedPromise<Value> extends Native<Value> {} as PromiseConstructor;
  try {
    const { context } = await workflow.run("first");

    assertEquals(context["result.second"], 2);
  } finally {
    globalThis.Promise = Native;
  }
});

Deno.test("Workflow calls action and decision as methods of their step", async () => {
  class Counting {
    readonly name = "count";
    readonly seen: string[] = [];
    action(): number {
      return this.seen.push("action");
    }
    decision(): void {
      this.seen.push("decision");
    }
  }
  const step = new Counting();

  await new Workflow().add(step).run("count");

  assertEquals(step.seen, ["action", "decision"]);
});

Deno.test("Workflow counts no step whose result a logger keeps from being told", async () => {
  const workflow = new Workflow().add({ name: "a", action: () => 1 });
  const stream: RunStream = workflow.stream("a", null, { logger: { log: () => void stream.cancel() } });

  const events = await Array.fromAsync(stream);

  assertEquals(events.map((event) => event.type === "run.end" ? event.steps : event.type), [
    "run.start",
    "step.start",
    0,
  ]);
});

Deno.test("step.result counts as dropped only what the step itself has logged", async () => {
  const workflow = new Workflow().add({
    name: "chatty",
    action: (_ctx, _payload, log) => {
      for (let index = 0; index < 50; index += 1) log.event("line", { index });
    },
  });
  let calls = 0;
  const logger = {
    log: () => {},
    event: () => {
      calls += 1;
      if (calls > 20) throw new Error("full");
    },
  };

  const { items } = await readAll(workflow.stream("chatty", null, { logger, maxBufferedEvents: 5 }));

  const told = items.filter((event) => event.type === "step.log").length;
  const dropped = items.map((event) => event.type === "step.result" ? event.droppedLogs : 0).reduce((a, b) => a + b);
  assertEquals([told + dropped, dropped], [50, 46]);
});

Deno.test("scope shows an action nothing of the engine that it could change", async () => {
  let keys: string[] = [];
  const workflow = new Workflow().add({
    name: "curious",
    action: (_ctx, _payload, _log, scope) => {
      keys = Object.keys(scope);
    },
  });

  await workflow.run("curious");

  assertEquals(keys, ["attempt"]);
});
