import {
  MemoryStore,
  PayloadError,
  type Result,
  RunTimeoutError,
  type SchemaIssue,
  type StandardSchema,
  Workflow,
} from "@stepstream/workflow";
import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import * as v from "valibot";
import { laterTurn, readAll, stateOf, typesOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { settleTicking } from "../tools/settle_ticking.ts";
import { spiedSignal } from "../tools/spied_signal.ts";
import { headOf } from "../tools/stored_run.ts";

const ISSUES: readonly SchemaIssue[] = [
  { message: "Expected a number", path: ["items", { key: 2 }, "price"] },
  { message: "Too long" },
];

for (const [kind, wrap] of [["sync", (value: unknown) => value], ["async", Promise.resolve.bind(Promise)]] as const) {
  Deno.test(`Step.input (${kind}) hands the schema's output to the action`, async () => {
    const { context, trace } = await workflowOf(schema(kind, wrap)).run("start", "21");

    assertEquals(context["result.start"], 42);
    assertEquals(trace[0]?.payloadIn, "21");
  });

  Deno.test(`Step.input (${kind}) fails a step with a bad payload, whose action never runs nor is tried again`, async () => {
    let calls = 0;
    const workflow = new Workflow().add(
      { name: "first", action: () => "bad", decision: (_ctx, _result, enqueue) => enqueue.tail("second") },
      { name: "second", input: schema(kind, wrap), action: () => calls += 1, retry: { maxAttempts: 3 } },
    );

    const events = await Array.fromAsync(workflow.stream("first"));

    const { result } = events.findLast((event) => event.type === "step.result") ?? {};
    assertInstanceOf(result?.error, PayloadError);
    assertEquals([result.error.stepName, result.error.issues, calls], ["second", ISSUES, 0]);
    assertEquals(
      result.error.message,
      'Cannot run step "second": payload.items.2.price: Expected a number; payload: Too long',
    );
    assertEquals(typesOf(events).filter((type) => type === "step.retry"), []);
  });
}

Deno.test("Workflow.stream() throws for a start payload that a synchronous schema refuses", () => {
  assertThrows(() => workflowOf(schema("sync", (value) => value)).stream("start", "bad"), PayloadError);
});

Deno.test("Workflow.run() rejects for a start payload that a synchronous schema refuses", async () => {
  await assertRejects(() => workflowOf(schema("sync", (value) => value)).run("start", "bad"), PayloadError);
});

Deno.test("RunStream rejects its first next() for a start payload that an asynchronous schema refuses", async () => {
  const stream = workflowOf(schema("async", Promise.resolve.bind(Promise))).stream("start", "bad");

  await assertRejects(() => stream.next(), PayloadError);

  assertEquals(await stream.next(), { done: true, value: undefined });
  await assertRejects(() => stream.result, PayloadError);
});

Deno.test("Workflow.run() rejects for a start payload that an asynchronous schema refuses", async () => {
  const workflow = workflowOf(schema("async", Promise.resolve.bind(Promise)));

  await assertRejects(() => workflow.run("start", "bad"), PayloadError);
});

Deno.test("RunStream waits for an asynchronous schema before run.start", async () => {
  let accept = () => {};
  const slow: StandardSchema<number> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: () => new Promise((resolve) => accept = () => resolve({ value: 21 })),
    },
  };
  const stream = workflowOf(slow).stream("start", "21");
  const first = stream.next();

  accept();

  assertEquals((await first).value?.type, "run.start");
  await stream.return();
});

Deno.test("RunStream.cancel() works while an asynchronous schema is asked", async () => {
  const never: StandardSchema<number> = {
    "~standard": { version: 1, vendor: "test", validate: () => new Promise(() => {}) },
  };
  const stream = workflowOf(never).stream("start", "21");
  const first = stream.next();

  await stream.cancel("enough");

  assertEquals((await first).value?.type, "run.start");
  assertEquals((await stream.next()).value?.type, "run.end");
});

