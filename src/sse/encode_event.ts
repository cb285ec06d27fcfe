import type { WorkflowEvent } from "../core/events.ts";
import type { Any } from "../core/inference.ts";
import { EventEncoder, type PublicError } from "./event_encoder.ts";

/** Options of {@linkcode encodeEvent}. */
export interface EncodeEventOptions {
  /**
   * What readers learn of an error, wherever in an event it is. Default: `{ name, message }`, with neither stack nor
   * cause. Return something blander if your messages are not for every reader. In a stored run it is asked about the
   * errors of results, retries and `run.end` only: one inside a value, a payload or a log is stored, and sent, as
   * `{ name, message }`.
   */
  readonly describeError?: ((error: unknown) => PublicError) | undefined;
}

/** Keeps what recurs from event to event, within bounds, for all who need no words of their own for errors. */
const encoder = new EventEncoder(undefined);

/**
 * Writes an event as one message of a server-sent event stream: its `seq` is the `id`, and its JSON one `data` line,
 * since JSON text can hold no line break. There is no `event` field, so that every message reaches a browser's
 * `onmessage`.
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
 * @throws {SerializationError} If the event holds something that JSON cannot.
 * @throws {TypeError} If it is not an event.
 */
export function encodeEvent(event: WorkflowEvent<Any, Any>, options: EncodeEventOptions = {}): string {
  const { describeError } = options;
  return (describeError === undefined ? encoder : new EventEncoder(describeError)).encode(event);
}
