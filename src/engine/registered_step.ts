import type { Step } from "../core/step.ts";

/** A step with what the engine would otherwise work out at every token. */
export interface RegisteredStep {
  readonly step: Step;
  /** The context key of the step's last value. */
  readonly resultKey: string;
}

/** The step as the engine keeps it. */
export function registerStep(step: Step): RegisteredStep {
  const key = `result.${step.name}`;
  // As the name of a property the string is interned; one that was put together would be looked up at every step.
  const [resultKey = key] = Object.keys({ [key]: null });
  return { step, resultKey };
}
