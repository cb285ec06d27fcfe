import { type Executor, InProcessExecutor, Workflow } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";

/** An executor whose values say that it ran. */
function tagged(tag: string): Executor {
  return { execute: () => tag };
}

const own = { name: "own", action: () => "action", executor: tagged("step") };
const plain = { name: "plain", action: () => "action" };

Deno.test("Executor: without any, actions run in process", async () => {
  const { context } = await new Workflow().add(plain).run("plain");

  assertEquals(context, { "result.plain": "action" });
});

Deno.test("Executor: the workflow's goes before the default", async () => {
  const { context } = await new Workflow({ executor: tagged("workflow") }).add(plain).run("plain");

  assertEquals(context, { "result.plain": "workflow" });
});

Deno.test("Executor: the run's goes before the workflow's", async () => {
  const workflow = new Workflow({ executor: tagged("workflow") }).add(plain);

  const { context } = await workflow.run("plain", undefined, { executor: tagged("run") });

  assertEquals(context, { "result.plain": "run" });
});

Deno.test("Executor: the run's is the run's alone", async () => {
  const workflow = new Workflow({ executor: tagged("workflow") }).add(plain);
  await workflow.run("plain", undefined, { executor: tagged("run") });

  const { context } = await workflow.run("plain");

  assertEquals(context, { "result.plain": "workflow" });
});

Deno.test("Executor: the step's goes before the run's and the workflow's", async () => {
  const workflow = new Workflow({ executor: tagged("workflow") })
    .add({ ...own, decision: (_ctx, _result, enqueue) => enqueue.tail("plain") })
    .add(plain);

  const { context } = await workflow.run("own", undefined, { executor: tagged("run") });

  assertEquals(context, { "result.own": "step", "result.plain": "run" });
});

Deno.test("Executor: a step may ask for the in-process one", async () => {
  const workflow = new Workflow({ executor: tagged("workflow") }).add({ ...plain, executor: new InProcessExecutor() });

  const { context } = await workflow.run("plain", undefined, { executor: tagged("run") });

  assertEquals(context, { "result.plain": "action" });
});

Deno.test("Executor.execute() sees the step, the context, the payload and the scope", async () => {
  const seen: unknown[] = [];
  const executor: Executor = {
    execute(step, context, payload, _log, scope) {
      const { runId, token, attempt, idempotencyKey } = scope;
      seen.push({ step: step.name, context: { ...Object(context) }, payload, runId, token, attempt, idempotencyKey });
      return `${step.name} done`;
    },
  };
  const workflow = new Workflow()
    .add({ name: "first", action: () => 1, decision: (_ctx, _result, enqueue) => enqueue.tail("second", "next") })
    .add({ name: "second", action: () => 2 });

  await workflow.run("first", { batch: "B-1" }, { executor, context: { seen: 0 }, runId: "run-1" });

  const run = { runId: "run-1", attempt: 1 };
  assertEquals(seen, [
    { ...run, step: "first", context: { seen: 0 }, payload: { batch: "B-1" }, token: 1, idempotencyKey: "run-1/1" },
    {
      ...run,
      step: "second",
      context: { seen: 0, "result.first": "first done" },
      payload: "next",
      token: 2,
      idempotencyKey: "run-1/2",
    },
  ]);
});

Deno.test("Executor.execute() keeps its this", async () => {
  class Counting implements Executor {
    #count = 0;
    execute(): number {
      return this.#count += 1;
    }
  }

  const { context } = await new Workflow({ executor: new Counting() }).add(plain).run("plain");

  assertEquals(context, { "result.plain": 1 });
});

Deno.test("Executor.execute() may log in the action's name", async () => {
  const executor: Executor = { execute: (step, _context, _payload, log) => log.event("sent", { to: step.name }) };

  const events = await Array.fromAsync(new Workflow({ executor }).add(plain).stream("plain"));

  const logs = events.flatMap((event) => event.type === "step.log" ? [[event.step, event.name, event.data]] : []);
  assertEquals(logs, [["plain", "sent", { to: "plain" }]]);
});

Deno.test("Executor runs actions only: the decision stays with the engine", async () => {
  const executed: string[] = [];
  const executor: Executor = { execute: (step) => executed.push(step.name) };
  const workflow = new Workflow({ executor })
    .add({ name: "first", action: () => 1, decision: (_ctx, result, enqueue) => enqueue.tail("second", result.value) })
    .add({ name: "second", action: () => 2 });

  const { trace } = await workflow.run("first");

  assertEquals({ executed, payloads: trace.map(({ payloadIn }) => payloadIn) }, {
    executed: ["first", "second"],
    payloads: [undefined, 1],
  });
});

const FAILING: readonly [what: string, executor: Executor][] = [
  ["throws", { execute: () => raise() }],
  ["rejects", { execute: () => Promise.reject(new Error("no worker")) }],
  ["answers a promise of a generator that throws", {
    execute: () =>
      Promise.resolve((function* () {
        yield 1;
        raise();
      })()),
  }],
];

for (const [what, executor] of FAILING) {
  Deno.test(`Executor: one that ${what} makes the step fail, not the run`, async () => {
    const workflow = new Workflow()
      .add({ ...plain, executor, decision: (_ctx, _result, enqueue) => enqueue.tail("after", "x") })
      .add({ name: "after", action: (_ctx, item) => item });

    const { trace } = await workflow.run("plain");

    assertEquals(trace.map(({ step, ok, error }) => ({ step, ok, error })), [
      { step: "plain", ok: false, error: "Error: no worker" },
      { step: "after", ok: true, error: null },
    ]);
  });
}

const STREAMING: readonly [what: string, execute: () => unknown][] = [
  ["a generator", tokens],
  ["an async generator", tokensLater],
  ["a promise of a generator", () => Promise.resolve(tokens())],
  ["a promise of an async generator", () => Promise.resolve(tokensLater())],
];

for (const [what, execute] of STREAMING) {
  Deno.test(`Executor: the chunks of ${what} are streamed, and what it returns is the value`, async () => {
    const workflow = new Workflow().add({ ...plain, executor: { execute } });

    const events = await Array.fromAsync(workflow.stream("plain"));

    const seen = events.flatMap((event) => {
      if (event.type === "step.chunk") return [`chunk ${event.value}`];
      return event.type === "step.result" ? [`value ${event.result.value}`] : [];
    });
    assertEquals(seen, ["chunk he", "chunk llo", "value hello"]);
  });
}

function* tokens(): Generator<string, string> {
  yield "he";
  yield "llo";
  return "hello";
}

async function* tokensLater(): AsyncGenerator<string, string> {
  yield await Promise.resolve("he");
  yield "llo";
  return "hello";
}

function raise(): never {
  throw new Error("no worker");
}
