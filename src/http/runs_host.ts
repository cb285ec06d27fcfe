import type { WorkflowEvent } from "../core/events.ts";
import type { Any } from "../core/inference.ts";
import type { RunHead, RunQuery } from "../core/run_store.ts";
import type { StartedRun } from "../runner/runner_options.ts";

/** The owner of the runs that are served: what the handler uses of a `Runner`, which is one. */
export interface RunsHost {
  /** The names of the workflows it runs. */
  readonly workflows: Iterable<string>;
  /** How many runs are active in this process. */
  readonly activeRuns: number;
  /**
   * Starts a run that belongs to the host, not to whoever asked for it. The same id, start and payload again find the
   * existing run.
   *
   * @throws {RunConflictError} If the id is taken by another start, payload or workflow.
   * @throws {UnknownWorkflowError | UnknownStepError} If there is no workflow or step of this name.
   * @throws {PayloadError} If the step's schema refuses the payload.
   * @throws {SerializationError} If the payload cannot be stored.
   * @throws {RunnerClosedError} If it takes on no more runs.
   */
  start(
    workflow: string,
    start: string,
    payload?: unknown,
    options?: { readonly runId?: string },
  ): Promise<StartedRun>;
  /**
   * Reads the run's events after `after` (default 0): those there are, then those to come, up to `run.end`. Its
   * `return()` only stops reading. Its `next()` rejects with an `UnknownRunError`, or with an `EventsGoneError` if
   * events are missing.
   */
  follow(runId: string, options?: { readonly after?: number }): AsyncIterable<WorkflowEvent<Any, Any>>;
  /**
   * Cancels a run; `false` if it has ended already.
   *
   * @throws {UnknownRunError} If there is no such run.
   */
  cancel(runId: string): Promise<boolean>;
  /** Looks up a run, without its events; `null` if there is none. */
  get(runId: string): Promise<RunHead | null>;
  /**
   * Lists runs, the newest first.
   *
   * @throws {RunListError} If this host has no list of them.
   */
  list(query: RunQuery): Promise<readonly RunHead[]>;
}