Deno.test("Step.input fails a step whose schema throws", async () => {
  const workflow = new Workflow().add(
    { name: "first", action: () => "bad", decision: (_ctx, _result, enqueue) => enqueue.tail("second") },
    {
      name: "second",
      input: {
        "~standard": {
          version: 1,
          vendor: "test",
          validate: () => {
            throw new TypeError("broken schema");
          },
        },
      },
      action: () => null,
    },
  );

  const { trace } = await workflow.run("first");

  assertEquals(trace[1]?.error, "TypeError: broken schema");
});

/** Settings of which a run would make something as soon as it began. */
function watchedOptions(signal = spiedSignal()) {
  const calls: string[] = [];
  const clock = new ManualClock();
  const logger = { log: () => calls.push("log"), event: () => calls.push("event") };
  const options = { clock, logger, signal: signal.signal, timeoutMs: 50 };
  return { options, left: () => [calls, clock.pendingMs, signal.listeners] };
}

Deno.test("Workflow.stream() leaves nothing behind where a synchronous schema refuses the start payload", () => {
  const { options, left } = watchedOptions();

  assertThrows(() => workflowOf(schema("sync", (value) => value)).stream("start", "bad", options), PayloadError);

  assertEquals(left(), [[], [], 0]);
});

Deno.test("RunStream leaves nothing behind where an asynchronous schema refuses the start payload", async () => {
  using trap = new RejectionTrap();
  const { options, left } = watchedOptions();
  const stream = workflowOf(schema("async", Promise.resolve.bind(Promise))).stream("start", "bad", options);

  const { items, failure } = await readAll(stream);
  await laterTurn();

  assertEquals([items, failure?.error instanceof PayloadError], [[], true]);
  assertEquals([left(), trap.reasons], [[[], [], 0], []]);
});

Deno.test("RunStream whose start payload is refused and that nobody reads leaves no rejection unhandled", async () => {
  using trap = new RejectionTrap();

  workflowOf(schema("async", Promise.resolve.bind(Promise))).stream("start", "bad");
  await laterTurn();

  assertEquals(trap.reasons, []);
});

Deno.test("RunStream rejects the first of several next() that wait for a schema which says no", async () => {
  const stream = workflowOf(schema("async", Promise.resolve.bind(Promise))).stream("start", "bad");

  const states = await Promise.all([stateOf(stream.next()), stateOf(stream.next())]);

  assertEquals(states, [
    'rejected: PayloadError: Cannot run step "start": payload.items.2.price: Expected a number; payload: Too long',
    "done",
  ]);
});

Deno.test("RunStream cancelled by its signal is over at once, also while an asynchronous schema is asked", async () => {
  const signal = spiedSignal();
  const { options, left } = watchedOptions(signal);
  const stream = workflowOf(NEVER).stream("start", "21", options);
  const waiting = readAll(stream);
  await laterTurn();

  signal.abort("enough");

  assertEquals(await stateOf(waiting), "resolved");
  assertEquals(await stream.result.catch((reason) => reason), "enough");
  assertEquals(left(), [[], [], 0]);
});

Deno.test("RunOptions.timeoutMs ends a run also while an asynchronous schema is asked", async () => {
  const clock = new ManualClock();
  const outcome = workflowOf(NEVER).run("start", "21", { clock, timeoutMs: 50 }).catch((error) => error);
  await laterTurn();

  clock.tick(50);
  await laterTurn();

  assertEquals(await stateOf(outcome), "resolved");
  assertInstanceOf(await outcome, RunTimeoutError);
});

for (const verdict of [{ value: 21 }, { issues: ISSUES }]) {
  Deno.test(`RunStream cancelled before the schema answered heeds no ${Object.keys(verdict)} afterwards`, async () => {
    using trap = new RejectionTrap();
    const gate = Promise.withResolvers<typeof verdict>();
    let calls = 0;
    const workflow = new Workflow().add({
      name: "start",
      input: { "~standard": { version: 1, vendor: "test", validate: () => gate.promise } } as StandardSchema<number>,
      action: () => calls += 1,
    });
    const stream = workflow.stream("start", "21");
    const reading = readAll(stream);

    await stream.cancel("enough");
    gate.resolve(verdict);
    const { items, failure } = await reading;
    await laterTurn();

    assertEquals([items.at(-1)?.type, failure, calls, trap.reasons], ["run.end", null, 0, []]);
    assertEquals(await stream.result.catch((reason) => reason), "enough");
  });
}

