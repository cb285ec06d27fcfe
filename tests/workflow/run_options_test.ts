import { type RunOptions, StepLimitError, systemClock, Workflow, type WorkflowOptions } from "@stepstream/workflow";
import { assertEquals, assertNotStrictEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";

/** A step that goes on for as long as its payload is above 1. */
const countdown = new Workflow().add({
  name: "count",
  action: (_ctx, left) => left - 1,
  decision: (_ctx, result, enqueue) => {
    if (result.ok && result.value > 0) enqueue.tail("count");
  },
});

Deno.test("maxSteps: a run that has more to do is rejected with StepLimitError", async () => {
  const error = await assertRejects(
    () => countdown.run("count", 4, { maxSteps: 3 }),
    StepLimitError,
    'Cannot run step "count": the run has done maxSteps = 3 steps',
  );

  assertEquals(error.maxSteps, 3);
});

Deno.test("maxSteps: a run that needs just as many completes", async () => {
  const { trace } = await countdown.run("count", 3, { maxSteps: 3 });

  assertEquals(trace.length, 3);
});

Deno.test("maxSteps is 10 000 unless told otherwise", async () => {
  assertEquals((await countdown.run("count", 10_000)).trace.length, 10_000);
  await assertRejects(() => countdown.run("count", 10_001), StepLimitError, "maxSteps = 10000");
});

Deno.test("maxSteps: Infinity is no limit", async () => {
  const { trace } = await countdown.run("count", 10_001, { maxSteps: Infinity });

  assertEquals(trace.length, 10_001);
});

Deno.test("maxSteps counts failed steps", async () => {
  const workflow = new Workflow().add({
    name: "fail",
    action: () => {
      throw new Error("boom");
    },
    decision: (_ctx, _result, enqueue) => enqueue.head("fail"),
  });

  await assertRejects(() => workflow.run("fail", null, { maxSteps: 5 }), StepLimitError);
});

Deno.test("context: what is passed in is not changed at its top level", async () => {
  const context = Object.freeze({ sum: 1 });
  const workflow = new Workflow().add({
    name: "add",
    action: (ctx) => {
      ctx.sum += 1;
      ctx.added = true;
      return "done";
    },
  });

  const outcome = await workflow.run("add", undefined, { context });

  assertEquals({ given: context, outcome: outcome.context }, {
    given: { sum: 1 },
    outcome: { sum: 2, added: true, "result.add": "done" },
  });
});

Deno.test("context: the copy is shallow", async () => {
  const list: number[] = [];
  const workflow = new Workflow().add({ name: "add", action: (ctx) => ctx.list.push(1) });

  const { context } = await workflow.run("add", undefined, { context: { list } });

  assertStrictEquals(context.list, list);
});

Deno.test("context is empty unless told otherwise, and new for each run", async () => {
  const workflow = new Workflow().add({ name: "look", action: (ctx) => ctx });

  const [one, two] = [await workflow.run("look"), await workflow.run("look")];

  assertEquals(Object.keys(one.context), ["result.look"]);
  assertNotStrictEquals(one.context, two.context);
});

Deno.test("context keeps a key named __proto__ a key", async () => {
  const context = JSON.parse('{"__proto__":{"admin":true}}');
  const workflow = new Workflow().add({ name: "look", action: (ctx) => ctx.admin ?? "no" });

  const outcome = await workflow.run("look", undefined, { context });

  assertEquals(outcome.context["result.look"], "no");
});

Deno.test("captureTrace: false leaves the trace empty", async () => {
  const { trace } = await countdown.run("count", 3, { captureTrace: false });

  assertEquals(trace, []);
});

Deno.test("runId is the run's, in its outcome and its events", async () => {
  const stream = countdown.stream("count", 1, { runId: "run-1" });

  const events = await Array.fromAsync(stream);
  const outcome = await stream.result;

  assertEquals([stream.runId, outcome.runId, ...new Set(events.map(({ runId }) => runId))], [
    "run-1",
    "run-1",
    "run-1",
  ]);
});

Deno.test("runId is a new one each time unless told otherwise", async () => {
  const [one, two] = await Promise.all([countdown.run("count", 1), countdown.run("count", 1)]);

  assertEquals([one, two].map(({ runId }) => typeof runId), ["string", "string"]);
  assertNotStrictEquals(one.runId, two.runId);
});

Deno.test("clock is where the times of events come from", async () => {
  const clock = { ...systemClock, now: () => 1_000 };

  const times = await Array.fromAsync(countdown.stream("count", 1, { clock }), ({ at }) => at);

  assertEquals(times, [1_000, 1_000, 1_000, 1_000]);
});

Deno.test("options that are undefined are as good as left out", async () => {
  const undefinedOptions: RunOptions = {
    context: undefined,
    maxSteps: undefined,
    captureTrace: undefined,
    executor: undefined,
    logger: undefined,
    loggerSink: undefined,
    signal: undefined,
    runId: undefined,
    maxBufferedEvents: undefined,
    cleanupTimeoutMs: undefined,
    clock: undefined,
  };

  const { trace } = await countdown.run("count", 2, undefinedOptions);

  assertEquals(trace.length, 2);
});

const LEAST_ONE = "expected a whole number from 1 on";
const NO_METHOD = "expected an object with a method";

const BAD_OPTIONS: readonly [options: unknown, error: typeof TypeError | typeof RangeError, message: string][] = [
  [null, TypeError, "Cannot take options: expected an object: null"],
  [5, TypeError, "Cannot take options: expected an object: 5"],
  ["fast", TypeError, 'Cannot take options: expected an object: "fast"'],
  [{ context: null }, TypeError, "Cannot take context: expected an object: null"],
  [{ context: "x" }, TypeError, 'Cannot take context: expected an object: "x"'],
  [{ maxSteps: 0 }, RangeError, `Cannot take maxSteps: ${LEAST_ONE}: 0`],
  [{ maxSteps: -1 }, RangeError, `Cannot take maxSteps: ${LEAST_ONE}: -1`],
  [{ maxSteps: 1.5 }, RangeError, `Cannot take maxSteps: ${LEAST_ONE}: 1.5`],
  [{ maxSteps: NaN }, RangeError, `Cannot take maxSteps: ${LEAST_ONE}: NaN`],
  [{ maxSteps: "5" }, TypeError, 'Cannot take maxSteps: expected a whole number from 1 on: "5"'],
  [{ maxSteps: 5n }, TypeError, `Cannot take maxSteps: ${LEAST_ONE}: 5n`],
  [{ maxSteps: null }, TypeError, `Cannot take maxSteps: ${LEAST_ONE}: null`],
  [{ concurrency: -1 }, RangeError, `Cannot take concurrency: ${LEAST_ONE}: -1`],
  [{ concurrency: 1.5 }, RangeError, `Cannot take concurrency: ${LEAST_ONE}: 1.5`],
  [{ timeoutMs: 0 }, RangeError, "Cannot take timeoutMs: expected a number above 0: 0"],
  [{ timeoutMs: -1 }, RangeError, "Cannot take timeoutMs: expected a number above 0: -1"],
  [{ timeoutMs: NaN }, RangeError, "Cannot take timeoutMs: expected a number above 0: NaN"],
  [{ timeoutMs: "1s" }, TypeError, 'Cannot take timeoutMs: expected a number above 0: "1s"'],
  [{ maxBufferedEvents: 0 }, RangeError, `Cannot take maxBufferedEvents: ${LEAST_ONE}: 0`],
  [{ cleanupTimeoutMs: -1 }, RangeError, "Cannot take cleanupTimeoutMs: expected a whole number from 0 on: -1"],
  [{ captureTrace: "yes" }, TypeError, 'Cannot take captureTrace: expected a boolean: "yes"'],
  [{ executor: {} }, TypeError, `Cannot take executor: ${NO_METHOD} "execute": an object`],
  [{ executor: () => 1 }, TypeError, `Cannot take executor: ${NO_METHOD} "execute": a function`],
  [{ executor: { execute: 1 } }, TypeError, `Cannot take executor: ${NO_METHOD} "execute": an object`],
  [{ logger: {} }, TypeError, `Cannot take logger: ${NO_METHOD} "log": an object`],
  [{ logger: () => {} }, TypeError, `Cannot take logger: ${NO_METHOD} "log": a function`],
  [{ loggerSink: [] }, TypeError, `Cannot take loggerSink: ${NO_METHOD} "write": an array`],
  [{ loggerSink: null }, TypeError, `Cannot take loggerSink: ${NO_METHOD} "write": null`],
  [{ signal: {} }, TypeError, `Cannot take signal: ${NO_METHOD} "addEventListener": an object`],
  [{ signal: new AbortController() }, TypeError, `Cannot take signal: ${NO_METHOD} "addEventListener": an object`],
  [{ runId: "" }, TypeError, 'Cannot take runId: expected a non-empty string: ""'],
  [{ runId: 7 }, TypeError, "Cannot take runId: expected a non-empty string: 7"],
  [{ clock: {} }, TypeError, `Cannot take clock: ${NO_METHOD} "now": an object`],
  [{ clock: { now: Date.now } }, TypeError, `Cannot take clock: ${NO_METHOD} "setTimeout": an object`],
];

for (const [options, error, message] of BAD_OPTIONS) {
  Deno.test(`RunOptions: ${message}`, async () => {
    // What untyped code may hand in.
    const wrong = options as never;
    const running = countdown.run("count", 1, wrong);

    assertThrows(() => countdown.stream("count", 1, wrong), error, message);
    await assertRejects(() => running, error, message);
  });
}

const BAD_WORKFLOWS: readonly [options: unknown, message: string][] = [
  [null, "Cannot take options: expected an object: null"],
  ["orders", 'Cannot take options: expected an object: "orders"'],
  [{ name: "" }, 'Cannot take the workflow\'s name: expected a non-empty string: ""'],
  [{ name: 7 }, "Cannot take the workflow's name: expected a non-empty string: 7"],
  [{ version: 1 }, "Cannot take the workflow's version: expected a non-empty string: 1"],
  [{ executor: {} }, `Cannot take executor: ${NO_METHOD} "execute": an object`],
  [{ executor: null }, `Cannot take executor: ${NO_METHOD} "execute": null`],
];

for (const [options, message] of BAD_WORKFLOWS) {
  Deno.test(`WorkflowOptions: ${message}`, () => {
    assertThrows(() => new Workflow(options as WorkflowOptions), TypeError, message);
  });
}

const action = () => 1;
const BAD_STEPS: readonly [step: unknown, message: string][] = [
  [null, "Cannot take step: expected an object: null"],
  ["load", 'Cannot take step: expected an object: "load"'],
  [{ action }, "Cannot take the step's name: expected a non-empty string: undefined"],
  [{ name: "", action }, 'Cannot take the step\'s name: expected a non-empty string: ""'],
  [{ name: 7, action }, "Cannot take the step's name: expected a non-empty string: 7"],
  [{ name: Symbol("s"), action }, "Cannot take the step's name: expected a non-empty string: Symbol(s)"],
  [{ name: "a" }, 'Cannot take action of step "a": expected a function: undefined'],
  [{ name: "a", action: "run" }, 'Cannot take action of step "a": expected a function: "run"'],
  [{ name: "a", action, decision: "b" }, 'Cannot take decision of step "a": expected a function: "b"'],
  [{ name: "a", action, executor: {} }, `Cannot take executor of step "a": ${NO_METHOD} "execute": an object`],
];

for (const [step, message] of BAD_STEPS) {
  Deno.test(`Workflow.add(): ${message}`, () => {
    assertThrows(() => new Workflow().add(step as never), TypeError, message);
  });
}
