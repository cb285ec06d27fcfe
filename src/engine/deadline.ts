import { type Clock, LONGEST_TIMER_MS } from "../core/clock.ts";
import { StepTimeoutError } from "../core/errors.ts";
import type { Step } from "../core/step.ts";

/**
 * Times one attempt: all of it by the step's `timeoutMs`, its silences by `idleTimeoutMs`. Activity is only noted; the
 * timer looks at it when it fires, so that a chatty action sets no timer a log.
 */
export class Deadline {
  readonly #step: Step;
  readonly #clock: Clock;
  readonly #expire: (error: StepTimeoutError) => void;
  /** How long the attempt was timed before it was last started. */
  #spentMs = 0;
  #startedAt = 0;
  #activeAt = 0;
  #timer: unknown;
  /** How many wait for their reader: several may, in a workflow that runs as a step. */
  #pauses = 0;

  constructor(step: Step, clock: Clock, expire: (error: StepTimeoutError) => void) {
    this.#step = step;
    this.#clock = clock;
    this.#expire = expire;
    this.start();
  }

  /** The attempt has shown that it is alive. */
  touch(): void {
    this.#activeAt = this.#clock.now();
  }

  start(): void {
    this.touch();
    this.#startedAt = this.#activeAt;
    this.#look();
  }

  /** The attempt waits for its reader, which is not its fault. */
  pause(): void {
    this.#pauses += 1;
    if (this.#pauses === 1) this.stop();
  }

  resume(): void {
    this.#pauses -= 1;
    if (this.#pauses === 0) this.start();
  }

  /** Stops timing. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#spentMs += this.#clock.now() - this.#startedAt;
  }

  #look(): void {
    const { name, timeoutMs = Infinity, idleTimeoutMs = Infinity } = this.#step;
    const now = this.#clock.now();
    const leftMs = timeoutMs - this.#spentMs - (now - this.#startedAt);
    const idleLeftMs = idleTimeoutMs - (now - this.#activeAt);
    if (leftMs <= 0) this.#expire(new StepTimeoutError(name, "timeoutMs", timeoutMs));
    else if (idleLeftMs <= 0) this.#expire(new StepTimeoutError(name, "idleTimeoutMs", idleTimeoutMs));
    else {
      const delayMs = Math.min(leftMs, idleLeftMs, LONGEST_TIMER_MS);
      this.#timer = this.#clock.setTimeout(() => this.#look(), delayMs);
    }
  }
}
