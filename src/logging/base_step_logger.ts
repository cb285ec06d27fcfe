import type { Result } from "../core/result.ts";
import type { StepLogger } from "../core/step_logger.ts";

/** A base for loggers of your own: implement `log`, and override `event` if you want the events that steps log. */
export abstract class BaseStepLogger implements StepLogger {
  /** Called once per step, after its action and its decision. */
  abstract log(stepName: string, payload: unknown, result: Result): void;

  /** Called for every `log.event(name, data)`. Ignored unless overridden. */
  event(_stepName: string, _name: string, _data: unknown): void {}
}
