import type { Clock } from "../core/clock.ts";
import type { Any } from "../core/inference.ts";
import type { RunStore } from "../core/run_store.ts";
import type { Migrate } from "../engine/run_settings.ts";
import { assertIs, assertObject, type Check, hasMethods, isObject, isTime, isTimer } from "../workflow/assertions.ts";
import { assertHostingOptions, type HostedRunOptions } from "../workflow/hosting_options.ts";
import { isLease } from "../workflow/run_options.ts";
import type { Workflow } from "../workflow/workflow.ts";

/** What a `Runner` is made with. */
export interface RunnerOptions {
  /** The workflows it runs, each of a name of its own. */
  readonly workflows: readonly Workflow<Any, Any, Any, Any>[];
  /** Where the runs are kept. */
  readonly store: RunStore;
  /** Options of every run, such as `concurrency` and `logger`. Default: the defaults of a run. */
  readonly runOptions?: HostedRunOptions | undefined;
  /** Makes the state of runs of another version of their workflow fit this one. Default: they are left alone. */
  readonly migrate?: Migrate | undefined;
  /** How long the store keeps others off a run without a sign of life, in ms. Default: 30 000. */
  readonly leaseMs?: number | undefined;
  /** How often `Runner.recover` is repeated once it was called, in ms. Default: a third of `leaseMs`. */
  readonly recoverEveryMs?: number | undefined;
  /** How often the store is asked about a run that is followed here and at work elsewhere, in ms. Default: 500. */
  readonly pollMs?: number | undefined;
  /**
   * Hears of what goes wrong with nobody to tell: a run that cannot be gone on with here, a store that fails. A run
   * whose commit has failed is recovered once its lease is over, here or elsewhere. Default: nobody.
   */
  readonly onError?: ((error: unknown, runId: string | null) => void) | undefined;
  /** Where times and timers come from. Default: the platform. */
  readonly clock?: Clock | undefined;
}

/** What a run is started with. */
export interface StartOptions {
  /** The run's id: a second start of the same is the first one. Default: a random one. */
  readonly runId?: string | undefined;
  /** What the context starts with. Default: empty. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
}

/** What a start has come to. */
export interface StartedRun {
  /** The run's id. */
  readonly runId: string;
  /** False if the store had the run already. */
  readonly isNew: boolean;
}

/** From where on a run is followed. */
export interface FollowOptions {
  /** The `seq` of the last event that the reader has. Default: 0, from the first event on. */
  readonly after?: number | undefined;
  /** Ends the reading when it aborts, with its reason. The run goes on. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** How runs are taken over. */
export interface RecoverOptions {
  /**
   * Whether also runs are taken over that somebody holds: for the only process on a store, when it starts. Default:
   * only such runs whose lease is over.
   */
  readonly isForced?: boolean | undefined;
}

/** How a runner is closed. */
export interface CloseOptions {
  /**
   * How long the actions at work may take to come to their end, in ms; then those that do not heed their signal have
   * `cleanupTimeoutMs`, and the store as long as this, or 5 000 if that is more. Default: 5 000.
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
