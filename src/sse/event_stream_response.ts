import { type Clock, LONGEST_TIMER_MS, systemClock } from "../core/clock.ts";
import type { WorkflowEvent } from "../core/events.ts";
import type { Any } from "../core/inference.ts";
import type { EncodeEventOptions } from "./encode_event.ts";
import { EventBody } from "./event_body.ts";

/**
 * What becomes of the run when the client goes away. With `"cancel"` the run is left as by `break`: it is cancelled or,
 * if it is in a store, suspended, so that `resume` can continue it. With `"detach"` it continues without a reader.
 */
export type OnDisconnect = "cancel" | "detach";

/** Options of {@linkcode eventStreamResponse}. */
export interface EventStreamOptions extends EncodeEventOptions {
  /** What becomes of the run when the client goes away. Default: `"cancel"`, which suspends a stored run. */
  readonly onDisconnect?: OnDisconnect | undefined;
  /**
   * The request's `signal`. When a client leaves, Deno, Node and Bun cancel the body; Workers abort this signal (with
   * the compatibility flag `enable_request_signal`), at the next write, so within `heartbeatMs`. It counts only while
   * the body is open, since Deno also aborts it after every finished response. Default: none.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long the stream may be silent before a comment is sent, in ms. Keep it below the read timeout of the server
   * (Bun closes the connection after 10 s) and of every proxy on the way. Default: 8 000.
   *
   * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes}
   */
  readonly heartbeatMs?: number | undefined;
  /** How long an `EventSource` waits before it reconnects, in ms: the stream's `retry` field. Default: 2 000. */
  readonly retryMs?: number | undefined;
  /**
   * Gets a promise that settles when everything is over, for hosts that stop all work with the response. Workers do
   * when the client leaves: without `(done) => ctx.waitUntil(done)` an aborted action cannot finish its cleanup, and a
   * detached run stops for good. Default: none.
   */
  readonly waitUntil?: ((done: Promise<void>) => void) | undefined;
  /** Where the heartbeat's timer comes from. Default: the platform. */
  readonly clock?: Clock | undefined;
}

/**
 * Makes a web-standard `Response` that sends events as a server-sent event stream. Return it from a handler as it is.
 *
 * The body is pulled: if the client stops reading, nothing piles up, and the run stands still. Events that are ready go
 * out in one chunk; none waits for more. The body ends after `run.end`, so a stream that ends without it was cut.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html}
 *
 * @example Usage
 * ```ts
 * import { Workflow } from "@stepstream/workflow";
 * import { eventStreamResponse } from "@stepstream/workflow/sse";
 *
 * const workflow = new Workflow().add({ name: "greet", action: (_ctx, name) => `Hello, ${name}` });
 *
 * export default {
 *   fetch: (request: Request) => eventStreamResponse(workflow.stream("greet", "Ada"), { signal: request.signal }),
 * };
 * ```
 *
 * @throws {RangeError} If `heartbeatMs`, `retryMs` or `onDisconnect` is out of range.
 * @throws {StreamUsedError} If the events are a stream that somebody reads already.
 */
export function eventStreamResponse(
  events: AsyncIterable<WorkflowEvent<Any, Any>>,
  options: EventStreamOptions = {},
): Response {
  const { onDisconnect = "cancel", heartbeatMs = 8_000, retryMs = 2_000, clock = systemClock } = options;
  const { signal, describeError } = options;
  if (onDisconnect !== "cancel" && onDisconnect !== "detach") {
    throw new RangeError(`Cannot stream events: onDisconnect must be "cancel" or "detach": ${String(onDisconnect)}`);
  }
  assertDelay(heartbeatMs, "heartbeatMs", 1);
  assertDelay(retryMs, "retryMs", 0);
  const body = new EventBody(events[Symbol.asyncIterator](), {
    onDisconnect,
    heartbeatMs,
    retryMs,
    clock,
    signal,
    describeError,
  });
  options.waitUntil?.(body.done);
  return new Response(body.stream, {
    headers: {
      "content-type": "text/event-stream",
      // `no-cache`: a cached stream would be replayed at each reconnect. `no-transform`: no proxy shall compress it.
      "cache-control": "no-cache, no-transform",
      // Tells nginx not to gather the events.
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    },
  });
}

function assertDelay(value: number, name: string, least: number): void {
  if (!Number.isInteger(value) || value < least || value > LONGEST_TIMER_MS) {
    throw new RangeError(
      `Cannot stream events: ${name} must be a whole number of ms from ${least} on: ${String(value)}`,
    );
  }
}
