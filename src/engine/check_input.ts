import { PayloadError } from "../core/errors.ts";
import type { SchemaResult } from "../core/standard_schema.ts";
import type { Step } from "../core/step.ts";
import { isThenable } from "./thenable.ts";

/**
 * Asks the step's schema about a payload before a run starts. It throws if the answer is no; an asynchronous schema
 * answers later: the promise it answers rejects. `null` says that all is well.
 */
export function checkInput(step: Step | undefined, payload: unknown): Promise<unknown> | null {
  if (step?.input === undefined) return null;
  const checked = step.input["~standard"].validate(payload);
  if (isThenable(checked)) {
    const answered = checked.then((result) => toInput(step, result));
    // The run that waits for it may be made later.
    answered.catch(() => {});
    return answered;
  }
  toInput(step, checked);
  return null;
}

/** What the step's schema makes of a payload. */
export function toInput(step: Step, checked: SchemaResult<unknown>): unknown {
  if (checked.issues !== undefined) throw new PayloadError(step.name, checked.issues);
  return checked.value;
}
