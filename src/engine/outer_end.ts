import { type Clock, LONGEST_TIMER_MS } from "../core/clock.ts";

/** What {@linkcode OuterEnd} is made with. */
export interface OuterEndOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | null;
  readonly onTimeout: () => void;
  /** Called with the signal's reason. */
  readonly onAbort: (reason: unknown) => void;
}

/** What may end a run from outside: its signal and its time. */
export class OuterEnd {
  readonly #options: OuterEndOptions;
  #isListening = false;
  #timer: unknown = null;

  constructor(options: OuterEndOptions) {
    this.#options = options;
  }

  /** Listens from now on, unless it does. A signal that has aborted is heard at once. */
  listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    const { clock, timeoutMs, signal, onTimeout } = this.#options;
    if (timeoutMs <= LONGEST_TIMER_MS) this.#timer = clock.setTimeout(onTimeout, timeoutMs);
    if (signal === null) return;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener("abort", this.#onAbort);
  }

  /** The run it listens for has begun long ago: that counts. */
  countFrom(startedAt: number): void {
    if (this.#timer === null) return;
    const { clock, timeoutMs, onTimeout } = this.#options;
    clock.clearTimeout(this.#timer);
    // Another machine's clock may have been ahead.
    const leftMs = Math.min(startedAt - clock.now(), 0) + timeoutMs;
    if (leftMs > 0) this.#timer = clock.setTimeout(onTimeout, leftMs);
    else onTimeout();
  }

  /** Listens no more. */
  stop(): void {
    // A run that ends before it begins must not listen later.
    this.#isListening = true;
    const { clock, signal } = this.#options;
    if (this.#timer !== null) clock.clearTimeout(this.#timer);
    this.#timer = null;
    signal?.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => this.#options.onAbort(this.#options.signal?.reason);
}
