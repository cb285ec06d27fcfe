import { LiveRunStream } from "../engine/run_stream.ts";
import { storedParts } from "../engine/stored_parts.ts";
import { type ResumeOptions, type RunOptions, type StorageOptions, toRunSettings } from "./run_options.ts";
import { type PlannedStart, planResumedRun, planRun, planStoredRun, toStored, type Workflow } from "./workflow.ts";

/** A run in a store, for those who hear of what is committed: `stream()`, for who has loaded what it takes. */
export function openStoredRun(
  workflow: Workflow,
  start: string,
  payload: unknown,
  options: RunOptions,
  storage: StorageOptions,
): LiveRunStream {
  const { plan, settings } = planStoredRun(workflow, start, payload, options, storage);
  return new LiveRunStream(plan, settings, storedParts);
}

/**
 * What a run starts with, once the start's schema has answered: for who has others waiting until the run is stored.
 *
 * @throws {UnknownStepError} If there is no step of this name.
 * @throws {PayloadError} If its schema refuses the payload.
 * @throws {SerializationError} If the payload is not JSON.
 */
export async function checkStart(workflow: Workflow, start: string, payload: unknown): Promise<PlannedStart> {
  const { plan, executor } = planRun(workflow, start, toStored(start, payload));
  await plan.checked;
  return { plan: { ...plan, checked: null }, executor };
}

/** A run in a store of which {@linkcode checkStart} has seen to the start. */
export function openCheckedRun(
  { plan, executor }: PlannedStart,
  options: RunOptions,
  storage: StorageOptions,
): LiveRunStream {
  return new LiveRunStream(plan, toRunSettings(options, executor, storage), storedParts);
}

/** A run that is there already: `resume()`, likewise. */
export function resumeStoredRun(
  workflow: Workflow,
  runId: string,
  options: ResumeOptions,
  storage: StorageOptions,
): LiveRunStream {
  const { plan, settings } = planResumedRun(workflow, runId, options, storage);
  return new LiveRunStream(plan, settings, storedParts);
}
