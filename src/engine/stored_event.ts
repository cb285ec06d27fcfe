import { describeError } from "../core/describe_error.ts";
import type { StepEventBase, WorkflowEvent } from "../core/events.ts";
import type { Result } from "../core/result.ts";
import type { StoredEvent } from "../core/run_store.ts";
import { toStoredJson } from "./stored_json.ts";

/**
 * An event that is to be committed: as text, and as everybody sees it who reads a stored run. Errors are
 * `{ name, message, cause? }`.
 */
export class EncodedEvent implements StoredEvent {
  readonly seq: number;
  readonly text: string;
  /** `null` until somebody asks: what it holds may still change, and its text will not. */
  #event: WorkflowEvent | null;

  /** Throws a {@linkcode SerializationError} if the event holds what JSON cannot. */
  constructor(event: WorkflowEvent) {
    const json = toJsonEvent(event);
    this.seq = event.seq;
    this.text = JSON.stringify(json);
    this.#event = isShared(json) ? null : json;
  }

  get event(): WorkflowEvent {
    this.#event ??= JSON.parse(this.text) as WorkflowEvent;
    return this.#event;
  }
}

function toJsonEvent(event: WorkflowEvent): WorkflowEvent {
  switch (event.type) {
    case "step.start":
      return isInside(event) ? replaced(event, "payload", toStepJson(event, "payload", event.payload)) : event;
    case "step.log":
      return event.data === undefined ? event : replaced(event, "data", toStepJson(event, "data", event.data));
    case "step.chunk":
      return replaced(event, "value", toStepJson(event, "value", event.value));
    case "step.retry":
      return { ...event, error: describeError(event.error) };
    case "step.result": {
      const told = replaced(event, "result", toJsonResult(event, event.result));
      return isInside(event) ? replaced(told, "payload", toStepJson(event, "payload", event.payload)) : told;
    }
    case "run.end":
      return event.error === null ? event : { ...event, error: describeError(event.error) };
    default:
      return event;
  }
}

/** Only the payloads of a run's own tokens come from the store; those of a run inside a step can be anything. */
function isInside({ path }: StepEventBase): boolean {
  return path !== undefined;
}

function toJsonResult(event: StepEventBase, result: Result): Result {
  if (!result.ok) return { ok: false, value: null, error: describeError(result.error) };
  const value = toStepJson(event, "result.value", result.value);
  return value === result.value ? result : { ok: true, value, error: null };
}

function toStepJson({ step }: StepEventBase, name: string, value: unknown): unknown {
  return toStoredJson(value, name, step);
}

/** The event with another value in a field; itself, if it is the same. */
function replaced<Event extends object, Key extends keyof Event>(event: Event, key: Key, value: Event[Key]): Event {
  return event[key] === value ? event : { ...event, [key]: value };
}

/** Whether it holds an object that is not the engine's own, or nothing where its text has no field. */
function isShared(event: WorkflowEvent): boolean {
  switch (event.type) {
    case "step.start":
      return isLoose(event.payload);
    case "step.log":
      return isLoose(event.data);
    case "step.chunk":
      return isLoose(event.value);
    case "step.result":
      return isLoose(event.payload) || isLoose(event.result.value);
    case "run.start":
      return isLoose(event.payload);
    default:
      return false;
  }
}

function isLoose(value: unknown): boolean {
  return value === undefined || (typeof value === "object" && value !== null);
}
