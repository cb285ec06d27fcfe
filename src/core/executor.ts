import type { Step, StepScope } from "./step.ts";
import type { StepLogHelper } from "./step_logger.ts";

/** Decides how actions are run; decisions, queue and logging stay with the engine. */
export interface Executor {
  /**
   * Runs `step.action` and returns what it returns: a value, a promise or a generator, which the engine awaits and
   * drains. If it throws or rejects, the step fails.
   */
  execute(step: Step, context: unknown, payload: unknown, log: StepLogHelper, scope: StepScope): unknown;
}
