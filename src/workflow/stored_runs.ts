import { LiveRunStream } from "../engine/run_stream.ts";
import { storedParts } from "../engine/stored_parts.ts";
import type { ResumeOptions, RunOptions, StorageOptions } from "./run_options.ts";
import { planResumedRun, planStoredRun, type Workflow } from "./workflow.ts";

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
