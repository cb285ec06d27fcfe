import type { Clock } from "@stepstream/workflow";

/** What {@linkcode withDeadline} needs. */
export interface DeadlineOptions {
  /** Ends the work early, with its own reason. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** The reason of a signal whose time was up. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";

  constructor(timeoutMs: number) {
    super(`No answer within ${timeoutMs / 1_000} s`);
  }
}

/** Does the work with a signal that also aborts when the time is up. Neither timer nor listener outlives the work. */
export async function withDeadline<T>(
  { signal, timeoutMs, clock }: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const forward = () => controller.abort(signal.reason);
  signal.addEventListener("abort", forward);
  const timer = clock.setTimeout(() => controller.abort(new DeadlineError(timeoutMs)), timeoutMs);
  try {
    return await work(controller.signal);
  } finally {
    clock.clearTimeout(timer);
    signal.removeEventListener("abort", forward);
  }
}
