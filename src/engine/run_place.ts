import type { Outcome, RunState } from "../core/state.ts";
import type { Token } from "../core/token.ts";
import type { Stage } from "./stage.ts";

/** Where a run is: on its own, or inside a step of another run. */
export interface RunPlace {
  readonly stage: Stage;
  /** Whether its action is that of a step. */
  readonly isInside: boolean;
  /** The names of the steps around it, outermost first; `null` for none. */
  readonly path: readonly string[] | null;
  /** The token of the step that it is inside of, `null` for none. */
  readonly parent: number | null;
  /** The token of the run around all others that it belongs to, `null` if it is that run. */
  readonly outermostToken: number | null;
  /** Nobody waits for what goes on here: the time of a step around it was over, and it is not cancelled. */
  readonly isGivenUp: boolean;
  /** What names the work at a token of the run, whenever and wherever it is done. */
  keyOf(token: Token): string;
  /** Settles when somebody asks for an event, or when the run around all others ends. */
  demand(): Promise<void>;
  /** What happens in the run shows that the steps around it are alive. */
  touch(): void;
  /** An attempt at a token of the run is over: what was done inside it is not void any more. */
  settle(token: number): void;
  /** Takes in what a token has led to: a sign of life as well. */
  follow(outcome: Outcome, before: RunState, after: RunState): void;
}
