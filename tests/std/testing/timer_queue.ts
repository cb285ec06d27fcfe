/** What a timer calls. */
export type TimerCallback = (...args: unknown[]) => unknown;

/** The timers of a `FakeTime`, by the time they are due, then by the order they came in. */
export class TimerQueue {
  #now: number;
  #lastId = 0;
  // A cleared timer stays in the queue until time passes it, as in the canonical package: `runAllAsync` runs the
  // microtasks once more for it, which a test may come to rely on.
  readonly #queue: Timer[] = [];
  readonly #liveIds = new Set<number>();

  constructor(now: number) {
    this.#now = now;
  }

  /** The time it has come to, in milliseconds since the epoch. */
  get now(): number {
    return this.#now;
  }

  /** Whether time has passed every timer, cleared ones too. */
  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Adds a timer and returns its id. */
  add(callback: TimerCallback, delay: number, args: readonly unknown[], isRepeated: boolean): number {
    const delayMs = Math.max(isRepeated ? 1 : 0, Math.floor(delay));
    const id = ++this.#lastId;
    this.#liveIds.add(id);
    this.#enqueue({ id, callback, args, dueAt: this.#now + delayMs, repeatMs: isRepeated ? delayMs : null });
    return id;
  }

  /** Keeps a timer from running. Anything but the id of one is let be, as in `clearTimeout`. */
  clear(id: unknown): void {
    if (typeof id === "number") this.#liveIds.delete(id);
  }

  /** When the next timer is due, or `null` where there is none. */
  nextDueAt(): number | null {
    for (let timer = this.#queue[0]; timer !== undefined; timer = this.#queue[0]) {
      if (this.#liveIds.has(timer.id)) return timer.dueAt;
      this.#queue.shift();
    }
    return null;
  }

  /** Moves the time on, and runs every timer due until then, in order. */
  advanceTo(value: number): void {
    if (value < this.#now) throw new RangeError(`Cannot set the time to ${value}, because it is past: ${this.#now}`);
    for (let timer = this.#queue[0]; timer !== undefined && timer.dueAt <= value; timer = this.#queue[0]) {
      this.#queue.shift();
      if (this.#liveIds.has(timer.id)) this.#fire(timer);
    }
    this.#now = value;
  }

  #fire(timer: Timer): void {
    const { id, callback, args, dueAt, repeatMs } = timer;
    this.#now = dueAt;
    if (repeatMs === null) this.#liveIds.delete(id);
    else this.#enqueue({ ...timer, dueAt: dueAt + repeatMs });
    callback(...args);
  }

  #enqueue(timer: Timer): void {
    const index = this.#queue.findIndex((other) => other.dueAt > timer.dueAt);
    this.#queue.splice(index === -1 ? this.#queue.length : index, 0, timer);
  }
}

interface Timer {
  readonly id: number;
  readonly callback: TimerCallback;
  readonly args: readonly unknown[];
  readonly dueAt: number;
  readonly repeatMs: number | null;
}
