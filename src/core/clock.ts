/** Where a run reads the time and sets its timers; pass your own to test without waiting. */
export interface Clock {
  /** The time in epoch milliseconds. Fractions are dropped. */
  now(): number;
  /** Calls back once, after `delayMs` milliseconds; returns a handle for `clearTimeout`. */
  setTimeout(callback: () => void, delayMs: number): unknown;
  /** Cancels a timer; one that has already fired is no error. */
  clearTimeout(timer: unknown): void;
}

/** The platform's clock. The globals are looked up at each call, so that a test may replace them. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  // What comes back here is what `setTimeout` above answered: a number, or an object on Node.
  clearTimeout: (timer) => clearTimeout(timer as number),
};

/** The clock, in whole milliseconds: events and stores know no others. */
export function inWholeMs(clock: Clock): Clock {
  if (clock === systemClock) return clock;
  return {
    now: () => Math.floor(clock.now()),
    setTimeout: (callback, delayMs) => clock.setTimeout(callback, delayMs),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  };
}

/** The longest timer of every platform, in ms; a longer one fires at once. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;
