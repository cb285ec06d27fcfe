import type { WorkflowEvent } from "@stepstream/workflow";

const BASE = { runId: "r", at: 5 } as const;

/** The events of a short run. */
export const SAMPLE_RUN: readonly [WorkflowEvent, ...WorkflowEvent[]] = [
  { ...BASE, type: "run.start", seq: 1, workflow: "w", version: "1", start: "s", payload: "é 😀 \n \u2028" },
  { ...BASE, type: "step.start", seq: 2, token: 1, parent: null, step: "s", attempt: 1, payload: "é 😀 \n \u2028" },
  { ...BASE, type: "step.log", seq: 3, token: 1, step: "s", attempt: 1, name: "data: x", data: ["data: y", ":"] },
  { ...BASE, type: "run.end", seq: 4, status: "completed", error: null, steps: 0 },
];
