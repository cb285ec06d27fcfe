/** What is pushed, read one by one: for engines that call back and have no iterator of their own. */
export class EventQueue<T> implements AsyncIterableIterator<T> {
  #events: T[] = [];
  #next = 0;
  #isOpen = true;
  #wake: (() => void) | null = null;
  readonly #onLeave: () => void;

  /** `onLeave` is called when the reader leaves early. */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  push(event: T): void {
    this.#events.push(event);
    this.#wake?.();
  }

  close(): void {
    this.#isOpen = false;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    while (this.#next === this.#events.length) {
      if (!this.#isOpen) return { done: true, value: undefined };
      // All of them are read: the list starts anew, so that it is no longer than what waits.
      this.#events = [];
      this.#next = 0;
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = null;
    }
    const value = this.#events[this.#next] as T;
    this.#next += 1;
    return { done: false, value };
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#isOpen = false;
    this.#onLeave();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