Deno.test("RunStream of a stored run that is cancelled before the schema refused is cancelled in the store, too", async () => {
  const gate = Promise.withResolvers<{ readonly issues: readonly { readonly message: string }[] }>();
  const workflow = new Workflow().add({
    name: "start",
    input: { "~standard": { version: 1, vendor: "test", validate: () => gate.promise } } as StandardSchema<number>,
    action: () => {},
  });
  const store = new MemoryStore();
  const stream = workflow.stream("start", "21", { store, runId: "run-1" });
  const reading = readAll(stream);
  await laterTurn();

  const cancelling = stream.cancel("enough");
  gate.resolve({ issues: [{ message: "too late" }] });
  await cancelling;
  const { items, failure } = await reading;

  assertEquals([typesOf(items), failure], [["run.start", "run.end"], null]);
  assertEquals((await headOf(store, "run-1")).status, "cancelled");
});

const BROKEN: Record<string, () => unknown> = {
  "throws": () => {
    throw new TypeError("broken schema");
  },
  "rejects": () => Promise.reject(new TypeError("broken schema")),
  "answers nothing": () => undefined,
  "answers a promise of nothing": () => Promise.resolve(),
};

for (const [what, validate] of Object.entries(BROKEN)) {
  // What a validator of no type may do.
  const input = { "~standard": { version: 1, vendor: "test", validate } } as unknown as StandardSchema<number>;

  Deno.test(`Step.input whose schema ${what} fails the step, whose action never runs`, async () => {
    let calls = 0;
    const workflow = new Workflow().add(
      { name: "first", action: () => "in", decision: (_ctx, _result, enqueue) => enqueue.tail("second") },
      { name: "second", input, action: () => calls += 1 },
    );

    const { trace } = await workflow.run("first");

    assertEquals([trace[1]?.ok, calls], [false, 0]);
  });

  Deno.test(`Workflow.run() rejects before anything happens where the start's schema ${what}`, async () => {
    let calls = 0;
    const workflow = new Workflow().add({ name: "start", input, action: () => calls += 1 });

    await assertRejects(() => workflow.run("start", "in"), TypeError);

    assertEquals(calls, 0);
  });
}

Deno.test("Workflow.stream() throws what a start's schema throws", () => {
  const validate = BROKEN["throws"];
  const input = { "~standard": { version: 1, vendor: "test", validate } } as unknown as StandardSchema<number>;

  assertThrows(() => workflowOf(input).stream("start", "21"), TypeError, "broken schema");
});

Deno.test("Step.input takes a schema that is a function, as some validators are", async () => {
  const callable = Object.assign(() => {}, schema("sync", (value) => value));

  const { context } = await workflowOf(callable).run("start", "21");

  assertEquals(context["result.start"], 42);
});

Deno.test("Step.input asks a schema of a class as its method", async () => {
  class Doubling {
    readonly version = 1;
    readonly vendor = "test";
    readonly #factor = 2;
    validate(value: unknown) {
      return { value: Number(value) * this.#factor };
    }
  }

  const { context } = await workflowOf({ "~standard": new Doubling() }).run("start", "21");

  assertEquals(context["result.start"], 84);
});

Deno.test("Step.input lets the decision route on after a payload that it refused", async () => {
  const workflow = new Workflow().add(
    { name: "first", action: () => "bad", decision: (_ctx, _result, enqueue) => enqueue.tail("second") },
    {
      name: "second",
      input: schema("sync", (value) => value),
      action: () => 1,
      decision: (_ctx, { error }, enqueue) => enqueue.tail("third", error instanceof PayloadError),
    },
    { name: "third", action: (_ctx, isRefused) => isRefused },
  );

  const { context } = await workflow.run("first");

  assertEquals([context["result.second"], context["result.third"]], [null, true]);
});

Deno.test("Step.input fails the items of a group one by one", async () => {
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => enqueue.all("item", ["1", "bad", "3"], { then: "merge" }),
    },
    { name: "item", input: schema("sync", (value) => value), action: (_ctx, item) => item },
    { name: "merge", action: (_ctx, results: readonly Result[]) => results.map(({ ok, value }) => ok ? value : "bad") },
  );

  const { context } = await workflow.run("list");

  assertEquals(context["result.merge"], [1, "bad", 3]);
});

