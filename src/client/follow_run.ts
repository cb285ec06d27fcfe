import { type Clock, systemClock } from "../core/clock.ts";
import type { Any, NoReturns } from "../core/inference.ts";
import type { FollowFetch, FollowHeaders } from "./connection.ts";
import { type FollowedRun, type FollowState, RunFollower } from "./run_follower.ts";

/** Options of {@linkcode followRun}. */
export interface FollowOptions {
  /** The `seq` of the last event that you have; those after it come. Default: 0, for all. */
  readonly after?: number | undefined;
  /**
   * Aborts it: the `next()` that waits, or else the one that comes, rejects with the signal's reason. Default: none.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * What sends the requests, for other credentials or a test. It gets the url, the headers and a signal. Default: the
   * platform's `fetch`.
   */
  readonly fetch?: FollowFetch | undefined;
  /**
   * Headers of each request, or a function that is asked for them at each request, so that a token can be renewed; one
   * that fails is tried again like a lost connection. From another origin, headers of your own cost a browser a
   * preflight request. Default: none.
   */
  readonly headers?: FollowHeaders | (() => FollowHeaders | Promise<FollowHeaders>) | undefined;
  /**
   * How many failures in a row are borne, with neither an event nor a heartbeat between them. Default: 20, which is an
   * outage of some four minutes; with `Infinity` a server that is gone for good is asked for ever.
   */
  readonly maxFailures?: number | undefined;
  /** The longest pause between two tries, in ms; a `Retry-After` may ask for more. Default: 30 000. */
  readonly maxDelayMs?: number | undefined;
  /** Where the time and the timers come from. Default: the platform. */
  readonly clock?: Clock | undefined;
  /**
   * Is told where the reader stands whenever that changes, a moment later; at `reconnecting` and `failed` also what
   * went wrong. It must not throw: that is an uncaught error of the program's, and the reader goes on. Default: nobody
   * is.
   */
  readonly onState?: ((state: FollowState, error?: unknown) => void) | undefined;
}

/**
 * The events of a run on a server, from a url that gives them as an event stream: every one of them once and in order,
 * over as many connections as it takes. A connection that is lost, cut short or silent for two and a half heartbeats is
 * replaced by one that goes on after the last event, after a random part of a growing pause.
 *
 * It is done after `run.end`, and only then, or when the server says with a 204 that there is nothing after `after`. A
 * run that has failed is no error of the reader's: look at the `status` of `run.end`. Leaving the loop leaves the run
 * alone.
 *
 * An event is read as one message of the stream, of at most 16 777 216 UTF-16 units with its `data: `. A run that tells
 * a longer one cannot be followed past it.
 *
 * @example Usage
 * ```ts
 * import { followRun } from "@stepstream/workflow/client";
 *
 * // Stands in for a server that has nothing more to tell. Without it, the url is asked.
 * const fetch = () => new Response(null, { status: 204 });
 *
 * for await (const event of followRun("https://example.com/runs/r-1/events", { fetch })) {
 *   console.log(event.seq, event.type);
 * }
 * ```
 *
 * @example Types, a token that is renewed, and going on after event 12
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
 * - `FollowError` if the server refuses (any 4xx but 408, 425 and 429), sends a message that is too long, or failed
 *   more than `maxFailures` times in a row: by any other answer, by what is no event, or by silence;
 * - `EventsGoneError` if the server no longer has the events that come next, or the run has never told as many as
 *   `after` says;
 * - the reason of `signal`.
 *
 * @throws {TypeError} If the url is none, or says `after` itself.
 * @throws {RangeError} If `after`, `maxFailures` or `maxDelayMs` is not of its kind.
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
