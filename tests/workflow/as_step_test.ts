import { asStep, decideTo, type Step, StepLimitError, Workflow } from "@stepstream/workflow";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { laterTurn } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";
import { ManualClock } from "../tools/manual_clock.ts";

Deno.test("asStep() runs a workflow inside and forwards its steps' events with their path", async () => {
  const events = await Array.fromAsync(outer(asStep("wash", wash(), { start: "trim" })).stream("wash", " A "));

  assertEquals(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
  assertEquals(
    events.map((event) => "token" in event ? [event.type, event.step, event.token, event.path ?? null] : [event.type]),
    [
      ["run.start"],
      ["step.start", "wash", 1, null],
      ["step.start", "trim", 2, ["wash"]],
      ["step.log", "trim", 2, ["wash"]],
      ["step.result", "trim", 2, ["wash"]],
      ["step.start", "lower", 3, ["wash"]],
      ["step.result", "lower", 3, ["wash"]],
      ["step.result", "wash", 1, null],
      ["run.end"],
    ],
  );
  const end = events.at(-1);
  assertEquals(end?.type === "run.end" && end.steps, 3);
});

Deno.test("asStep() names the path from the outside in", async () => {
  const middle = new Workflow().add(asStep("wash", wash(), { start: "trim" }));
  const events = await Array.fromAsync(outer(asStep("all", middle, { start: "wash" })).stream("all", " A "));

  const paths = events.flatMap((event) => event.type === "step.log" ? [event.path] : []);

  assertEquals(paths, [["all", "wash"]]);
});

Deno.test("asStep() has the inner context for its value", async () => {
  const { context } = await outer(asStep("wash", wash(), { start: "trim" })).run("wash", " A ");

  assertEquals(context, { "result.wash": { "result.trim": "A", "result.lower": "a" } });
});

Deno.test("asStep() makes the inner context and the value as it is told", async () => {
  const inner = new Workflow<{ count: number }, { seen: number }>().add({
    name: "count",
    action: (ctx, payload) => ctx.seen += payload,
  });
  const step = asStep("sum", inner, {
    start: "count",
    context: (ctx) => ({ seen: ctx.base }),
    value: ({ seen }) => seen,
    decision: decideTo("show"),
  });

  const { context } = await outer(step, { name: "show", action: (_ctx, sum) => `sum ${sum}` })
    .run("sum", 5, { context: { base: 10 } });

  assertEquals(context["result.show"], "sum 15");
});

Deno.test("asStep() fails where the workflow inside fails", async () => {
  const broken = new Workflow().add({ name: "route", action: () => 1, decision: decideTo("lost") });

  const { trace } = await outer(asStep("inner", broken, { start: "route" })).run("inner");

  assertEquals(trace.map(({ step, error }) => [step, error]), [
    ["route", null],
    ["inner", 'UnknownStepError: Cannot find step "lost": known steps are "route"'],
  ]);
});

Deno.test("asStep() fails where the workflow inside has no such start", async () => {
  const { trace } = await outer(asStep("inner", wash(), { start: "lost" })).run("inner");

  assertEquals(trace[0]?.error, 'UnknownStepError: Cannot find step "lost": known steps are "trim", "lower"');
});

Deno.test("asStep() lets a failing step inside fail alone", async () => {
  const inner = new Workflow().add({ name: "throw", action: () => Promise.reject(new Error("inside")) });

  const { trace } = await outer(asStep("inner", inner, { start: "throw" })).run("inner");

  assertEquals(trace.map(({ step, ok }) => [step, ok]), [["throw", false], ["inner", true]]);
});

Deno.test("asStep() is cancelled with the run, in the same turn", async () => {
  const gates = new Gates();
  const stream = outer(asStep("inner", waiting(gates), { start: "wait" })).stream("inner");
  stream.result.catch(() => {});
  await laterTurn();

  const cancelled = stream.cancel("enough");

  assertEquals(gates.aborted, ["gate"]);
  gates.openAll();
  await cancelled;
});

Deno.test("asStep() with a timeout cancels what is inside, and may be tried again", async () => {
  const clock = new ManualClock();
  const gates = new Gates();
  const workflow = outer(asStep("inner", waiting(gates), { start: "wait", timeoutMs: 50, retry: { maxAttempts: 2 } }));
  const events = Array.fromAsync(workflow.stream("inner", null, { clock }));
  await laterTurn();

  clock.tick(50);
  await laterTurn();
  clock.tick(0);
  await laterTurn();
  assertEquals(gates.aborted, ["gate"]);
  gates.openAll();

  const told = (await events).flatMap((event) => "token" in event ? [[event.type, event.step, event.attempt]] : []);
  assertEquals(told, [
    ["step.start", "inner", 1],
    ["step.start", "wait", 1],
    ["step.retry", "inner", 1],
    ["step.start", "inner", 2],
    ["step.start", "wait", 1],
    ["step.result", "wait", 1],
    ["step.result", "inner", 2],
  ]);
  assertEquals(clock.pendingMs, []);
});

Deno.test("asStep() is alive for idleTimeoutMs while something happens inside", async () => {
  const clock = new ManualClock();
  const gates = new Gates();
  const inner = waiting(gates).add({ name: "again", action: () => gates.wait("second") });
  const workflow = outer(asStep("inner", inner, { start: "wait", idleTimeoutMs: 50 }));
  const outcome = workflow.run("inner", null, { clock });
  for (const gate of ["gate", "second"]) {
    await laterTurn();
    clock.tick(40);
    gates.open(gate);
  }

  assertEquals((await outcome).trace.map(({ step, ok }) => [step, ok]), [
    ["wait", true],
    ["again", true],
    ["inner", true],
  ]);
});

Deno.test("asStep() counts its steps for the run's maxSteps, which ends the run", async () => {
  const workflow = outer(asStep("wash", wash(), { start: "trim" }));

  await assertRejects(() => workflow.run("wash", " A ", { maxSteps: 2 }), StepLimitError, '"lower"');
  await workflow.run("wash", " A ", { maxSteps: 3 });
});

Deno.test("asStep() has its steps in the trace, with their path", async () => {
  const { trace } = await outer(asStep("wash", wash(), { start: "trim" })).run("wash", " A ");

  assertEquals(trace.map(({ step, path }) => [step, path ?? null]), [
    ["trim", ["wash"]],
    ["lower", ["wash"]],
    ["wash", null],
  ]);
});

Deno.test("asStep() and the actions outside keep to one limit of concurrency", async () => {
  const gates = new Gates();
  const inner = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_c, _r, enqueue) => enqueue.all("item", [1, 2, 3], { then: "done" }),
    },
    { name: "item", action: (_ctx, item) => gates.wait(`inside ${item}`) },
    { name: "done", action: () => null },
  );
  const workflow = outer(
    {
      name: "begin",
      action: () => null,
      decision: (_c, _r, enqueue) => {
        enqueue.tail("inner");
        enqueue.tail("item", 1);
        enqueue.tail("item", 2);
      },
    },
    { name: "item", action: (_ctx, item) => gates.wait(`outside ${item}`) },
    asStep("inner", inner, { start: "list" }),
  );
  const outcome = workflow.run("begin", null, { concurrency: 2 });
  let most = 0;
  for (let opened = 0; opened < 5; opened += 1) {
    await laterTurn();
    most = Math.max(most, gates.waiting.length);
    gates.open(gates.waiting[0] ?? "");
  }
  await outcome;

  assertEquals(most, 2);
});

