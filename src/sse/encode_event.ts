import { describeError, toText } from "../core/describe_error.ts";
import type { WorkflowEvent } from "../core/events.ts";
import type { Any } from "../core/inference.ts";
import { toJson } from "../core/json.ts";

/** Options of {@linkcode encodeEvent}. */
export interface EncodeEventOptions {
  /**
   * What the reader learns of an error, wherever in an event it is. Default: `{ name, message }`, with neither stack nor
   * causes. Answer something blander if your messages are not for every reader.
   */
  readonly describeError?: ((error: unknown) => PublicError) | undefined;
}

/** An error as a reader sees it. */
export interface PublicError {
  /** The class of error, e.g. `TypeError`. */
  readonly name: string;
  /** What went wrong, in words for the reader. */
  readonly message: string;
}

/**
 * The event as one message of a server-sent event stream: its `seq` as the `id`, and one `data` line of JSON, which
 * cannot hold a line's end. It has no `event` field, so that every message reaches a browser's `onmessage`.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream}
 *
 * @example Usage
 * ```ts
 * import { encodeEvent } from "@stepstream/workflow/sse";
 *
 * encodeEvent({ type: "run.end", seq: 3, runId: "r", at: 0, status: "completed", error: null, steps: 1 });
 * ```
 *
 * @throws {SerializationError} If the event holds what JSON cannot.
 * @throws {TypeError} If it is no event.
 */
export function encodeEvent(event: WorkflowEvent<Any, Any>, options: EncodeEventOptions = {}): string {
  const { seq } = event;
  // Events may come from a store or another machine; what is no number could forge a field.
  if (!Number.isSafeInteger(seq) || seq < 0) throw new TypeError(`Cannot encode an event: its seq is no number`);
  return `id: ${seq}\ndata: ${JSON.stringify(toWire(event, options.describeError ?? toPublicError))}\n\n`;
}

/** `{ name, message }` of whatever was thrown. */
export function toPublicError(error: unknown): PublicError {
  const { name, message } = describeError(error);
  return { name, message };
}

/** The event as JSON; the very event if it is JSON already. */
function toWire(event: WorkflowEvent<Any, Any>, toError: (error: unknown) => PublicError): unknown {
  switch (event.type) {
    case "run.start": {
      const payload = convert(event.payload, "payload", null, toError);
      return payload === event.payload ? event : { ...event, payload };
    }
    case "step.start": {
      const payload = convert(event.payload, "payload", event.step, toError);
      return payload === event.payload ? event : { ...event, payload };
    }
    case "step.log": {
      const data = convert(event.data, "data", event.step, toError);
      return data === event.data ? event : { ...event, data };
    }
    case "step.chunk": {
      const value = convert(event.value, "value", event.step, toError);
      return value === event.value ? event : { ...event, value };
    }
    case "step.result": {
      const payload = convert(event.payload, "payload", event.step, toError);
      if (!event.result.ok) {
        return { ...event, payload, result: { ok: false, value: null, error: toError(event.result.error) } };
      }
      const value = convert(event.result.value, "result.value", event.step, toError);
      if (payload === event.payload && value === event.result.value) return event;
      return { ...event, payload, result: { ok: true, value, error: null } };
    }
    case "run.end":
      return event.error === null ? event : { ...event, error: toError(event.error) };
    default:
      throw new TypeError(`Cannot encode an event: it has no known type: ${toText((event as { type: unknown }).type)}`);
  }
}

function convert(
  value: unknown,
  name: string,
  stepName: string | null,
  describeError: (error: unknown) => PublicError,
): unknown {
  return typeof value === "string" || value === null || value === undefined
    ? value
    : toJson(value, { name, stepName, describeError });
}
