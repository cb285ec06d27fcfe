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

  constructor(options: RangeOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#options.payloads.length;
  }

  /** The token of an item. */
  at(index: number): Token {
    const { firstId, parent, step, group, payloads } = this.#options;
    return { id: firstId + index, parent, step, payload: payloads[index], where: "tail", member: { group, index } };
  }
}
