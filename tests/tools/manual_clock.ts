import type { Clock } from "@stepstream/workflow";

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = 0;
  #lastId = 0;
  readonly #timers = new Map<
    number,
    { readonly callback: () => void; readonly dueAt: number; readonly delayMs: number }
  >();

  /** The delays of the timers that are set, in the order they were set. */
  get pendingMs(): number[] {
    return [...this.#timers.values()].map(({ delayMs }) => delayMs);
  }

  /** How long until the first timer is due, 0 if there is none. */
  get nextDueMs(): number {
    const dueAt = Math.min(...[...this.#timers.values()].map((timer) => timer.dueAt));
    return Number.isFinite(dueAt) ? dueAt - this.#now : 0;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delayMs: number): number {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, { callback, dueAt: this.#now + delayMs, delayMs });
    return this.#lastId;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  /** Moves the time on and calls back what is due, in order. */
  tick(ms: number): void {
    const until = this.#now + ms;
    while (true) {
      const [first] = [...this.#timers].sort(([, a], [, b]) => a.dueAt - b.dueAt);
      if (first === undefined || first[1].dueAt > until) break;
      this.#timers.delete(first[0]);
      this.#now = first[1].dueAt;
      first[1].callback();
    }
    this.#now = until;
  }
}
