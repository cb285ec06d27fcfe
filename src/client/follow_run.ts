import { type Clock, systemClock } from "../core/clock.ts";
import type { Any, NoReturns } from "../core/inference.ts";
import type { FollowFetch, FollowHeaders } from "./connection.ts";
import { type FollowedRun, type FollowState, RunFollower } from "./run_follower.ts";

/** Options of {@linkcode followRun}. */
export interface FollowOptions {
  /** The `seq` of the last event that you have; reading starts after it. Default: 0, for all events. */
  readonly after?: number | undefined;
  /**
   * Stops reading when it aborts: the pending `next()`, or else the next one, rejects with its reason. Default: none.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Sends the requests, for other credentials or a test. It gets the URL, the headers and a signal. Default: the
   * platform's `fetch`.
   */
  readonly fetch?: FollowFetch | undefined;
  /**
   * Headers of each request, or a function that is called for them at each request, so that a token can be renewed; if
   * it fails, it is retried like a lost connection. From another origin, headers of your own cost a browser a preflight
   * request. Default: none.
   */
  readonly headers?: FollowHeaders | (() => FollowHeaders | Promise<FollowHeaders>) | undefined;
  /**
   * How many failures in a row are tolerated, with neither an event nor a heartbeat between them; `Infinity` never
   * gives up. Default: 20, which is an outage of some four minutes.
   */
  readonly maxFailures?: number | undefined;
  /** The longest pause between two attempts, in ms; a `Retry-After` may ask for more. Default: 30 000. */
  readonly maxDelayMs?: number | undefined;
  /** Where the time and the timers come from. Default: the platform. */
  readonly clock?: Clock | undefined;
  /**
   * Called with the reader's state a moment after it changes; at `reconnecting` and `failed` also with what went wrong.
   * If it throws, that is an uncaught error of the program, and the reader continues. Default: none.
   */
  readonly onState?: ((state: FollowState, error?: unknown) => void) | undefined;
}

/**
 * Reads the events of a run from a URL that serves them as an event stream: each of them once and in order, over as
 * many connections as it takes. A connection that is lost, cut short or silent for two and a half heartbeats is
 * replaced, after a random part of a growing pause, by one that continues after the last event.
 *
 * It is done after `run.end`, or when the server says with a 204 that there is nothing after `after`. A run that failed
 * is no error here: look at the `status` of `run.end`. Leaving the loop does not affect the run.
 *
 * An event is one message of the stream, of at most 16 777 216 UTF-16 code units including its `data: `. A run with a
 * longer event cannot be followed past it.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation}
 *
 * @example Usage
 * ```ts
 * import { followRun } from "@stepstream/workflow/client";
 *
 * // Stands in for a server that has nothing more to tell. Without it, the URL is fetched.
 * const fetch = () => new Response(null, { status: 204 });
 *
 * for await (const event of followRun("https://example.com/runs/r-1/events", { fetch })) {
 *   console.log(event.seq, event.type);
 * }
 * ```
 *
 * @example Types, a token that is renewed, and continuing after event 12
 * ```ts
 * import { followRun } from "@stepstream/workflow/client";
 *
 * interface Steps {
 *   load: { batch: string };
 * }
 *
 * const fetch = () => new Response(null, { status: 204 });
 * const headers = () => ({ authorization: `Bearer ${crypto.randomUUID()}` });
 *
 * for await (const event of followRun<Steps>("https://example.com/runs/r-1/events", { after: 12, fetch, headers })) {
 *   if (event.type === "step.start") console.log(event.payload.batch);
 * }
 * ```
 *
 * Its `next()` rejects with
 * - `FollowError` if the server refuses (any 4xx but 408, 425 and 429), sends a message that is too long, or fails more
 *   than `maxFailures` times in a row: with any other answer, with something that is not an event, or with silence;
 * - `EventsGoneError` if the server no longer has the events that come next, or the run has not told as many as `after`
 *   says;
 * - the reason of `signal`.
 *
 * @throws {TypeError} If the URL is not valid, or has a query parameter `after` of its own.
 * @throws {RangeError} If `after`, `maxFailures` or `maxDelayMs` is not a whole number from 0 on; the latter two may be
 * `Infinity`.
 */
export function followRun<Payloads = Any, Returns = NoReturns>(
  url: string | URL,
  options?: FollowOptions,
): FollowedRun<Payloads, Returns>;
// What the type parameters say of the events exists only at compile time.
export function followRun(url: string | URL, options: FollowOptions = {}): FollowedRun {
  const { after = 0, maxFailures = 20, maxDelayMs = 30_000, clock = systemClock } = options;
  for (const [name, value] of Object.entries({ after, maxFailures, maxDelayMs })) {
    const isCount = Number.isSafeInteger(value) || (value === Infinity && name !== "after");
    if (!isCount || value < 0) {
      throw new RangeError(`Cannot follow the run: ${name} must be a whole number from 0 on: ${value}`);
    }
  }
  // A request makes a wrong url an error now, not a failure to be tried again, and a relative one absolute.
  const address = (options.fetch === undefined ? new Request(url).url : String(url)).replace(/#.*/s, "");
  if (/[?&]after=/.test(address)) throw new TypeError(`Cannot follow the run: its url has an "after" of its own`);
  return new RunFollower({ ...options, url: address, after, maxFailures, maxDelayMs, clock });
}
