import type { Clock } from "../core/clock.ts";
import type { Executor } from "../core/executor.ts";
import type { RunHead, RunStore } from "../core/run_store.ts";
import type { StepLogger } from "../core/step_logger.ts";
import type { Token } from "../core/token.ts";
import type { RegisteredStep } from "./registered_step.ts";
import type { StoredContext } from "./stored_context.ts";
import type { EncodedEvent } from "./stored_event.ts";

/** A run's options with every default filled in. */
export interface RunSettings {
  readonly runId: string;
  readonly context: Record<string, unknown>;
  readonly maxSteps: number;
  readonly captureTrace: boolean;
  /** The workflow's executor. */
  readonly executor: Executor;
  /** The run's own, which goes before that of the workflow, and of workflows inside it; `null` if it has none. */
  readonly ownExecutor: Executor | null;
  readonly loggers: readonly StepLogger[];
  readonly signal: AbortSignal | null;
  readonly concurrency: number;
  /** How long the run may take; `Infinity` for as long as it likes. */
  readonly timeoutMs: number;
  readonly maxBufferedEvents: number;
  readonly cleanupTimeoutMs: number;
  readonly clock: Clock;
  /** Where the run is kept, `null` for nowhere. */
  readonly storage: Storage | null;
}

/** How a run is kept. */
export interface Storage {
  readonly store: RunStore;
  /** What a new run starts with. */
  readonly context: StoredContext;
  /** How long the run is held without a sign of life. */
  readonly leaseMs: number;
  /** Whether it has to be new, has to be there, or either. */
  readonly opening: "create" | "resume" | "either";
  /** What it is claimed as already, `null` if it is not. */
  readonly claimed: RunHead | null;
  /** Events after this one are read back first; `null` for none. */
  readonly after: number | null;
  readonly migrate: Migrate | null;
  /** Hears of the events that are committed, before the reader does; `null` for nobody. */
  readonly onCommitted: ((events: readonly EncodedEvent[]) => void) | null;
}

/** The state of a stored run of another version of its workflow. All of it is plain JSON. */
export interface MigrationState {
  /** The run's id. */
  readonly runId: string;
  /** The workflow's name. */
  readonly workflow: string;
  /** The version that the run is of. */
  readonly version: string;
  /** The tokens to be done, in the order of the queue. Those of a group have to stay, since it waits for them. */
  readonly tokens: readonly Token[];
  /** The groups that have not finished, and where they lead. */
  readonly groups: readonly MigrationGroup[];
  /** The context, with the results of steps. */
  readonly context: Readonly<Record<string, unknown>>;
}

/** A group of tokens that is not finished. */
export interface MigrationGroup {
  /** The group's id, which its tokens have as `member.group`. */
  readonly id: number;
  /** The step that gets the results. */
  readonly then: string;
}

/** What a migration changes in the state of a run; what is left out stays as it is. */
export interface MigrationChanges {
  /**
   * All tokens to be done. One with a known `id` gets this step and payload and keeps its place; one without an `id` is
   * new, belongs to no group, and comes last. The order of the list does not matter.
   */
  readonly tokens?: readonly (Pick<Token, "step" | "payload"> & Partial<Token>)[];
  /** Where groups lead. */
  readonly groups?: readonly MigrationGroup[];
  /** The whole context. */
  readonly context?: Readonly<Record<string, unknown>>;
}

/**
 * Adapts the state of a run to this version of its workflow. It has to be synchronous. If it throws, or its answer is
 * not valid, the run is left as it was.
 */
export type Migrate = (state: MigrationState) => MigrationChanges;

/** What a run is a run of. */
export interface RunPlan {
  readonly workflow: string;
  readonly version: string;
  readonly steps: ReadonlyMap<string, RegisteredStep>;
  /** How many may be at work at once, of the steps that say so. */
  readonly limits: ReadonlyMap<string, number>;
  readonly start: string;
  readonly payload: unknown;
  /** Settles when the payload is known to be good; `null` if it is. */
  readonly checked: PromiseLike<unknown> | null;
}
