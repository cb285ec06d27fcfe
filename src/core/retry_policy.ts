import { LONGEST_TIMER_MS } from "./clock.ts";

/**
 * When and how often a failed action is tried again. An error with a property `retryAfterMs`, a number of ms or the
 * text of a `Retry-After` header (RFC 9110 §10.2.3), sets the delay itself.
 */
export interface RetryPolicy {
  /** How many attempts there are in all, the first included: a whole number from 1 on. */
  readonly maxAttempts: number;
  /** How long to wait before the second attempt, in ms. Default: 0. */
  readonly delayMs?: number | undefined;
  /** The factor by which the delay grows from one attempt to the next. Default: 2. */
  readonly factor?: number | undefined;
  /** The longest delay, in ms, also for errors that ask for more. Default: no limit but that of timers, 2³¹ - 1. */
  readonly maxDelayMs?: number | undefined;
  /**
   * `"full"` waits a random part of the delay, so that those who failed together do not retry together; `"none"` waits
   * all of it. Default: `"full"`.
   *
   * @see {@link https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/}
   */
  readonly jitter?: "full" | "none" | undefined;
  /**
   * Whether an error is worth another attempt; `attempt` is the number of the one that failed. If it throws, the run
   * ends as failed, as with a decision. Default: every error is.
   */
  readonly when?: ((error: unknown, attempt: number) => boolean) | undefined;
}

/**
 * How long to wait before the next attempt, in ms. An error with a `retryAfterMs` says so itself: a number of ms, or
 * the value of a `Retry-After` header (seconds or an HTTP date, RFC 9110 §10.2.3).
 */
export function retryDelayMs(policy: RetryPolicy, error: unknown, attempt: number, now: number): number {
  const { delayMs = 0, factor = 2, maxDelayMs = Infinity, jitter = "full" } = policy;
  const longestMs = Math.min(maxDelayMs, LONGEST_TIMER_MS);
  const asked = retryAfterMs(error, now);
  if (asked !== null) return Math.min(asked, longestMs);
  // No delay stays none, however often it grows: 0 × ∞ is not a number.
  const delay = delayMs === 0 ? 0 : Math.min(delayMs * factor ** (attempt - 1), longestMs);
  return jitter === "none" ? delay : Math.floor(Math.random() * delay);
}

function retryAfterMs(error: unknown, now: number): number | null {
  try {
    const asked: unknown = Reflect.get(Object(error), "retryAfterMs");
    if (typeof asked === "number") return asked >= 0 ? asked : null;
    if (typeof asked !== "string") return null;
    if (/^\s*\d+\s*$/.test(asked)) return Number(asked) * 1_000;
    // What else a date parser takes for a date is none of HTTP.
    const at = /GMT\s*$/.test(asked) ? Date.parse(asked) : NaN;
    return Number.isNaN(at) ? null : Math.max(0, at - now);
  } catch {
    // A getter or a proxy of the error threw: it says nothing.
    return null;
  }
}
