/**
 * Counts the steps of runs inside the tokens at work. A crash makes them void: the step around them is done again. So
 * they count for the store only when an attempt at that step is over.
 */
export class StepsInside {
  readonly #counts = new Map<number, number>();
  #total = 0;

  /** How many there are inside all tokens at work. */
  get total(): number {
    return this.#total;
  }

  /** One more is done inside the token. */
  add(token: number): void {
    this.#counts.set(token, (this.#counts.get(token) ?? 0) + 1);
    this.#total += 1;
  }

  /** Those inside the token are not void any more. */
  settle(token: number): void {
    this.#total -= this.#counts.get(token) ?? 0;
    this.#counts.delete(token);
  }
}
