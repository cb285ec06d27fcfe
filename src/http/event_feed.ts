import type { Clock } from "../core/clock.ts";
import { EventsGoneError, UnknownRunError } from "../core/errors.ts";
import type { WorkflowEvent } from "../core/events.ts";
import type { Any } from "../core/inference.ts";
import type { PublicError } from "../sse/event_encoder.ts";
import { eventStreamResponse } from "../sse/event_stream_response.ts";
import { type FeedFormat, FRAMES } from "./feed_frame.ts";

/** How a feed is sent. */
export interface EventFeedOptions {
  readonly format: FeedFormat;
  /** The client's signal. */
  readonly signal: AbortSignal;
  readonly maxConnectionMs: number;
  readonly heartbeatMs: number;
  readonly retryMs: number;
  readonly clock: Clock;
  readonly describeError: ((error: unknown) => PublicError) | undefined;
  /** Called when the feed is over, however it came to that. */
  readonly onClose: () => void;
  /** Called with what the events have failed with. */
  readonly onError: (error: unknown) => void;
}

/** By how much of its time a connection may end earlier, so that clients who came together don't come back together. */
const JITTER = 0.2;

/**
 * A response that sends events until they end or its time is up. A client who leaves only stops reading. Where events
 * are missing it says so, and ends; where the run is, it only ends.
 */
export function eventFeed(events: AsyncIterable<WorkflowEvent<Any, Any>>, options: EventFeedOptions): Response {
  const { format, clock, signal } = options;
  const controller = new AbortController();
  const leave = (): void => controller.abort();
  const timer = clock.setTimeout(leave, Math.ceil(options.maxConnectionMs * (1 - JITTER * Math.random())));
  const release = (): void => {
    clock.clearTimeout(timer);
    signal.removeEventListener("abort", leave);
    options.onClose();
  };
  if (signal.aborted) leave();
  else signal.addEventListener("abort", leave);
  const { body, headers } = eventStreamResponse(events, {
    // It cancels the reading; the run is the host's.
    onDisconnect: "cancel",
    signal: controller.signal,
    waitUntil: (done) => void done.then(release),
    heartbeatMs: options.heartbeatMs,
    retryMs: options.retryMs,
    describeError: options.describeError,
    clock,
  });
  headers.set("content-type", format);
  return new Response(body === null ? null : reframe(body, options), { headers });
}

/** Events that are told to be missing at the first look. */
export function missingEvents(error: EventsGoneError): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
}

function reframe(body: ReadableStream<Uint8Array>, options: EventFeedOptions): ReadableStream<Uint8Array> {
  const frame = FRAMES[options.format];
  const reader = body.getReader();
  let isOpen = true;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { value, done } = await reader.read();
        if (!isOpen) return;
        if (done) controller.close();
        else controller.enqueue(frame.fromEventStream(value));
      } catch (error) {
        if (!isOpen) return;
        if (error instanceof EventsGoneError) controller.enqueue(frame.encodeReset(error));
        // A client who comes back hears that the run is gone.
        if (error instanceof EventsGoneError || error instanceof UnknownRunError) return controller.close();
        options.onError(error);
        controller.error(error);
      }
    },
    cancel(reason) {
      isOpen = false;
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
