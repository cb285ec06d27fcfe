import { type Clock, LONGEST_TIMER_MS, systemClock } from "../core/clock.ts";
import type { WorkflowEvent } from "../core/events.ts";
import type { Any } from "../core/inference.ts";
import type { EncodeEventOptions } from "./encode_event.ts";
import { EventBody } from "./event_body.ts";

/**
 * What becomes of the run when the client goes away. With `"cancel"` it is left as by `break`: it is cancelled or, kept
 * in a store, suspended, so that a lost connection loses no stored run and `resume` goes on with it. With `"detach"` it
 * goes on without a reader.
 */
export type OnDisconnect = "cancel" | "detach";

/** Options of {@linkcode eventStreamResponse}. */
export interface EventStreamOptions extends EncodeEventOptions {
  /** What becomes of the run when the client goes away. Default: `"cancel"`, which a stored run survives. */
  readonly onDisconnect?: OnDisconnect | undefined;
  /**
   * `request.signal`. Deno, Node and Bun tell of a client that left by cancelling the body; Workers by this signal
   * (with the compatibility flag `enable_request_signal`), at the next write, so within `heartbeatMs`. It is heeded
   * only while the body is open: Deno aborts it after every finished response too. Default: none.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long the stream may be silent before a comment is sent, in ms. Keep it below the read timeout of every proxy on
   * the way, and of the server: that of Bun is 10 s, and then the client counts as gone. Default: 8 000.
   */
  readonly heartbeatMs?: number | undefined;
  /** How long an `EventSource` waits before it reconnects, in ms. Default: 2 000. */
  readonly retryMs?: number | undefined;
  /**
   * Gets a promise that settles when all is over, for hosts that stop work with the response. Workers do when the
   * client leaves: without `(done) => ctx.waitUntil(done)` an aborted action cannot wait for what it cleans up, and a
   * run that is detached stands still for good. Default: none.
   */
  readonly waitUntil?: ((done: Promise<void>) => void) | undefined;
  /** Where the heartbeat's timer comes from. Default: the platform. */
  readonly clock?: Clock | undefined;
}

/**
 * A web-standard `Response` that sends events as a server-sent event stream. Return it from a handler as it is.
 *
 * The body is pulled: behind a client that stops reading nothing piles up, and the run stands still. What is ready goes
 * out in one chunk; nothing waits for more. It ends after `run.end`, so a stream that ends without it was cut.
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
 * @throws {RangeError} If `heartbeatMs`, `retryMs` or `onDisconnect` is not of its kind.
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
