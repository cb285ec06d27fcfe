import type { Any, RunEndEvent, StepLogEvent, WorkflowEvent } from "@stepstream/workflow";

/** Every type of event, with this text wherever an event has text of the user's, and at every place of a value. */
export function eventsFullOf(text: string): WorkflowEvent<Any, Any>[] {
  const value = { [text]: text, list: [text, { [text]: [text] }] };
  const error = Object.assign(new Error(text), { name: text });
  const base = { runId: text, at: 0 };
  const step = { ...base, token: 1, step: text, attempt: 1 };
  const done = {
    ...step,
    type: "step.result",
    payload: value,
    routed: [{ token: 2, step: text, where: "tail" }],
    queueLength: 1,
    durationMs: 0,
    droppedLogs: 0,
  } as const;
  return [
    { ...base, type: "run.start", seq: 1, workflow: text, version: text, start: text, payload: value },
    { ...step, type: "step.start", seq: 2, parent: null, payload: text },
    { ...step, type: "step.log", seq: 3, name: text, data: value },
    { ...step, type: "step.chunk", seq: 4, value },
    { ...done, seq: 5, result: { ok: true, value, error: null } },
    { ...done, seq: 6, result: { ok: false, value: null, error } },
    { ...step, type: "step.retry", seq: 7, error, delayMs: 1, path: [text] },
    { ...base, type: "run.suspend", seq: 8, reason: text, until: null },
    { ...base, type: "run.resume", seq: 9, from: 8 },
    { ...base, type: "run.end", seq: 10, status: "failed", error, steps: 2 },
  ];
}

/** An event in the middle of a run. */
export function logEvent(seq: number, data: unknown): StepLogEvent {
  return { type: "step.log", seq, runId: "run-1", at: 0, token: 1, step: "work", attempt: 1, name: "note", data };
}

/** The last event of a run that went well. */
export function endEvent(seq: number): RunEndEvent {
  return { type: "run.end", seq, runId: "run-1", at: 0, status: "completed", error: null, steps: 1 };
}
