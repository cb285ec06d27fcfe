import { describeError } from "../core/describe_error.ts";
import type { StepEventBase, WorkflowEvent } from "../core/events.ts";
import { toJson } from "../core/json.ts";
import type { Result } from "../core/result.ts";
import type { StoredEvent } from "../core/run_store.ts";

/** An event that is to be committed: as its readers see it, and as text. */
export interface EncodedEvent extends StoredEvent {
  readonly event: WorkflowEvent;
}

/**
 * The event as it is stored and as everybody sees it who reads a stored run: errors are `{ name, message, cause? }`.
 *
 * @throws {SerializationError} If it holds what JSON cannot.
 */
export function encodeStoredEvent(event: WorkflowEvent): EncodedEvent {
  const json = toJsonEvent(event);
  return { seq: event.seq, event: json, text: JSON.stringify(json) };
}

function toJsonEvent(event: WorkflowEvent): WorkflowEvent {
  switch (event.type) {
    case "step.log":
      return event.data === undefined ? event : replaced(event, "data", toStepJson(event, "data", event.data));
    case "step.chunk":
      return replaced(event, "value", toStepJson(event, "value", event.value));
    case "step.retry":
      return { ...event, error: describeError(event.error) };
    case "step.result":
      return replaced(event, "result", toJsonResult(event, event.result));
    case "run.end":
      return event.error === null ? event : { ...event, error: describeError(event.error) };
    default:
      // The payloads of tokens are JSON by now.
      return event;
  }
}

function toJsonResult(event: StepEventBase, result: Result): Result {
  if (!result.ok) return { ok: false, value: null, error: describeError(result.error) };
  const value = toStepJson(event, "result.value", result.value);
  return value === result.value ? result : { ok: true, value, error: null };
}

function toStepJson({ step }: StepEventBase, name: string, value: unknown): unknown {
  return toJson(value, { name, stepName: step });
}

/** The event with another value in a field; itself, if it is the same. */
function replaced<Event extends object, Key extends keyof Event>(event: Event, key: Key, value: Event[Key]): Event {
  return event[key] === value ? event : { ...event, [key]: value };
}
