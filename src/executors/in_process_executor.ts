import type { Executor } from "../core/executor.ts";
import type { Step, StepScope } from "../core/step.ts";
import type { StepLogHelper } from "../core/step_logger.ts";

/** Runs actions in the process of the workflow. It is the default. */
export class InProcessExecutor implements Executor {
  /** Calls the action and returns what it returns. */
  execute(step: Step, context: unknown, payload: unknown, log: StepLogHelper, scope: StepScope): unknown {
    return step.action(context, payload, log, scope);
  }
}
