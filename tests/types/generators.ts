import { assertType, type IsExact, type IsNever } from "@std/testing/types";
import { type Result, Workflow } from "../../mod.ts";
import type { Seen, Steps } from "./steps.ts";

/** The value of a generator action is what it returns; what it yields are the chunks. */
export async function inferGenerators(): Promise<void> {
  const orders = new Workflow<Steps, Seen>()
    .add({
      name: "load",
      action: function* (_ctx, payload) {
        assertType<IsExact<typeof payload, { batch: string }>>(true);
        yield 1;
        yield 2;
        return payload.batch;
      },
      decision: (_ctx, result, enqueue) => {
        assertType<IsExact<typeof result, Result<string>>>(true);
        enqueue.tail("process");
      },
    })
    .add({
      name: "process",
      action: async function* (_ctx, payload) {
        assertType<IsExact<typeof payload, string>>(true);
        yield { at: await Promise.resolve(1) };
        return Promise.resolve([true]);
      },
      decision: (_ctx, result) => assertType<IsExact<typeof result, Result<boolean[]>>>(true),
    })
    .add({ name: "tick", action: () => "no generator" });

  for await (const event of orders.stream("load", { batch: "B-99" })) {
    if (event.type === "step.chunk" && event.step === "load") assertType<IsExact<typeof event.value, 1 | 2>>(true);
    if (event.type === "step.chunk" && event.step === "process") {
      assertType<IsExact<typeof event.value, { at: number }>>(true);
    }
    if (event.type === "step.chunk" && event.step === "tick") assertType<IsNever<typeof event.value>>(true);
    if (event.type === "step.result" && event.step === "load") {
      assertType<IsExact<typeof event.result, Result<string>>>(true);
    }
    if (event.type === "step.result" && event.step === "process") {
      assertType<IsExact<typeof event.result, Result<boolean[]>>>(true);
    }
  }
  const { context } = await orders.run("load", { batch: "B-99" });
  assertType<IsExact<typeof context["result.load"], string | null | undefined>>(true);
  assertType<IsExact<typeof context["result.process"], boolean[] | null | undefined>>(true);
}
