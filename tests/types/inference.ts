import { assertType, type IsAny, type IsExact } from "@std/testing/types";
import { type Result, type StepLogHelper, type StepScope, Workflow } from "../../mod.ts";
import type { Seen, Steps } from "./steps.ts";

/** A step added alone; nothing in it is annotated. */
export function inferOneStep(): void {
  new Workflow<Steps, Seen>().add({
    name: "load",
    action: (ctx, payload, log, scope) => {
      assertType<IsExact<typeof ctx, Seen & Record<never, never>>>(true);
      assertType<IsExact<typeof ctx.seen, string[]>>(true);
      assertType<IsExact<typeof payload, { batch: string }>>(true);
      assertType<IsExact<typeof log, StepLogHelper>>(true);
      assertType<IsExact<typeof scope, StepScope>>(true);
      return [payload.batch];
    },
    decision: (ctx, result) => {
      assertType<IsExact<typeof ctx.seen, string[]>>(true);
      assertType<IsExact<typeof result, Result<string[]>>>(true);
      if (result.ok) assertType<IsExact<typeof result.value, string[]>>(true);
      else assertType<IsExact<typeof result.error, unknown>>(true);
    },
  });
}

/** Steps added one by one: each sees the results of those before it. */
export function inferChain(): void {
  new Workflow<Steps, Seen>()
    .add({ name: "load", action: (_ctx, payload) => [payload.batch] })
    .add({
      name: "process",
      action: async (ctx, payload) => {
        assertType<IsExact<typeof payload, string>>(true);
        assertType<IsExact<typeof ctx["result.load"], string[] | null | undefined>>(true);
        return await Promise.resolve(payload.length);
      },
      decision: (_ctx, result) => assertType<IsExact<typeof result, Result<number>>>(true),
    })
    .add({
      name: "merge",
      action: (ctx, payload) => {
        assertType<IsExact<typeof payload, Result<number>[]>>(true);
        assertType<IsExact<typeof ctx["result.load"], string[] | null | undefined>>(true);
        assertType<IsExact<typeof ctx["result.process"], number | null | undefined>>(true);
        return payload.map(({ ok }) => ok);
      },
      decision: (_ctx, result) => assertType<IsExact<typeof result, Result<boolean[]>>>(true),
    })
    .add({
      name: "tick",
      action: (ctx, payload) => {
        assertType<IsExact<typeof payload, undefined>>(true);
        assertType<IsExact<typeof ctx["result.merge"], boolean[] | null | undefined>>(true);
        // @ts-expect-error TS7053: no step of this name was added before
        return ctx["result.tick"];
      },
    });
}

/** Steps added at once. */
export async function inferTogether(): Promise<void> {
  const orders = new Workflow<Steps, Seen>().add(
    {
      name: "load",
      action: (_ctx, payload) => {
        assertType<IsExact<typeof payload, { batch: string }>>(true);
        return [payload.batch];
      },
      decision: (_ctx, result, enqueue) => {
        assertType<IsExact<typeof result, Result<string[]>>>(true);
        enqueue.tail("process", "a");
        // @ts-expect-error TS2345: no such step
        enqueue.tail("lod", "a");
      },
    },
    {
      name: "process",
      action: (_ctx, payload) => {
        assertType<IsExact<typeof payload, string>>(true);
        return payload.length;
      },
      decision: (_ctx, result) => assertType<IsExact<typeof result, Result<number>>>(true),
    },
    {
      name: "merge",
      action: (_ctx, payload) => {
        assertType<IsExact<typeof payload, Result<number>[]>>(true);
        return true;
      },
      decision: (_ctx, result) => assertType<IsExact<typeof result, Result<boolean>>>(true),
    },
  );

  const { context } = await orders.run("load", { batch: "B-99" });

  assertType<IsExact<typeof context["result.load"], string[] | null | undefined>>(true);
  assertType<IsExact<typeof context["result.process"], number | null | undefined>>(true);
  assertType<IsExact<typeof context["result.merge"], boolean | null | undefined>>(true);
}

/** The outcome of a run, from `run()` and from a stream. */
export async function inferOutcome(): Promise<void> {
  const orders = new Workflow<Steps, Seen>()
    .add({ name: "load", action: (_ctx, payload) => [payload.batch] })
    .add({ name: "process", action: (_ctx, item) => Promise.resolve(item.length) });

  const { context, trace, runId } = await orders.run("load", { batch: "B-99" });
  const ofStream = await orders.stream("load", { batch: "B-99" }).result;

  assertType<IsExact<typeof runId, string>>(true);
  assertType<IsExact<typeof trace[number]["error"], string | null>>(true);
  assertType<IsExact<typeof context.seen, string[]>>(true);
  assertType<IsExact<typeof context["result.load"], string[] | null | undefined>>(true);
  assertType<IsExact<typeof context["result.process"], number | null | undefined>>(true);
  assertType<IsExact<typeof ofStream.context, typeof context>>(true);
  assertType<IsAny<typeof context>>(false);
  // @ts-expect-error TS7053: no step of this name was added
  context["result.merge"];
}

/** A workflow with steps is given where one is asked for, and put where there was one without them. */
export function giveWorkflows(): readonly Workflow[] {
  const serve = (workflow: Workflow) => workflow;
  serve(new Workflow().add({ name: "a", action: () => 1 }));
  let growing = new Workflow<{ a: string }>();
  growing = growing.add({ name: "a", action: () => 1 });
  const list: Workflow[] = [new Workflow().add({ name: "a", action: () => 1 }), growing];
  return list;
}

/** Of steps whose types the workflow has never seen the events say nothing. */
export async function inferUnseenSteps(): Promise<void> {
  const orders = new Workflow<Steps, Seen>().add({ name: "process", action: (): unknown => [] });

  for await (const event of orders.stream("load", { batch: "B-99" })) {
    if (event.type === "step.chunk") assertType<IsExact<typeof event.value, unknown>>(true);
    if (event.type === "step.result" && event.step === "load") {
      assertType<IsExact<typeof event.result, Result<unknown>>>(true);
    }
  }
}
