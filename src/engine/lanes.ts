import { isBefore, type Token } from "../core/token.ts";

/** A step with a limit of its own. */
interface Lane {
  readonly limit: number;
  busy: number;
  /** Tokens that have left the queue and wait for room, in the queue's order, from `first` on. */
  held: Token[];
  first: number;
}

/** The steps that have a limit of their own, and the tokens that wait because so many of their step are at work. */
export class Lanes {
  readonly #lanes: ReadonlyMap<string, Lane>;
  #size = 0;

  constructor(limits: ReadonlyMap<string, number>) {
    this.#lanes = limits.size === 0 ? NO_LANES : toLanes(limits);
  }

  /** How many tokens are held back. */
  get size(): number {
    return this.#size;
  }

  /** True where no step has a limit of its own. */
  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  /** Holds the token back if its step has no room; answers whether it does. */
  hold(token: Token): boolean {
    const lane = this.#lanes.get(token.step);
    if (lane === undefined || lane.busy < lane.limit) return false;
    const { held } = lane;
    // Mostly it comes after all that are held; one that was put at the head later comes before them.
    let place = held.length;
    for (let before = held[place - 1]; place > lane.first && before !== undefined; before = held[place - 1]) {
      if (isBefore(before, token)) break;
      place -= 1;
    }
    held.splice(place, 0, token);
    this.#size += 1;
    return true;
  }

  /** The tokens that are held back. */
  *held(): Generator<Token, void, undefined> {
    for (const { held, first } of this.#lanes.values()) yield* held.slice(first);
  }

  /**
   * Takes the first of those whose step has room again, if it comes before the head of the queue; else answers that.
   */
  takeFirst(head: Token | undefined): Token | undefined {
    if (this.#size === 0) return head;
    let first = head;
    let from: Lane | null = null;
    for (const lane of this.#lanes.values()) {
      const token = lane.busy < lane.limit ? lane.held[lane.first] : undefined;
      if (token === undefined || (first !== undefined && isBefore(first, token))) continue;
      first = token;
      from = lane;
    }
    if (from !== null) {
      this.#size -= 1;
      from.first += 1;
      // Now and then, so that each token is moved a few times at most.
      if (from.first * 2 > from.held.length) {
        from.held.splice(0, from.first);
        from.first = 0;
      }
    }
    return first;
  }

  /** One more of the token's step is at work, or one less. */
  count({ step }: Token, change: 1 | -1): void {
    const lane = this.#lanes.get(step);
    if (lane !== undefined) lane.busy += change;
  }

  /** Lets go of the tokens that do not pass. */
  filter(passes: (token: Token) => boolean): void {
    this.#size = 0;
    for (const lane of this.#lanes.values()) {
      lane.held = lane.held.slice(lane.first).filter(passes);
      lane.first = 0;
      this.#size += lane.held.length;
    }
  }
}

/** What the runs share that have no limits, which is most of them. */
const NO_LANES: ReadonlyMap<string, Lane> = new Map();

function toLanes(limits: ReadonlyMap<string, number>): ReadonlyMap<string, Lane> {
  return new Map([...limits].map(([name, limit]) => [name, { limit, busy: 0, held: [], first: 0 }]));
}
