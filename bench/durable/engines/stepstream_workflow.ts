import { Workflow } from "@stepstream/workflow";
import type { Act } from "../job.ts";

/** What the steps of the job are given. */
export interface Payloads {
  work: number;
}

/** The job as a workflow: a chain of so many steps. */
export function createWorkflow(act: Act, steps: number): Workflow<Payloads> {
  return new Workflow<Payloads>({ name: "durable" }).add({
    name: "work",
    action: (_ctx, index) => act(index),
    decision: (_ctx, result, enqueue) => {
      if (result.ok && result.value.index + 1 < steps) {
        enqueue.tail("work", result.value.index + 1);
      }
    },
  });
}
