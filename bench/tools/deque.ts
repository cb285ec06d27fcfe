/** One unit of work of a hand-written loop. */
export interface Token {
  readonly step: string;
  readonly payload: number;
}

/** The deque a careful person would write: an array with a moving head. */
export class Deque {
  #tokens: (Token | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#tokens.length - this.#head;
  }

  push(token: Token): void {
    this.#tokens.push(token);
  }

  shift(): Token | undefined {
    const token = this.#tokens[this.#head];
    this.#tokens[this.#head] = undefined;
    this.#head += 1;
    if (this.#head > 1_024 && this.#head * 2 > this.#tokens.length) {
      this.#tokens = this.#tokens.slice(this.#head);
      this.#head = 0;
    }
    return token;
  }
}
