import type { Any, WorkflowEvent } from "@stepstream/workflow";
import { endEvent, logEvent } from "../sse/sample_events.ts";

/** The events of a run: `count` notes, and its end unless it goes on. */
export function notes(count: number, hasEnded = true): WorkflowEvent<Any, Any>[] {
  const events: WorkflowEvent<Any, Any>[] = [];
  for (let seq = 1; seq <= count; seq += 1) events.push(logEvent(seq, `note ${seq}`));
  if (hasEnded) events.push(endEvent(count + 1));
  return events;
}

/** The numbers of events. */
export function seqsOf(events: readonly { readonly seq: number }[]): number[] {
  return events.map(({ seq }) => seq);
}

/** The events of NDJSON; empty lines are signs of life. */
export function parseLines(text: string): WorkflowEvent<Any, Any>[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}
