import type { Executor } from "../core/executor.ts";
import type { Step, StepScope } from "../core/step.ts";
import type { StepLogHelper } from "../core/step_logger.ts";

/** Runs actions where the workflow runs. The default. */
export class InProcessExecutor implements Executor {
  /** Calls the action and answers what it returns. */
  execute(step: Step, context: unknown, payload: unknown, log: StepLogHelper, scope: StepScope): unknown {
    return step.action(context, payload, log, scope);
  }
}
