import { PayloadError, type SchemaIssue, type StandardSchema, Workflow } from "@stepstream/workflow";
import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { typesOf } from "../tools/events.ts";

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
