import { type Any, type Decision, type Enqueue, Workflow } from "@stepstream/workflow";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readAll } from "../tools/events.ts";

Deno.test("Enqueue takes the result's value for a payload that is left out or undefined", async () => {
  const payloads = await payloadsAfter("value", (_ctx, _result, enqueue) => {
    enqueue.tail("next");
    enqueue.tail("next", undefined);
    enqueue.head("next");
    enqueue.head("next", undefined);
  });

  assertEquals(payloads, ["value", "value", "value", "value"]);
});

Deno.test("Enqueue takes null and everything else for a payload", async () => {
  const payloads = await payloadsAfter("value", (_ctx, _result, enqueue) => {
    for (const payload of [null, 0, "", false, NaN]) enqueue.tail("next", payload);
  });

  assertEquals(payloads, [null, 0, "", false, NaN]);
});

Deno.test("Enqueue takes null for the value of a failed step", async () => {
  const payloads = await payloadsAfter(new Error("boom"), (_ctx, _result, enqueue) => enqueue.tail("next"));

  assertEquals(payloads, [null]);
});

Deno.test("Enqueue hands on the very payload, uncopied", async () => {
  const payload = { list: [1] };

  const [received] = await payloadsAfter("value", (_ctx, _result, enqueue) => enqueue.tail("next", payload));

  assertEquals(received === payload, true);
});

Deno.test("Enqueue works until an asynchronous decision settles", async () => {
  const payloads = await payloadsAfter("value", async (_ctx, _result, enqueue) => {
    enqueue.tail("next", 1);
    await Promise.resolve();
    enqueue.tail("next", 2);
  });

  assertEquals(payloads, [1, 2]);
});

Deno.test("Enqueue: the run waits for an asynchronous decision before the next step", async () => {
  const order: string[] = [];
  const workflow = new Workflow()
    .add({
      name: "first",
      action: () => order.push("first"),
      decision: async (_ctx, _result, enqueue) => {
        enqueue.tail("next");
        await Promise.resolve();
        order.push("decided");
      },
    })
    .add({ name: "next", action: () => order.push("next") });

  await workflow.run("first");

  assertEquals(order, ["first", "decided", "next"]);
});

const SETTLED: readonly [what: string, decision: (enqueue: Enqueue) => unknown][] = [
  ["a plain decision", () => {}],
  ["an asynchronous decision", () => Promise.resolve()],
];

for (const [what, settle] of SETTLED) {
  Deno.test(`Enqueue throws once ${what} has settled`, async () => {
    let kept: Enqueue | undefined;
    const workflow = new Workflow()
      .add({
        name: "first",
        action: () => 1,
        decision: (_ctx, _result, enqueue) => {
          kept = enqueue;
          return settle(enqueue);
        },
      })
      .add({ name: "next", action: () => 2 });

    const { trace } = await workflow.run("first");

    const message = 'Cannot enqueue "next": the decision of step "first" has settled';
    assertThrows(() => kept?.tail("next"), TypeError, message);
    assertThrows(() => kept?.head("next"), TypeError, message);
    assertEquals(trace.map(({ step }) => step), ["first"]);
  });
}

Deno.test("Enqueue throws once its decision has settled, also while the run goes on", async () => {
  let kept: Enqueue | undefined;
  const workflow = new Workflow()
    .add({
      name: "first",
      action: () => 1,
      decision: (_ctx, _result, enqueue) => {
        kept = enqueue;
        enqueue.tail("next");
      },
    })
    .add({ name: "next", action: () => kept?.tail("next") });

  const { trace } = await workflow.run("first");

  assertEquals(trace.map(({ step, error }) => ({ step, error })), [
    { step: "first", error: null },
    { step: "next", error: 'TypeError: Cannot enqueue "next": the decision of step "first" has settled' },
  ]);
});

const FAILING: readonly [what: string, decision: Decision][] = [
  ["throws", (_ctx, _result, enqueue) => {
    enqueue.tail("next");
    throw new Error("undecided");
  }],
  ["rejects", async (_ctx, _result, enqueue) => {
    enqueue.tail("next");
    await Promise.reject(new Error("undecided"));
  }],
];

for (const [what, decision] of FAILING) {
  Deno.test(`a decision that ${what} ends the run with its error, and nothing it enqueued runs`, async () => {
    const executed: string[] = [];
    const workflow = new Workflow()
      .add({ name: "first", action: () => executed.push("first"), decision })
      .add({ name: "next", action: () => executed.push("next") });

    await assertRejects(() => workflow.run("first"), Error, "undecided");

    assertEquals(executed, ["first"]);
  });
}

Deno.test("Enqueue rejects a step's name that is no string", async () => {
  await assertRejects(
    () => payloadsAfter("value", (_ctx, _result, enqueue) => enqueue.tail(7 as never, null as never)),
    TypeError,
    "Cannot enqueue a token: expected a string as the step's name: number",
  );
});

/** The payloads that a step called next gets from a decision about the value, or about the error. */
async function payloadsAfter(value: unknown, decision: Decision): Promise<unknown[]> {
  const workflow = new Workflow()
    .add({
      name: "first",
      action: () => {
        if (value instanceof Error) throw value;
        return value;
      },
      decision,
    })
    .add({ name: "next", action: () => null });
  const { trace } = await workflow.run("first", "payload");
  return trace.slice(1).map(({ payloadIn }) => payloadIn);
}

Deno.test("enqueue, log and scope may be taken apart", async () => {
  const items: unknown[] = [];
  const workflow = new Workflow<Any, Any>().add(
    {
      name: "a",
      action: (_ctx, _payload, { event }, { heartbeat, signal }) => {
        heartbeat();
        event("began", signal.aborted);
        return 1;
      },
      decision: (_ctx, _result, { head, tail, all }, { event }) => {
        tail("b", "last");
        head("b", "first");
        all("b", ["in a group"], { then: "b" });
        event("decided");
      },
    },
    { name: "b", action: (_ctx, item) => items.push(item) },
  );

  const { items: events } = await readAll(workflow.stream("a"));

  assertEquals(items, ["first", "last", "in a group", [{ ok: true, value: 3, error: null }]]);
  assertEquals(events.flatMap((event) => event.type === "step.log" ? [event.name] : []), ["began", "decided"]);
});
