import type { Clock } from "@stepstream/workflow";
import type { ManualClock } from "./manual_clock.ts";

/** A clock's share of a `ManualClock`: the timers that were set through it, and when they are due. */
export class WatchedClock implements Clock {
  readonly #clock: ManualClock;
  readonly #dueAt = new Map<unknown, number>();

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  /** How many timers are set. */
  get size(): number {
    return this.#dueAt.size;
  }

  /** When the next timer is due, `Infinity` if none is set. */
  get nextAt(): number {
    return Math.min(Infinity, ...this.#dueAt.values());
  }

  now(): number {
    return this.#clock.now();
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer = this.#clock.setTimeout(() => {
      this.#dueAt.delete(timer);
      callback();
    }, delayMs);
    this.#dueAt.set(timer, this.#clock.now() + delayMs);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#dueAt.delete(timer);
    this.#clock.clearTimeout(timer);
  }
}
