import type { Outcome } from "../core/state.ts";
import type { StepLogger } from "../core/step_logger.ts";
import { Attempt } from "./attempt.ts";
import { isThenable } from "./thenable.ts";

/** Calls loggers so that none of them can break a run: the first failure is told, the rest are not worth repeating. */
export class GuardedLogger {
  readonly #loggers: readonly StepLogger[];
  #isFailureTold = false;

  constructor(loggers: readonly StepLogger[]) {
    this.#loggers = loggers;
  }

  /** A step's result line. */
  log(attempt: Attempt, { token, result }: Outcome): void {
    for (const logger of this.#loggers) this.#guard(attempt, () => logger.log(token.step, token.payload, result));
  }

  /** A helper event. */
  event(attempt: Attempt, name: string, data: unknown): void {
    for (const logger of this.#loggers) this.#guard(attempt, () => logger.event?.(attempt.step, name, data));
  }

  #guard(attempt: Attempt, call: () => unknown): void {
    try {
      const written = call();
      // A sink may write asynchronously; its rejection must not go unhandled.
      if (isThenable(written)) written.then(undefined, (error) => this.#fail(attempt, error));
    } catch (error) {
      this.#fail(attempt, error);
    }
  }

  #fail(attempt: Attempt, error: unknown): void {
    if (!this.#isFailureTold) this.#isFailureTold = Attempt.tellLoggerFailed(attempt, error);
  }
}
