import type { Clock } from "../core/clock.ts";

/** Settles when all the promises have, whatever they came to, and after `timeoutMs` at the latest. Never rejects. */
export async function settledWithin(
  promises: Iterable<Promise<unknown>>,
  timeoutMs: number,
  clock: Clock,
): Promise<void> {
  let timer: unknown;
  const timeout = new Promise<void>((resolve) => {
    timer = clock.setTimeout(resolve, timeoutMs);
  });
  await Promise.race([Promise.allSettled(promises), timeout]);
  clock.clearTimeout(timer);
}
