import { InProcessExecutor, type Step, type StepLogHelper, type StepScope, Workflow } from "@stepstream/workflow";
import { assertEquals, assertStrictEquals } from "@std/assert";

const log: StepLogHelper = { event: () => {} };
const scope: StepScope = {
  runId: "run-1",
  token: 1,
  attempt: 1,
  signal: new AbortController().signal,
  idempotencyKey: "run-1/1",
  heartbeat: () => {},
};

Deno.test("InProcessExecutor.execute() hands context, payload, log and scope to the action", () => {
  const context = { seen: 0 };
  const payload = { batch: "B-1" };
  const received: unknown[] = [];
  const step: Step = { name: "fetch", action: (...args) => void received.push(...args) };

  new InProcessExecutor().execute(step, context, payload, log, scope);

  for (const [index, handedIn] of [context, payload, log, scope].entries()) {
    assertStrictEquals(received[index], handedIn);
  }
});

Deno.test("InProcessExecutor.execute() answers the very thing the action returns", () => {
  const promise = Promise.resolve(1);

  const answer = new InProcessExecutor().execute({ name: "fetch", action: () => promise }, {}, null, log, scope);

  assertStrictEquals(answer, promise);
});

Deno.test("InProcessExecutor.execute() calls the action as a method of its step", () => {
  const step: Step & { readonly factor: number } = {
    name: "double",
    factor: 2,
    action(this: { factor: number }, _ctx, payload) {
      return this.factor * payload;
    },
  };

  assertEquals(new InProcessExecutor().execute(step, {}, 21, log, scope), 42);
});

const FAILING: readonly [what: string, action: () => unknown][] = [
  ["throws", () => raise()],
  ["rejects", () => Promise.reject(new Error("boom"))],
  ["throws in a generator", function* () {
    yield 1;
    raise();
  }],
  ["throws in an async generator", async function* () {
    yield await Promise.resolve(1);
    raise();
  }],
];

for (const [what, action] of FAILING) {
  Deno.test(`InProcessExecutor lets the queue go on after an action that ${what}`, async () => {
    const workflow = new Workflow()
      .add({
        name: "load",
        action: () => ["a", "b"],
        decision: (_ctx, _result, enqueue) => {
          enqueue.tail("fail");
          enqueue.tail("process", "x");
        },
      })
      .add({ name: "fail", action })
      .add({ name: "process", action: (_ctx, item) => `${item}!` });

    const { trace, context } = await workflow.run("load");

    assertEquals(trace.map(({ step, ok, value, error }) => ({ step, ok, value, error })), [
      { step: "load", ok: true, value: ["a", "b"], error: null },
      { step: "fail", ok: false, value: null, error: "Error: boom" },
      { step: "process", ok: true, value: "x!", error: null },
    ]);
    assertEquals(context, { "result.load": ["a", "b"], "result.fail": null, "result.process": "x!" });
  });
}

Deno.test("InProcessExecutor hands the very error that was thrown to the decision", async () => {
  const boom = new Error("boom");
  const seen: unknown[] = [];
  const workflow = new Workflow().add({
    name: "fail",
    action: () => {
      throw boom;
    },
    decision: (_ctx, result) => void seen.push(result.error),
  });

  await workflow.run("fail");

  assertStrictEquals(seen[0], boom);
});

function raise(): never {
  throw new Error("boom");
}
