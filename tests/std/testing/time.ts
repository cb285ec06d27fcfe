/**
 * Stand-in for `@std/testing/time`, for machines that reach npm but not JSR. `links` in the root `deno.json` puts it in
 * place of the canonical package; `deno unlink tests/std/testing` goes back. What is here behaves as the canonical
 * package does, down to the number of microtasks; `advanceRate`, `restoreFor` and the static `restore` are left out.
 *
 * @module
 */

import { type TimerCallback, TimerQueue } from "./timer_queue.ts";

/** Thrown when fake time is asked for what its state does not allow. */
export class TimeError extends Error {
  override readonly name = "TimeError";
}

/** How to wait in {@linkcode FakeTime.delay}. */
export interface DelayOptions {
  /** Ends the wait with a rejection. */
  signal?: AbortSignal;
}

/** Stops the clock until a test moves it: `Date`, timeouts, intervals and `AbortSignal.timeout` follow this one. */
export class FakeTime {
  /** The time it began at, in milliseconds since the epoch. */
  readonly start: number;
  readonly #timers: TimerQueue;

  /** Starts at the given time, or at the present one. */
  constructor(start?: number | string | Date | null) {
    if (activeTimers !== null) throw new TimeError("Cannot construct FakeTime: time is already faked");
    this.start = toEpochMs(start ?? Date.now());
    this.#timers = new TimerQueue(this.start);
    activeTimers = this.#timers;
    setGlobals(fakeGlobals);
  }

  /** The present time. Setting it runs every timer due until then, in order, each at its own time. */
  get now(): number {
    return this.#timers.now;
  }

  set now(value: number) {
    this.#timers.advanceTo(value);
  }

  /** Moves the time on. */
  tick(ms = 0): void {
    this.now += ms;
  }

  /**
   * Runs pending microtasks, then moves the time on. For those the timers add, follow with {@linkcode runMicrotasks}.
   */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.now += ms;
  }

  /** Moves the time on to the next timer, and says whether there was one. */
  next(): boolean {
    const dueAt = this.#timers.nextDueAt();
    if (dueAt !== null) this.now = dueAt;
    return dueAt !== null;
  }

  /** Runs pending microtasks, then does as {@linkcode next}. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  /** Runs timers until none is left. */
  runAll(): void {
    while (!this.#timers.isEmpty) this.next();
  }

  /** Runs timers until none is left, with pending microtasks before each. */
  async runAllAsync(): Promise<void> {
    while (!this.#timers.isEmpty) await this.nextAsync();
  }

  /** Runs all pending microtasks. */
  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  /** Waits in real time. */
  async delay(ms: number, options: DelayOptions = {}): Promise<void> {
    const { signal } = options;
    const createAbortError = () => new DOMException("Delay was aborted.", "AbortError");
    if (signal?.aborted) throw createAbortError();

    await new Promise<void>((resolve, reject) => {
      const abort = () => {
        realClearTimeout(timer);
        reject(createAbortError());
      };
      const timer = realSetTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Gives the real clock and timers back. */
  restore(): void {
    if (activeTimers !== this.#timers) throw new TimeError("Cannot restore time: time is already restored");
    activeTimers = null;
    setGlobals(realGlobals);
  }

  /** Does as {@linkcode restore}, for `using`. */
  [Symbol.dispose](): void {
    this.restore();
  }
}

function toEpochMs(start: number | string | Date): number {
  const epochMs = typeof start === "number" ? Math.floor(start) : new Date(start).valueOf();
  if (Number.isNaN(epochMs)) throw new TypeError(`Cannot construct FakeTime: invalid start time ${start}`);
  return epochMs;
}

let activeTimers: TimerQueue | null = null;

const RealDate = Date;
const realSetTimeout = setTimeout;
const realClearTimeout = clearTimeout;

const realGlobals = {
  Date,
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
  abortSignalTimeout: AbortSignal.timeout,
};

const fakeGlobals = {
  // A proxy, so that a fake date is a real Date: `instanceof` and deep equality hold across restore().
  Date: new Proxy(Date, {
    apply: () => new RealDate(fakeNow()).toString(),
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [fakeNow()] : args, newTarget),
    get: (target, key, receiver) => key === "now" ? fakeNow : Reflect.get(target, key, receiver),
  }),
  setTimeout: (callback: TimerCallback, delay = 0, ...args: unknown[]) => addTimer(callback, delay, args, false),
  clearTimeout: (id?: unknown) => getTimers().clear(id),
  setInterval: (callback: TimerCallback, delay = 0, ...args: unknown[]) => addTimer(callback, delay, args, true),
  clearInterval: (id?: unknown) => getTimers().clear(id),
  abortSignalTimeout: (delay: number) => {
    const controller = new AbortController();
    const abort = () => controller.abort(new DOMException("Signal timed out.", "TimeoutError"));
    addTimer(abort, delay, [], false);
    return controller.signal;
  },
};

function fakeNow(): number {
  return activeTimers?.now ?? RealDate.now();
}

function addTimer(callback: TimerCallback, delay: number, args: readonly unknown[], isRepeated: boolean): number {
  // Untyped code may hand in a string to evaluate.
  if (typeof callback !== "function") throw new TimeError("Cannot set a timer: FakeTime takes functions only");
  return getTimers().add(callback, delay, args, isRepeated);
}

function getTimers(): TimerQueue {
  if (activeTimers === null) throw new TimeError("Cannot use a fake timer: time is not faked");
  return activeTimers;
}

function setGlobals({ abortSignalTimeout, ...globals }: typeof realGlobals | typeof fakeGlobals): void {
  Object.assign(globalThis, globals);
  AbortSignal.timeout = abortSignalTimeout;
}