Deno.test("asStep() stands still inside while nobody reads", async () => {
  const started: string[] = [];
  const inner = new Workflow().add(
    { name: "a", action: () => Promise.resolve(started.push("a")), decision: decideTo("b") },
    { name: "b", action: () => started.push("b") },
  );
  const stream = outer(asStep("inner", inner, { start: "a" })).stream("inner");
  for (let event = await stream.next(); !event.done; event = await stream.next()) {
    if (event.value.type === "step.result") break;
  }
  await laterTurn();

  assertEquals(started, ["a"]);
  await stream.return();
});

for (
  const [name, make, message] of [
    ["an empty name", () => asStep("", wash(), { start: "trim" }), "Cannot take the step's name"],
    ["no options", () => Reflect.apply(asStep, null, ["a", wash()]), "Cannot take options"],
    ["no start", () => Reflect.apply(asStep, null, ["a", wash(), {}]), "Cannot take start"],
    [
      "no workflow",
      () => Reflect.apply(asStep, null, ["a", {}, { start: "trim" }]),
      "Cannot make a step: expected a workflow",
    ],
  ] as const
) {
  Deno.test(`asStep() refuses ${name}`, () => {
    assertThrows(make, TypeError, message);
  });
}

function wash(): Workflow {
  return new Workflow().add(
    { name: "trim", action: (_ctx, text, log) => (log.event("in", text), text.trim()), decision: decideTo("lower") },
    { name: "lower", action: (_ctx, text) => text.toLowerCase() },
  );
}

function waiting(gates: Gates): Workflow {
  return new Workflow().add({
    name: "wait",
    action: (_ctx, _payload, _log, scope) => gates.wait("gate", scope.signal),
    decision: (_ctx, _result, enqueue) => {
      if (gates.waiting.length === 0 && gates.aborted.length === 0) enqueue.tail("again");
    },
  });
}

function outer(...steps: readonly Step[]): Workflow {
  return new Workflow().add(...steps);
}

Deno.test("asStep() of a workflow in itself fails at 500 levels, which the step above gets over", async () => {
  const endless = new Workflow();
  endless.add(asStep("again", endless, { start: "again" }));

  const { trace } = await endless.run("again");

  assertEquals(trace.length, 501);
  assertEquals(
    trace[0]?.error,
    "RangeError: Cannot run a workflow inside a step: it is more than 500 levels deep",
  );
});

Deno.test("asStep() of a workflow in itself is cancelled through all levels", async () => {
  const endless = new Workflow();
  const gates = new Gates();
  endless.add(
    asStep("again", endless, { start: "route", context: (ctx) => ({ depth: (ctx.depth ?? 0) + 1 }) }),
    {
      name: "route",
      action: (ctx) => ctx.depth,
      decision: (ctx, _result, enqueue) => enqueue.tail(ctx.depth < 400 ? "again" : "wait"),
    },
    { name: "wait", action: (_ctx, _payload, _log, scope) => gates.wait("gate", scope.signal) },
  );
  const stream = endless.stream("again");
  stream.result.catch(() => {});
  while (gates.waiting.length === 0) await laterTurn();

  const cancelled = stream.cancel("enough");

  assertEquals(gates.aborted, ["gate"]);
  gates.openAll();
  await cancelled;
});
