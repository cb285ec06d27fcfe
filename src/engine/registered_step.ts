import type { Step } from "../core/step.ts";

/** A step with what the engine would otherwise work out at every token. */
export interface RegisteredStep {
  readonly step: Step;
  /** The context key of the step's last value. */
  readonly resultKey: string;
}

/** The step as the engine keeps it. */
export function registerStep(step: Step): RegisteredStep {
  return { step, resultKey: `result.${step.name}` };
}
