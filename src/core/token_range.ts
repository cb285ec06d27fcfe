import type { Token } from "./token.ts";

/** What the tokens of a range have in common. */
export interface RangeOptions {
  /** The id of the first token; the others follow. */
  readonly firstId: number;
  readonly parent: number;
  readonly step: string;
  /** The group that the tokens are the items of. */
  readonly group: number;
  /** One for each token. */
  readonly payloads: readonly unknown[];
}

/** The tokens of a fan-out, of which each is made when its turn comes: a million that wait would cost a collector. */
export class TokenRange {
  readonly #options: RangeOptions;
  /** So many payloads of the first items are not kept any more. */
  readonly #gone: number;

  constructor(options: RangeOptions, gone = 0) {
    this.#options = options;
    this.#gone = gone;
  }

  /** How many items it was made with. */
  get size(): number {
    return this.#gone + this.#options.payloads.length;
  }

  /** The token of an item. */
  at(index: number): Token {
    const { firstId, parent, step, group, payloads } = this.#options;
    const payload = payloads[index - this.#gone];
    return { id: firstId + index, parent, step, payload, where: "tail", member: { group, index } };
  }

  /** Keeps the payloads from an item on, once those before it are as many. */
  from(index: number): TokenRange {
    const { payloads } = this.#options;
    const left = this.size - index;
    return left * 2 > payloads.length
      ? this
      : new TokenRange({ ...this.#options, payloads: payloads.slice(-left) }, index);
  }
}
