import type { Outcome, RunState } from "../core/state.ts";
import type { Token } from "../core/token.ts";
import { Attempt } from "./attempt.ts";
import { InnerKeys } from "./inner_keys.ts";
import type { RunPlace } from "./run_place.ts";
import type { Stage } from "./stage.ts";
import { StepsInside } from "./steps_inside.ts";

/** Each level of workflows inside workflows takes some of the stack when it is cancelled. */
const MAX_DEPTH = 500;

/** The place of a run that is the action of an attempt. */
export class InsideStep implements RunPlace {
  readonly stage: Stage;
  readonly isInside = true;
  readonly path: readonly string[];
  readonly outermostToken: number;
  readonly #attempt: Attempt;
  readonly #outer: RunPlace;
  readonly #keys = new InnerKeys();

  /** Throws a `RangeError` if it is too deep inside. */
  constructor(outer: RunPlace, attempt: Attempt) {
    this.stage = outer.stage;
    this.path = [...outer.path ?? [], attempt.step];
    this.outermostToken = outer.outermostToken ?? attempt.token;
    this.#attempt = attempt;
    this.#outer = outer;
    if (this.path.length > MAX_DEPTH) {
      throw new RangeError(`Cannot run a workflow inside a step: it is more than ${MAX_DEPTH} levels deep`);
    }
  }

  get parent(): number {
    return this.#attempt.token;
  }

  get isGivenUp(): boolean {
    return (Attempt.isClosed(this.#attempt) && !Attempt.isDropped(this.#attempt)) || this.#outer.isGivenUp;
  }

  keyOf({ id }: Token): string {
    return `${this.#attempt.idempotencyKey}/${this.#keys.keyOf(id)}`;
  }

  demand(): Promise<void> {
    // While the run waits for its reader, the step around it waits, too, which is not its fault.
    return Attempt.demand(this.#attempt) ?? this.stage.handOff.demand();
  }

  touch(): void {
    Attempt.touch(this.#attempt);
    this.#outer.touch();
  }

  settle(): void {
    // A crash makes void what was done here until the outermost step is done.
  }

  follow(outcome: Outcome, before: RunState, after: RunState): void {
    const { stage } = this;
    this.#keys.follow(outcome, before, after);
    this.touch();
    if (stage.journal === null) return;
    stage.inside ??= new StepsInside();
    stage.inside.add(this.outermostToken);
  }
}
