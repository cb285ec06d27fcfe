import type { Clock } from "../core/clock.ts";
import type { Executor } from "../core/executor.ts";
import type { StepLogger } from "../core/step_logger.ts";
import type { RegisteredStep } from "./registered_step.ts";

/** A run's options with every default filled in. */
export interface RunSettings {
  readonly runId: string;
  readonly context: Record<string, unknown>;
  readonly maxSteps: number;
  readonly captureTrace: boolean;
  /** The run's executor or the workflow's; a step's own goes before it. */
  readonly executor: Executor;
  /** The run's own executor, for workflows inside it, too; `null` if it has none. */
  readonly ownExecutor: Executor | null;
  readonly loggers: readonly StepLogger[];
  readonly signal: AbortSignal | null;
  readonly concurrency: number;
  /** How long the run may take; `Infinity` for as long as it likes. */
  readonly timeoutMs: number;
  readonly maxBufferedEvents: number;
  readonly cleanupTimeoutMs: number;
  readonly clock: Clock;
}

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
