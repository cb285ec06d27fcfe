import { type Clock, LONGEST_TIMER_MS } from "../core/clock.ts";

/**
 * Settles when all the promises have, whatever they came to, and after `timeoutMs` or when the signal aborts at the
 * latest. Never rejects.
 */
export async function settledWithin(
  promises: Iterable<Promise<unknown>>,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal | null,
): Promise<void> {
  let timer: unknown;
  let stop = () => {};
  const timeout = new Promise<void>((resolve) => {
    stop = resolve;
    if (timeoutMs <= LONGEST_TIMER_MS) timer = clock.setTimeout(resolve, timeoutMs);
  });
  signal?.addEventListener("abort", stop);
  await Promise.race([Promise.allSettled(promises), timeout]);
  signal?.removeEventListener("abort", stop);
  if (timer !== undefined) clock.clearTimeout(timer);
}
