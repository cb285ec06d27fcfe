import type { Result } from "../core/result.ts";
import type { StepLogger } from "../core/step_logger.ts";

/** A start for your own logger: override `log`, and `event` if you want the helper events too. */
export abstract class BaseStepLogger implements StepLogger {
  /** Called once a step, after its action and its decision. */
  abstract log(stepName: string, payload: unknown, result: Result): void;

  /** Called for every `log.event(name, data)`. Ignored unless overridden. */
  event(_stepName: string, _name: string, _data: unknown): void {}
}
