import type { Step, StepScope } from "./step.ts";
import type { StepLogHelper } from "./step_logger.ts";

/** Runs actions, in whatever way; decisions, queue and logging stay with the engine. */
export interface Executor {
  /**
   * Runs `step.action`. The answer is what the action returns (a value, a promise or a generator, which the engine
   * awaits and drains); to throw, or to reject, makes the step fail.
   */
  execute(step: Step, context: unknown, payload: unknown, log: StepLogHelper, scope: StepScope): unknown;
}
