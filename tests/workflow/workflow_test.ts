import { DuplicateStepError, type Executor, UnknownStepError, Workflow } from "@stepstream/workflow";
import { assertEquals, assertLess, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";

interface Item {
  readonly id: string;
  readonly isUrgent: boolean;
}

interface Steps {
  load: { batch: string };
  process: Item;
  merge: number;
}

/** Loads items, processes the urgent ones first, and merges what came of all of them. */
function createOrders() {
  return new Workflow<Steps, { done: string[] }>({ name: "orders" }).add(
    {
      name: "load",
      action: (_ctx, { batch }): Item[] => [
        { id: `${batch}/1`, isUrgent: false },
        { id: `${batch}/2`, isUrgent: true },
        { id: `${batch}/3`, isUrgent: false },
        { id: `${batch}/4`, isUrgent: true },
      ],
      decision: (_ctx, result, enqueue) => {
        for (const item of result.value ?? []) enqueue[item.isUrgent ? "head" : "tail"]("process", item);
        enqueue.tail("merge", result.value?.length ?? 0);
      },
    },
    {
      name: "process",
      action: (ctx, item) => {
        ctx.done.push(item.id);
        return `${item.id} done`;
      },
    },
    { name: "merge", action: (ctx, count) => `${ctx.done.length} of ${count}` },
  );
}

Deno.test("Workflow.run() handles what was put at the head first, then what was put at the tail", async () => {
  const { context } = await createOrders().run("load", { batch: "B" }, { context: { done: [] } });

  assertEquals(context.done, ["B/4", "B/2", "B/1", "B/3"]);
});

Deno.test("Workflow.run() leaves every step's last value in the context", async () => {
  const { context } = await createOrders().run("load", { batch: "B" }, { context: { done: [] } });

  assertEquals(context, {
    done: ["B/4", "B/2", "B/1", "B/3"],
    "result.load": [
      { id: "B/1", isUrgent: false },
      { id: "B/2", isUrgent: true },
      { id: "B/3", isUrgent: false },
      { id: "B/4", isUrgent: true },
    ],
    "result.process": "B/3 done",
    "result.merge": "4 of 4",
  });
});

Deno.test("Workflow.run() traces each step with its payload, its value and what waited after it", async () => {
  const { trace } = await createOrders().run("load", { batch: "B" }, { context: { done: [] } });

  const [one, two, three, four] = ["1", "2", "3", "4"].map((n) => ({ id: `B/${n}`, isUrgent: Number(n) % 2 === 0 }));
  const ok = { ok: true, error: null, attempts: 1 };
  assertEquals(trace, [
    { ...ok, token: 1, step: "load", payloadIn: { batch: "B" }, value: [one, two, three, four], queueLengthAfter: 5 },
    { ...ok, token: 5, step: "process", payloadIn: four, value: "B/4 done", queueLengthAfter: 4 },
    { ...ok, token: 3, step: "process", payloadIn: two, value: "B/2 done", queueLengthAfter: 3 },
    { ...ok, token: 2, step: "process", payloadIn: one, value: "B/1 done", queueLengthAfter: 2 },
    { ...ok, token: 4, step: "process", payloadIn: three, value: "B/3 done", queueLengthAfter: 1 },
    { ...ok, token: 6, step: "merge", payloadIn: 4, value: "4 of 4", queueLengthAfter: 0 },
  ]);
});

Deno.test("Workflow.stream() tells the same run as events", async () => {
  const stream = createOrders().stream("load", { batch: "B" }, { context: { done: [] } });

  const types = await Array.fromAsync(stream, ({ type }) => type);

  const step = ["step.start", "step.result"];
  assertEquals(types, ["run.start", ...step, ...step, ...step, ...step, ...step, ...step, "run.end"]);
});

Deno.test("Workflow.run() gives a failed step's result as null in the context", async () => {
  const workflow = new Workflow().add({ name: "fail", action: () => raise() });

  const { context } = await workflow.run("fail");

  assertEquals(context, { "result.fail": null });
});

Deno.test("Workflow.run() overwrites a step's value with null when it fails later", async () => {
  const workflow = new Workflow().add({
    name: "once",
    action: (_ctx, count) => count === 1 ? "fine" : raise(),
    decision: (_ctx, result, enqueue) => {
      if (result.ok) enqueue.tail("once", 2);
    },
  });

  const { context } = await workflow.run("once", 1);

  assertEquals(context, { "result.once": null });
});

Deno.test("Workflow.run() tries again where a decision says so, merges at the end and traces the failure", async () => {
  interface RetrySteps {
    attempt: { item: string; attempt: number };
    merge: string[];
  }
  interface Context {
    request: RetrySteps["attempt"];
    collected: string[];
  }
  const workflow = new Workflow<RetrySteps & { load: string[] }, Context>()
    .add({
      name: "load",
      action: (_ctx, items) => items,
      decision: (ctx, result, enqueue) => {
        for (const item of result.value ?? []) enqueue.tail("attempt", { item, attempt: 1 });
        enqueue.tail("merge", ctx.collected);
      },
    })
    .add({
      name: "attempt",
      action: (ctx, request) => {
        ctx.request = request;
        if (request.item === "b" && request.attempt === 1) throw new Error("transient");
        return `${request.item}#${request.attempt}`;
      },
      decision: (ctx, result, enqueue) => {
        if (result.ok) ctx.collected.push(result.value);
        else enqueue.head("attempt", { ...ctx.request, attempt: ctx.request.attempt + 1 });
      },
    })
    .add({ name: "merge", action: (_ctx, collected) => collected.join(" ") });

  const { context, trace } = await workflow.run("load", ["a", "b", "c"], { context: { collected: [] } });

  assertEquals(context["result.merge"], "a#1 b#2 c#1");
  assertEquals(trace.map(({ step, payloadIn, value, error }) => ({ step, payloadIn, value, error })), [
    { step: "load", payloadIn: ["a", "b", "c"], value: ["a", "b", "c"], error: null },
    { step: "attempt", payloadIn: { item: "a", attempt: 1 }, value: "a#1", error: null },
    { step: "attempt", payloadIn: { item: "b", attempt: 1 }, value: null, error: "Error: transient" },
    { step: "attempt", payloadIn: { item: "b", attempt: 2 }, value: "b#2", error: null },
    { step: "attempt", payloadIn: { item: "c", attempt: 1 }, value: "c#1", error: null },
    { step: "merge", payloadIn: ["a#1", "b#2", "c#1"], value: "a#1 b#2 c#1", error: null },
  ]);
});

const THROWN: readonly [what: string, thrown: unknown, text: string][] = [
  ["a string", "boom", "boom"],
  ["null", null, "null"],
  ["undefined", undefined, "undefined"],
  ["a symbol", Symbol("boom"), "Symbol(boom)"],
  ["an object without a prototype", Object.create(null), "[unreadable]"],
  ["an object whose toString throws", { toString: raise }, "[unreadable]"],
];

for (const [what, thrown, text] of THROWN) {
  Deno.test(`Workflow.run() traces ${what} that was thrown, and goes on`, async () => {
    const workflow = new Workflow()
      .add({
        name: "fail",
        action: () => {
          throw thrown;
        },
        decision: (_ctx, _result, enqueue) => enqueue.tail("after"),
      })
      .add({ name: "after", action: () => "fine" });

    const { trace } = await workflow.run("fail");

    assertEquals(trace.map(({ ok, value, error }) => ({ ok, value, error })), [
      { ok: false, value: null, error: text },
      { ok: true, value: "fine", error: null },
    ]);
  });
}

Deno.test("Workflow.run() makes a value that cannot be looked at the failure of its step", async () => {
  const value = Object.defineProperty({}, "then", { get: raise });
  const workflow = new Workflow().add({ name: "fail", action: () => value });

  const { trace } = await workflow.run("fail");

  assertEquals(trace.map(({ ok, error }) => ({ ok, error })), [{ ok: false, error: "Error: boom" }]);
});

Deno.test("Workflow.add() returns the workflow", () => {
  const workflow = new Workflow();

  assertStrictEquals<unknown>(workflow.add({ name: "load", action: () => 1 }), workflow);
});

Deno.test("Workflow.add() without a step is no error", () => {
  const workflow = new Workflow();

  assertStrictEquals<unknown>(workflow.add(), workflow);
});

Deno.test("Workflow.add() rejects a second step of one name", () => {
  const workflow = new Workflow().add({ name: "load", action: () => 1 });

  const error = assertThrows(
    () => workflow.add({ name: "load", action: () => 2 }),
    DuplicateStepError,
    'Cannot add step "load": the workflow has a step of this name',
  );

  assertEquals(error.stepName, "load");
});

Deno.test("Workflow.add() keeps the first step when it rejects a second of its name", async () => {
  const workflow = new Workflow().add({ name: "load", action: () => "first" });
  assertThrows(() => workflow.add({ name: "load", action: () => "second" }), DuplicateStepError);

  const { context } = await workflow.run("load");

  assertEquals(context, { "result.load": "first" });
});

Deno.test("Workflow.add() of several steps adds none where one is a duplicate", () => {
  const workflow = new Workflow().add({ name: "load", action: () => 1 });

  assertThrows(
    () => workflow.add({ name: "new", action: () => 1 }, { name: "load", action: () => 2 }),
    DuplicateStepError,
  );

  assertThrows(() => workflow.stream("new"), UnknownStepError, 'Cannot find step "new": known steps are "load"');
});

Deno.test("Workflow.add() of several steps adds none where two of them share a name", () => {
  const workflow = new Workflow();

  assertThrows(
    () => workflow.add({ name: "new", action: () => 1 }, { name: "new", action: () => 2 }),
    DuplicateStepError,
  );

  assertThrows(() => workflow.stream("new"), UnknownStepError, "the workflow has no steps");
});

Deno.test("Workflow.add() of several steps adds none where one is no step", () => {
  const workflow = new Workflow();

  assertThrows(() => workflow.add({ name: "new", action: () => 1 }, { name: "bad" } as never), TypeError);

  assertThrows(() => workflow.stream("new"), UnknownStepError, "the workflow has no steps");
});

Deno.test("Workflow.add() changes nothing for a run that has been opened", async () => {
  const workflow = new Workflow().add({
    name: "load",
    action: () => 1,
    decision: (_ctx, _result, enqueue) => enqueue.tail("late"),
  });
  const stream = workflow.stream("load");

  workflow.add({ name: "late", action: () => 2 });

  await assertRejects(() => stream.result, UnknownStepError, "late");
});

Deno.test("Workflow.add() of one step at a time costs the same for each", () => {
  const workflow = new Workflow();

  const inserted = insertedIn(() => {
    for (let step = 0; step < 1_000; step += 1) workflow.add({ name: `step ${step}`, action: () => step });
  });

  assertLess(inserted, 5_000);
});

for (const name of ["__proto__", "constructor", "toString", "with space", "größe", "a\nb"]) {
  Deno.test(`Workflow takes ${JSON.stringify(name)} for the name of a step`, async () => {
    const workflow = new Workflow().add({ name, action: (_ctx, payload) => payload });

    const { context, trace } = await workflow.run(name, "value");

    assertEquals({ context, steps: trace.map(({ step }) => step) }, {
      context: { [`result.${name}`]: "value" },
      steps: [name],
    });
  });

  Deno.test(`Workflow has no step ${JSON.stringify(name)} unless it was added`, () => {
    assertThrows(() => new Workflow().stream(name), UnknownStepError, JSON.stringify(name));
  });
}

Deno.test("Workflow.stream() throws at once for an unknown start, and names it", () => {
  const { executor, executed } = recordingExecutor();
  const workflow = new Workflow({ executor }).add({ name: "load", action: () => 1 });

  const error = assertThrows(
    () => workflow.stream("lod"),
    UnknownStepError,
    'Cannot find step "lod": known steps are "load"',
  );

  assertEquals({ stepName: error.stepName, executed }, { stepName: "lod", executed: [] });
});

Deno.test("Workflow.run() rejects for an unknown start, before anything runs, and names it", async () => {
  const { executor, executed } = recordingExecutor();
  const workflow = new Workflow({ executor }).add({ name: "load", action: () => 1 });

  // Called outside `assertRejects`, which would take a throw for a rejection.
  const running = workflow.run("lod");

  const error = await assertRejects(() => running, UnknownStepError, 'Cannot find step "lod"');
  assertEquals({ stepName: error.stepName, executed }, { stepName: "lod", executed: [] });
});

Deno.test("Workflow.run() rejects for an unknown step met later, and names it", async () => {
  const { executor, executed } = recordingExecutor();
  const workflow = new Workflow({ executor })
    .add({ name: "load", action: () => 1, decision: (_ctx, _result, enqueue) => enqueue.tail("svae") })
    .add({ name: "save", action: () => 2 });

  const error = await assertRejects(
    () => workflow.run("load"),
    UnknownStepError,
    'Cannot find step "svae": known steps are "load", "save"',
  );

  assertEquals({ stepName: error.stepName, executed }, { stepName: "svae", executed: ["load"] });
});

Deno.test("Workflow.stream() ends as failed at an unknown step met later", async () => {
  const workflow = new Workflow().add({
    name: "load",
    action: () => 1,
    decision: (_ctx, _result, enqueue) => enqueue.tail("svae"),
  });
  const seen: string[] = [];

  await assertRejects(async () => {
    for await (const event of workflow.stream("load")) {
      seen.push(event.type === "run.end" ? `${event.type} ${event.status}` : event.type);
    }
  }, UnknownStepError);

  assertEquals(seen, ["run.start", "step.start", "step.result", "run.end failed"]);
});

Deno.test("Workflow: two runs at the same time share nothing", async () => {
  const workflow = new Workflow<{ add: number }, { sum: number }>().add({
    name: "add",
    action: async (ctx, amount, _log, scope) => {
      await Promise.resolve();
      ctx.sum += amount;
      return scope.idempotencyKey;
    },
    decision: (ctx, _result, enqueue) => {
      if (ctx.sum % 3 !== 0) enqueue.tail("add", 1);
    },
  });

  const [one, two] = await Promise.all([
    workflow.run("add", 1, { context: { sum: 0 }, runId: "one" }),
    workflow.run("add", 10, { context: { sum: 0 }, runId: "two" }),
  ]);

  assertEquals([one, two].map(({ runId, context, trace }) => ({ runId, context, steps: trace.length })), [
    { runId: "one", context: { sum: 3, "result.add": "one/3" }, steps: 3 },
    { runId: "two", context: { sum: 12, "result.add": "two/3" }, steps: 3 },
  ]);
});

Deno.test("Workflow: two streams read in turns tell each its own run", async () => {
  const workflow = new Workflow().add({ name: "greet", action: (_ctx, name) => `Hello, ${name}` });
  const [ada, bob] = [workflow.stream("greet", "Ada"), workflow.stream("greet", "Bob")];
  const told: unknown[][] = [[], []];

  for (let index = 0; index < 4; index += 1) {
    for (const [reader, stream] of [ada, bob].entries()) {
      const { value } = await stream.next();
      told[reader]?.push([value?.seq, value?.type === "step.result" ? value.result.value : value?.type]);
    }
  }

  const events = (greeting: string) => [[1, "run.start"], [2, "step.start"], [3, greeting], [4, "run.end"]];
  assertEquals(told, [events("Hello, Ada"), events("Hello, Bob")]);
});

function recordingExecutor(): { executor: Executor; executed: string[] } {
  const executed: string[] = [];
  return { executor: { execute: (step) => executed.push(step.name) }, executed };
}

function raise(): never {
  throw new Error("boom");
}

/** How many entries are put into maps meanwhile, those of copies among them. */
function insertedIn(work: () => void): number {
  const { set } = Map.prototype;
  let inserted = 0;
  Map.prototype.set = function (key, value) {
    inserted += 1;
    return set.call(this, key, value);
  };
  try {
    work();
  } finally {
    Map.prototype.set = set;
  }
  return inserted;
}
