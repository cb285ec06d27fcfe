import type { Clock } from "@stepstream/workflow";

/** What {@linkcode RunSlots} is made with. */
export interface RunSlotsOptions {
  /** How many runs may go on at once. */
  readonly maxRuns: number;
  /** How long a run may hold its slot, in ms: a client who stops reading must not hold it for ever. */
  readonly maxRunMs: number;
  /** Ends every run when it aborts. */
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
}

/** A place for one run. */
export interface RunSlot {
  /** Aborts when the run has to end. */
  readonly signal: AbortSignal;
  /** Gives the place to the next run. */
  release(): void;
}

/** Lets a limited number of runs go on at once, and each for a limited time. */
export class RunSlots {
  readonly #options: RunSlotsOptions;
  #taken = 0;

  constructor(options: RunSlotsOptions) {
    this.#options = options;
  }

  /** Takes a slot, or answers `null` if there is none. */
  take(): RunSlot | null {
    const { maxRuns, maxRunMs, signal, clock } = this.#options;
    if (this.#taken >= maxRuns) return null;
    this.#taken += 1;
    const controller = new AbortController();
    const release = once(() => {
      this.#taken -= 1;
      clock.clearTimeout(timer);
      signal?.removeEventListener("abort", onShutdown);
    });
    const stop = (reason: unknown): void => {
      release();
      controller.abort(reason);
    };
    const onShutdown = (): void => stop(signal?.reason);
    const timer = clock.setTimeout(() => stop(new RunTimeError(maxRunMs)), maxRunMs);
    if (signal?.aborted) onShutdown();
    else signal?.addEventListener("abort", onShutdown);
    return { signal: controller.signal, release };
  }
}

/** Why a run that took too long was cancelled. */
class RunTimeError extends Error {
  override readonly name = "RunTimeError";

  constructor(maxRunMs: number) {
    super(`The run took longer than ${maxRunMs / 1_000} s`);
  }
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}
