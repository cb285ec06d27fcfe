import type { Result } from "./result.ts";

/**
 * What the items of a group have come to, of each the last. It is immutable: every change gives new results, in
 * constant (amortized) time. They are a part of two arrays, to which only the results write whose part reaches to their
 * ends, where no others look.
 */
export class GroupResults {
  readonly #size: number;
  readonly #indices: number[];
  readonly #results: Result[];
  readonly #length: number;

  private constructor(size: number, indices: number[], results: Result[], length: number) {
    this.#size = size;
    this.#indices = indices;
    this.#results = results;
    this.#length = length;
  }

  /** The results of a group of so many items, as far as there are any. */
  static of(size: number, entries: Iterable<readonly [number, Result]> = []): GroupResults {
    let results = new GroupResults(size, [], [], 0);
    for (const [index, result] of entries) results = results.with(index, result);
    return results;
  }

  /** The results with another one for an item. */
  with(index: number, result: Result): GroupResults {
    // An item can come to any number of results; those before the last one are let go of in time.
    if (this.#length >= 2 * this.#size) return GroupResults.of(this.#size, this.#last()).with(index, result);
    const isLatest = this.#length === this.#indices.length;
    const indices = isLatest ? this.#indices : this.#indices.slice(0, this.#length);
    const results = isLatest ? this.#results : this.#results.slice(0, this.#length);
    indices.push(index);
    results.push(result);
    return new GroupResults(this.#size, indices, results, indices.length);
  }

  /** The results in the order of the items, with `missing` for those that have none. */
  toList(missing: () => Result): Result[] {
    const list: (Result | undefined)[] = Array.from({ length: this.#size });
    this.#each((index, result) => list[index] = result);
    return list.map((result) => result ?? missing());
  }

  /** Every item that has a result, in order, with its last one; for printing and storing. */
  toJSON(): [number, Result][] {
    return [...this.#last()].sort(([first], [second]) => first - second);
  }

  #last(): Map<number, Result> {
    const last = new Map<number, Result>();
    this.#each((index, result) => last.set(index, result));
    return last;
  }

  /** Visits all of them, in the order in which they came. */
  #each(visit: (index: number, result: Result) => void): void {
    for (let at = 0; at < this.#length; at += 1) {
      const index = this.#indices[at];
      const result = this.#results[at];
      if (index !== undefined && result !== undefined) visit(index, result);
    }
  }
}
