import { assertType, type IsExact } from "@std/testing/types";
import { type Result, type RunStatus, type StepRetryEvent, Workflow, type WorkflowEvent } from "../../mod.ts";
import type { Seen, Steps } from "./steps.ts";

/** The step's name narrows what an event carries. */
export async function narrowEvents(): Promise<void> {
  const orders = new Workflow<Steps, Seen>()
    .add({ name: "load", action: (_ctx, payload) => [payload.batch] })
    .add({ name: "process", action: (_ctx, item) => item.length });

  for await (const event of orders.stream("load", { batch: "B-99" })) {
    assertType<IsExact<typeof event.seq, number>>(true);
    if (event.type === "step.result") {
      assertType<IsExact<typeof event.step, keyof Steps>>(true);
      if (event.step === "load") {
        assertType<IsExact<typeof event.result, Result<string[]>>>(true);
        assertType<IsExact<typeof event.payload, { batch: string }>>(true);
      }
      if (event.step === "process") {
        assertType<IsExact<typeof event.result, Result<number>>>(true);
        assertType<IsExact<typeof event.payload, string>>(true);
      }
      // Not added yet: its payload is known, its result is not.
      if (event.step === "merge") {
        assertType<IsExact<typeof event.result, Result<unknown>>>(true);
        assertType<IsExact<typeof event.payload, Result<number>[]>>(true);
      }
      // @ts-expect-error TS2367: no such step
      if (event.step === "nope") return;
    }
    if (event.type === "step.start" && event.step === "load") {
      assertType<IsExact<typeof event.payload, { batch: string }>>(true);
    }
    if (event.type === "step.retry") {
      assertType<IsExact<typeof event.step, keyof Steps>>(true);
      if (event.step === "load") assertType<IsExact<typeof event, StepRetryEvent<"load">>>(true);
      // @ts-expect-error TS2367: no such step
      if (event.step === "nope") return;
    }
    if (event.type === "run.end") assertType<IsExact<typeof event.status, RunStatus>>(true);
    // @ts-expect-error TS2367: no such event
    if (event.type === "step.done") return;
  }
}

/** Every type of event is in the union, so that a `switch` can be exhaustive. */
export type EventType = WorkflowEvent["type"];
