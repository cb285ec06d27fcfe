import { assertType, type IsExact } from "@std/testing/types";
import { asStep, decideIf, decideTo, type OpenStep, type Result, type Step, Workflow } from "../../mod.ts";
import type { Seen, Steps } from "./steps.ts";

interface Words {
  count: string;
  store: number;
}

const inner = new Workflow<Words, { total: number }>()
  .add({ name: "count", action: (_ctx, text) => text.length, decision: decideTo("store") })
  .add({ name: "store", action: (_ctx, length) => [length] });
const open = new Workflow().add({ name: "trim", action: (_ctx, text: string) => text.trim() });

/** A workflow as a step is typed by its start, and by what is made of its context. */
export async function inferInnerSteps(): Promise<void> {
  const orders = new Workflow<Steps, Seen>()
    .add(asStep("process", inner, {
      start: "count",
      context: (ctx, payload) => {
        assertType<IsExact<typeof payload, string>>(true);
        return { total: ctx.seen.length };
      },
      value: (context) => {
        assertType<IsExact<typeof context["result.store"], number[] | null | undefined>>(true);
        return context.total;
      },
      retry: { maxAttempts: 2 },
    }))
    .add(
      asStep("load", open, { start: "trim", value: (context) => Promise.resolve([context]) }),
      asStep("tick", new Workflow<{ begin: undefined }>(), { start: "begin", timeoutMs: 10 }),
      { name: "merge", action: (ctx) => ctx.seen },
    );
  const whole = new Workflow<Steps, Seen>().add(asStep("process", inner, { start: "count" }));

  const { context } = await orders.run("process", "text");
  const inside = (await whole.run("process", "text")).context["result.process"];

  assertType<IsExact<typeof context["result.process"], number | null | undefined>>(true);
  if (inside) assertType<IsExact<typeof inside.total, number>>(true);
  if (inside) assertType<IsExact<typeof inside["result.count"], number | null | undefined>>(true);
}

/** Its decision sees its value, wherever it is given, and is held to the outer workflow. */
export function routeInnerSteps(): void {
  const orders = new Workflow<Steps, Seen>();

  orders.add({
    ...asStep("process", inner, { start: "count", value: (context) => context.total }),
    decision(ctx, result, enqueue) {
      assertType<IsExact<typeof ctx.seen, string[]>>(true);
      assertType<IsExact<typeof result, Result<number>>>(true);
      enqueue.tail("process", "again");
      // @ts-expect-error TS2345: no such step
      enqueue.tail("proces", "again");
    },
  });
  orders.add({
    ...asStep("process", inner, { start: "count", value: () => 1, routes: ["tick"] }),
    decision: (_ctx, _result, enqueue) => {
      enqueue.all("tick", [undefined], { then: "tick" as never });
      // @ts-expect-error TS2345: not declared
      enqueue.tail("process", "again");
    },
  });
  orders.add(asStep("process", inner, {
    start: "count",
    value: (context) => context.total,
    routes: ["process"],
    decision: async (_ctx, result, enqueue) => {
      assertType<IsExact<typeof result, Result<number>>>(true);
      await Promise.resolve();
      enqueue.tail("process", "again");
      // @ts-expect-error TS2345: not declared
      enqueue.tail("tick", undefined);
    },
  }));
  orders.add(asStep("process", inner, { start: "count", value: () => "a", decision: decideTo("process") }));

  // @ts-expect-error TS2769: no such step
  orders.add(asStep("process", inner, { start: "count", value: () => "a", decision: decideTo("proces") }));
  // @ts-expect-error TS2769: the value is no payload of `process`
  orders.add(asStep("process", inner, { start: "count", value: () => 1, decision: decideTo("process") }));
  // @ts-expect-error TS2322: not declared
  asStep("process", inner, { start: "count", routes: ["load"], decision: decideIf(() => true, { yes: "tick" }) });
  // @ts-expect-error TS2769: no such step
  orders.add(asStep("process", inner, { start: "count", routes: ["proces"] }));
}

/** What fits a list. */
export function listInnerSteps(): void {
  const steps: Step[] = [
    asStep("count", inner, { start: "count", routes: ["trim"], decision: decideTo("trim") }),
    asStep("trim", open, { start: "trim" }),
  ];
  const typed: OpenStep<Steps, Seen>[] = [asStep("process", inner, { start: "count", retry: { maxAttempts: 2 } })];

  new Workflow().add(...steps);
  new Workflow<Steps, Seen>().add(...typed);
}

/** Never called: what is no step of the outer workflow. */
export function refuseInnerSteps(): void {
  const orders = new Workflow<Steps, Seen>();

  // @ts-expect-error TS2322: no such start
  asStep("process", inner, { start: "trim" });
  // @ts-expect-error TS2322: the total is a number
  asStep("process", inner, { start: "count", context: () => ({ total: "1" }) });
  // @ts-expect-error TS7053: no step of this name
  asStep("process", inner, { start: "count", value: (context) => context["result.trim"] });
  // @ts-expect-error TS2769: `load` has an object, `count` takes a string
  orders.add(asStep("load", inner, { start: "count" }));
  // @ts-expect-error TS2769: `process` has a string, `store` takes a number
  orders.add(asStep("process", inner, { start: "store" }));
  // @ts-expect-error TS2769: not in the map of payloads
  orders.add(asStep("proces", inner, { start: "count" }));
  orders.add(
    { name: "tick", action: () => 1 },
    // @ts-expect-error TS2769: `load` has an object, `count` takes a string
    asStep("load", inner, { start: "count" }),
  );
}