Deno.test("Step.input asks `when` of no retry about a payload that it refused", async () => {
  let asked = 0;
  const workflow = new Workflow().add(
    { name: "first", action: () => "bad", decision: (_ctx, _result, enqueue) => enqueue.tail("second") },
    {
      name: "second",
      input: schema("async", Promise.resolve.bind(Promise)),
      action: () => 1,
      retry: { maxAttempts: 3, when: () => (asked += 1) > 0 },
    },
  );

  const { trace } = await workflow.run("first");

  assertEquals([trace[1]?.attempts, asked], [1, 0]);
});

Deno.test("Step.input counts the time of an asynchronous schema for timeoutMs", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add(
    { name: "first", action: () => "21", decision: (_ctx, _result, enqueue) => enqueue.tail("second") },
    { name: "second", input: NEVER, action: () => 1, timeoutMs: 50 },
  );

  const { trace } = await settleTicking(workflow.run("first", null, { clock, cleanupTimeoutMs: 0 }), clock);

  assertEquals(trace[1]?.error, 'StepTimeoutError: Step "second" took too long: timeoutMs = 50');
});

Deno.test("Step.input takes a schema of valibot, and tells the paths of its issues", async () => {
  const input = v.object({ items: v.array(v.object({ price: v.pipe(v.string(), v.transform(Number)) })) });
  const workflow = new Workflow().add(
    {
      name: "start",
      input,
      action: (_ctx, { items }) => items.map(({ price }) => price),
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail("again", { items: [{ price: "1" }, { price: 2 }] });
      },
    },
    { name: "again", input, action: () => null },
  );

  const { context, trace } = await workflow.run("start", { items: [{ price: "7" }] });

  assertEquals(context["result.start"], [7]);
  assertEquals(
    trace[1]?.error,
    'PayloadError: Cannot run step "again": payload.items.1.price: Invalid type: Expected string but received 2',
  );
});

const NEVER: StandardSchema<number> = {
  "~standard": { version: 1, vendor: "test", validate: () => new Promise(() => {}) },
};

Deno.test("Step.input that answers after the attempt is over starts nothing", async () => {
  const clock = new ManualClock();
  const answers: (() => void)[] = [];
  let calls = 0;
  const slow: StandardSchema<number> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: () => new Promise((resolve) => answers.push(() => resolve({ value: 21 }))),
    },
  };
  const workflow = new Workflow().add(
    { name: "first", action: () => "21", decision: (_ctx, _result, enqueue) => enqueue.tail("second") },
    { name: "second", input: slow, action: () => calls += 1, timeoutMs: 50 },
  );
  const outcome = workflow.run("first", null, { clock });
  await laterTurn();
  clock.tick(50);
  const { trace } = await outcome;

  for (const answer of answers) answer();
  await laterTurn();

  assertEquals([trace[1]?.ok, calls], [false, 0]);
});

/** Takes text of a number and makes a number of it. */
function schema(_kind: string, wrap: (result: never) => unknown): StandardSchema<number> {
  const check = (value: unknown) => value === "bad" ? { issues: ISSUES } : { value: Number(value) };
  return {
    "~standard": { version: 1, vendor: "test", validate: (value) => Reflect.apply(wrap, null, [check(value)]) },
  };
}

function workflowOf(input: StandardSchema<number>): Workflow {
  return new Workflow().add({ name: "start", input, action: (_ctx, payload) => payload * 2 });
}
