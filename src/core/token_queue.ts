import type { Token } from "./token.ts";

interface Cell {
  readonly token: Token;
  readonly next: Cell | null;
}

/**
 * An immutable queue with two ends: every change gives a new queue that shares its cells with the old one, in constant
 * (amortized) time. That is what lets `apply` be pure on a queue of a million tokens.
 */
export class TokenQueue implements Iterable<Token> {
  static readonly empty: TokenQueue = new TokenQueue(null, null, 0);

  readonly size: number;
  /** Never `null` while the queue holds a token, so the head is always at hand. */
  readonly #front: Cell | null;
  /** The tail end, last token first. */
  readonly #back: Cell | null;

  private constructor(front: Cell | null, back: Cell | null, size: number) {
    this.#front = front;
    this.#back = back;
    this.size = size;
  }

  /** The token that is taken next. */
  get head(): Token | undefined {
    return this.#front?.token;
  }

  withHead(token: Token): TokenQueue {
    return new TokenQueue({ token, next: this.#front }, this.#back, this.size + 1);
  }

  withTail(token: Token): TokenQueue {
    return this.#front === null
      ? new TokenQueue({ token, next: null }, null, 1)
      : new TokenQueue(this.#front, { token, next: this.#back }, this.size + 1);
  }

  /** The queue without its head; an empty queue stays empty. */
  withoutHead(): TokenQueue {
    if (this.#front === null || this.size === 1) return TokenQueue.empty;
    return this.#front.next === null
      ? new TokenQueue(reversed(this.#back), null, this.size - 1)
      : new TokenQueue(this.#front.next, this.#back, this.size - 1);
  }

  /** The queue without the tokens that do not pass, in the time it takes to look at them all. */
  filter(passes: (token: Token) => boolean): TokenQueue {
    let queue = TokenQueue.empty;
    for (const token of this) if (passes(token)) queue = queue.withTail(token);
    return queue;
  }

  *[Symbol.iterator](): Generator<Token, void, undefined> {
    for (let cell = this.#front; cell !== null; cell = cell.next) yield cell.token;
    for (let cell = reversed(this.#back); cell !== null; cell = cell.next) yield cell.token;
  }

  /** The tokens from head to tail, for printing and storing. */
  toJSON(): Token[] {
    return [...this];
  }
}

function reversed(cells: Cell | null): Cell | null {
  let result: Cell | null = null;
  for (let cell = cells; cell !== null; cell = cell.next) result = { token: cell.token, next: result };
  return result;
}
