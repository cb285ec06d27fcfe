import type { Token } from "./token.ts";
import { TokenRange } from "./token_range.ts";

interface Cell {
  readonly token: Token;
  /** The range that the token is of: the rest of it comes before the next cell. */
  readonly range: TokenRange | null;
  readonly next: Cell | null;
}

type Entry = Token | TokenRange;

const NO_ENTRIES: Entry[] = [];
/** How many entries may be copied for each token that is let go of by that. */
const COPIED_A_TOKEN = 8;
/** How many tokens have to leave before what waits is copied: a short queue would be copied at every step. */
const GONE_BEFORE_COPY = 16;

/**
 * An immutable queue with two ends: every change gives a new queue that shares its tokens with the old one, in constant
 * (amortized) time. That is what lets `apply` be pure on a queue of a million tokens.
 *
 * What is at the front is a list of cells; what waits behind them is a part of an array, to which only the queue writes
 * whose part reaches to its end, where no other looks.
 */
export class TokenQueue implements Iterable<Token> {
  static readonly empty: TokenQueue = new TokenQueue(0, null, NO_ENTRIES, 0, 0, 0);

  readonly size: number;
  /** Never `null` while the queue holds a token, so the head is always at hand. */
  readonly #front: Cell | null;
  readonly #back: Entry[];
  readonly #from: number;
  readonly #to: number;
  /** How many tokens are in the array before that part. */
  readonly #gone: number;

  private constructor(size: number, front: Cell | null, back: Entry[], from: number, to: number, gone: number) {
    this.size = size;
    this.#front = front;
    this.#back = back;
    this.#from = from;
    this.#to = to;
    this.#gone = gone;
  }

  /** The token that is taken next. */
  get head(): Token | undefined {
    return this.#front?.token;
  }

  withHead(token: Token): TokenQueue {
    const front = { token, range: null, next: this.#front };
    return new TokenQueue(this.size + 1, front, this.#back, this.#from, this.#to, this.#gone);
  }

  withTail(token: Token): TokenQueue {
    return this.#front === null
      ? new TokenQueue(1, { token, range: null, next: null }, NO_ENTRIES, 0, 0, 0)
      : this.#withEntry(token, 1);
  }

  /** The queue with all the tokens of a range, of which there is one at least, at its tail. */
  withRange(range: TokenRange): TokenQueue {
    return this.#front === null
      ? new TokenQueue(range.size, toCell(range), NO_ENTRIES, 0, 0, 0)
      : this.#withEntry(range, range.size);
  }

  /** The queue without its head; an empty queue stays empty. */
  withoutHead(): TokenQueue {
    if (this.#front === null || this.size === 1) return TokenQueue.empty;
    const size = this.size - 1;
    const next = cellAfter(this.#front);
    if (next !== null) return new TokenQueue(size, next, this.#back, this.#from, this.#to, this.#gone);
    const entry = this.#back[this.#from] as Entry;
    const from = this.#from + 1;
    const gone = this.#gone + sizeOf(entry);
    // What has left is let go of, once that pays for the copying.
    const isCopied = gone >= GONE_BEFORE_COPY && this.#to - from <= COPIED_A_TOKEN * gone;
    return isCopied
      ? new TokenQueue(size, toCell(entry), this.#back.slice(from, this.#to), 0, this.#to - from, 0)
      : new TokenQueue(size, toCell(entry), this.#back, from, this.#to, gone);
  }

  /**
   * The queue without the tokens that do not pass, in the time it takes to look at its entries: the tokens of a range
   * are of one group, so they pass or not as one, and are not made for that.
   */
  filter(passes: (token: Token) => boolean): TokenQueue {
    const cells: Cell[] = [];
    for (let cell = this.#front; cell !== null; cell = cell.next) if (passes(cell.token)) cells.push(cell);
    const waiting = this.#back.slice(this.#from, this.#to);
    const back = waiting.filter((entry) => passes(entry instanceof TokenRange ? entry.at(0) : entry));
    const first = cells.length === 0 ? back.shift() : undefined;
    if (first !== undefined) cells.push(toCell(first));
    let size = back.reduce((sum, entry) => sum + sizeOf(entry), 0);
    let front: Cell | null = null;
    for (const { token, range } of cells.reverse()) {
      size += range === null || token.member === null ? 1 : range.size - token.member.index;
      front = { token, range, next: front };
    }
    return front === null ? TokenQueue.empty : new TokenQueue(size, front, back, 0, back.length, 0);
  }

  *[Symbol.iterator](): Generator<Token, void, undefined> {
    yield* tokensFrom(this.#front);
    for (let at = this.#from; at < this.#to; at += 1) yield* tokensFrom(toCell(this.#back[at] as Entry));
  }

  /** The tokens from head to tail, for printing and storing. */
  toJSON(): Token[] {
    return [...this];
  }

  #withEntry(entry: Entry, size: number): TokenQueue {
    // The empty array is everybody's.
    const isLast = this.#to > 0 && this.#to === this.#back.length;
    const back = isLast ? this.#back : this.#back.slice(this.#from, this.#to);
    back.push(entry);
    const [from, gone] = isLast ? [this.#from, this.#gone] : [0, 0];
    return new TokenQueue(this.size + size, this.#front, back, from, back.length, gone);
  }
}

function sizeOf(entry: Entry): number {
  return entry instanceof TokenRange ? entry.size : 1;
}

function toCell(entry: Entry): Cell {
  return entry instanceof TokenRange
    ? { token: entry.at(0), range: entry, next: null }
    : { token: entry, range: null, next: null };
}

function cellAfter({ token, range, next }: Cell): Cell | null {
  if (range === null || token.member === null) return next;
  const index = token.member.index + 1;
  return index < range.size ? { token: range.at(index), range: range.from(index), next } : next;
}

function* tokensFrom(first: Cell | null): Generator<Token, void, undefined> {
  for (let cell = first; cell !== null; cell = cellAfter(cell)) yield cell.token;
}
