import { apply, initialState, isGroupLive, type Outcome, type RunState, sweepGroups } from "../core/state.ts";
import type { Token } from "../core/token.ts";
import type { Journal } from "./journal.ts";
import { Lanes } from "./lanes.ts";
import type { RunPlace } from "./run_place.ts";
import type { RunPlan } from "./run_settings.ts";
import type { Stage } from "./stage.ts";

/** What a run has done and has still to do: its state, and the tokens that have left the queue and wait for room. */
export class Progress {
  readonly lanes: Lanes;
  readonly #stage: Stage;
  readonly #journal: Journal | null;
  #state: RunState;

  constructor(
    { limits, start, payload }: RunPlan,
    context: object,
    { stage, parent }: RunPlace,
    journal: Journal | null,
  ) {
    this.lanes = new Lanes(limits);
    this.#stage = stage;
    this.#journal = journal;
    stage.tokens += 1;
    this.#state = initialState({ id: stage.tokens, parent, step: start, payload }, context);
  }

  get state(): RunState {
    return this.#state;
  }

  /** How many tokens wait. */
  get queueLength(): number {
    return this.#state.queue.size + this.lanes.size;
  }

  /** Goes on from where the run stood. */
  restore(state: RunState): void {
    this.#state = state;
    this.#stage.tokens = state.counters.tokens;
  }

  /** The token that starts next: the first one whose step is not at its own limit. */
  next(): Token | undefined {
    let { head } = this.#state.queue;
    if (this.lanes.isEmpty) return head;
    for (; head !== undefined && this.isStored(head) && this.lanes.hold(head);) {
      this.take(head);
      ({ head } = this.#state.queue);
    }
    return this.lanes.takeFirst(head);
  }

  /** A token that is not in the store yet must not be worked at: it might never get there. */
  isStored(token: Token): boolean {
    return this.#journal === null || this.#journal.isCommitted(token);
  }

  /** Takes a token out of the queue, where it is the head. */
  take(token: Token): void {
    const { queue } = this.#state;
    if (queue.head === token) this.#state = { ...this.#state, queue: queue.withoutHead() };
  }

  /**
   * Takes in what a token has come to, and answers the state before, with the tokens that runs inside have made
   * counted.
   */
  follow(outcome: Outcome): RunState {
    const { counters } = this.#state;
    const { tokens } = this.#stage;
    const before = counters.tokens === tokens ? this.#state : { ...this.#state, counters: { ...counters, tokens } };
    this.#state = apply(before, outcome);
    this.#stage.tokens = this.#state.counters.tokens;
    return before;
  }

  /** True while all the groups that the token is in go on. */
  isLive({ member }: Token): boolean {
    return isGroupLive(this.#state.groups, member);
  }

  /** A group has stopped: what of it is held back is gone, like what waited in the queue. */
  dropHeld(): void {
    const groups = sweepGroups(this.#state.groups, (isLive) => this.lanes.filter(isLive));
    this.#state = { ...this.#state, groups };
  }
}
