import type { Clock } from "../core/clock.ts";
import type { Executor } from "../core/executor.ts";
import type { Result } from "../core/result.ts";
import type { Outcome } from "../core/state.ts";
import type { Token } from "../core/token.ts";
import type { Attempt } from "./attempt.ts";
import type { DecisionLine } from "./decision_line.ts";
import type { RegisteredStep } from "./registered_step.ts";
import type { RunContext } from "./run_context.ts";

/** What a step is performed by: the run's loop, or whatever hosts it. */
export interface StepHost {
  readonly clock: Clock;
  readonly executor: Executor;
  readonly steps: ReadonlyMap<string, RegisteredStep>;
  /** True while somebody waits for an event, unless nothing is to begin any more. */
  readonly canBeginAgain: boolean;
  /** Settles when somebody asks for an event, or when the run ends. */
  demand(): Promise<void>;
  /** What steps get and leave behind. */
  readonly runContext: RunContext;
  /** Where tokens line up whose actions are done. */
  readonly decisions: DecisionLine;
  /** The result as it may be told: one that cannot be stored where it has to be is a failure. */
  toTellable(token: Token, result: Result): Result;
  /**
   * An outcome is there and not applied yet: until then nothing else starts, since it may have put tokens at the head.
   */
  holdStarts(): void;
  /** An outcome that was not there at once, or `null`: nothing came of the token. */
  applyLater(first: Attempt, outcome: Outcome | null): void;
  /** The decision that was to come of the token's action has failed. */
  failLater(first: Attempt, error: unknown): void;
  /** Tells that the attempt failed and how long it takes until the next. */
  tellRetry(failed: Attempt, error: unknown, delayMs: number): void;
  /** Begins the attempt, which is not the first. */
  beginAgain(attempt: Attempt): void;
}
