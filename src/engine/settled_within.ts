import { type Clock, LONGEST_TIMER_MS } from "../core/clock.ts";

/**
 * Settles when all the promises have, whatever they came to, and after `timeoutMs` at the latest. The promises are looked
 * at in a microtask, when what is on the stack has added its own. Never rejects.
 */
export async function settledWithin(
  promises: Iterable<Promise<unknown>>,
  timeoutMs: number,
  clock: Clock,
): Promise<void> {
  let timer: unknown;
  const timeout = new Promise<void>((resolve) => {
    if (timeoutMs <= LONGEST_TIMER_MS) timer = clock.setTimeout(resolve, timeoutMs);
  });
  await undefined;
  await Promise.race([Promise.allSettled(promises), timeout]);
  if (timer !== undefined) clock.clearTimeout(timer);
}
