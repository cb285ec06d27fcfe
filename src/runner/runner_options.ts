import type { Clock } from "../core/clock.ts";
import type { Any } from "../core/inference.ts";
import type { RunStore } from "../core/run_store.ts";
import type { Migrate } from "../engine/run_settings.ts";
import { assertIs, assertObject, type Check, hasMethods, isObject, isTime, isTimer } from "../workflow/assertions.ts";
import { assertHostingOptions, type HostedRunOptions } from "../workflow/hosting_options.ts";
import { isLease } from "../workflow/run_options.ts";
import type { Workflow } from "../workflow/workflow.ts";

/** Options of a `Runner`. */
export interface RunnerOptions {
  /** The workflows that it runs, each with a name of its own. */
  readonly workflows: readonly Workflow<Any, Any, Any, Any>[];
  /** Where the runs are kept. */
  readonly store: RunStore;
  /** Options of every run, such as `concurrency` and `logger`. Default: the defaults of a run. */
  readonly runOptions?: HostedRunOptions | undefined;
  /** Adapts the state of runs of another version of their workflow. Default: such runs are left alone. */
  readonly migrate?: Migrate | undefined;
  /** How long the store keeps others off a run without a sign of life, in ms. Default: 30 000. */
  readonly leaseMs?: number | undefined;
  /** How often `Runner.recover` repeats itself once it was called, in ms. Default: a third of `leaseMs`. */
  readonly recoverEveryMs?: number | undefined;
  /** How often to poll the store about a run that is followed here and active elsewhere, in ms. Default: 500. */
  readonly pollMs?: number | undefined;
  /**
   * Called with errors that no caller hears of: a run that cannot be continued here, a store that fails. A run whose
   * commit failed is recovered once its lease is over, here or elsewhere. Default: none.
   */
  readonly onError?: ((error: unknown, runId: string | null) => void) | undefined;
  /** Where times and timers come from. Default: the platform. */
  readonly clock?: Clock | undefined;
}

/** Options of `Runner.start`. */
export interface StartOptions {
  /** The run's id; starting the same run again finds the first one. Default: a random id. */
  readonly runId?: string | undefined;
  /** What the context starts with. Default: empty. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
}

/** The outcome of a start. */
export interface StartedRun {
  /** The run's id. */
  readonly runId: string;
  /** False if the store had the run already. */
  readonly isNew: boolean;
}

/** Options of `Runner.follow`. */
export interface FollowOptions {
  /** The `seq` of the last event that the reader has; reading starts after it. Default: 0, for all events. */
  readonly after?: number | undefined;
  /** Stops reading when it aborts: `next()` rejects with its reason. The run continues. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `Runner.recover`. */
export interface RecoverOptions {
  /**
   * Whether to take over runs whose lease is not over as well: for the only process on a store, when it starts.
   * Default: false.
   */
  readonly isForced?: boolean | undefined;
}

/** Options of `Runner.close`. */
export interface CloseOptions {
  /**
   * How long the actions in progress may take to finish, in ms. Then they are aborted, and those that ignore their
   * signal have `cleanupTimeoutMs`; the store has as long as this, or 5 000 if that is more. Default: 5 000.
   */
  readonly timeoutMs?: number | undefined;
}

const CHECKS: Readonly<Record<string, Check>> = {
  store: (value) => hasMethods(value, "create", "find", "load", "commit", "events", "claim", "list"),
  leaseMs: isLease,
  recoverEveryMs: isTime,
  pollMs: isTimer,
};

/** Asserts that the options of a runner are of the right kind, but for its workflows. */
export function assertRunnerOptions(options: RunnerOptions): void {
  assertObject(options, "options");
  assertIs(options.store, isObject, "store");
  assertHostingOptions(options, CHECKS);
}
