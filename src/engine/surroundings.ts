import { Attempt } from "./attempt.ts";
import type { Stage } from "./stage.ts";

/** Each level of workflows inside workflows takes some of the stack when it is cancelled. */
const MAX_DEPTH = 500;

/** Where a run inside another one is: the attempt whose action it is, and what is around that. */
export class Surroundings {
  readonly stage: Stage;
  readonly attempt: Attempt;
  /** The names of the steps around the run, outermost first. */
  readonly path: readonly string[];
  readonly #outer: Surroundings | null;

  /** Throws a `RangeError` if it is too deep inside. */
  constructor(stage: Stage, attempt: Attempt, outer: Surroundings | null) {
    this.stage = stage;
    this.attempt = attempt;
    this.path = [...outer?.path ?? [], attempt.step];
    this.#outer = outer;
    if (this.path.length > MAX_DEPTH) {
      throw new RangeError(`Cannot run a workflow inside a step: it is more than ${MAX_DEPTH} levels deep`);
    }
  }

  /** The token of the outermost run that all of it belongs to. */
  get outermostToken(): number {
    return this.#outer === null ? this.attempt.token : this.#outer.outermostToken;
  }

  /** Nobody waits for what goes on inside a step that has been given up: its time was over, and it is not cancelled. */
  get isGivenUp(): boolean {
    return (Attempt.isClosed(this.attempt) && !Attempt.isDropped(this.attempt)) || this.#outer?.isGivenUp === true;
  }

  /** What happens inside shows that the steps around it are alive. */
  touch(): void {
    Attempt.touch(this.attempt);
    this.#outer?.touch();
  }
}
