/** Counts who reads, so that readers are refused before they cost something. */
export class ReaderPlaces {
  readonly #maxReaders: number;
  readonly #maxReadersPerRun: number;
  readonly #readers = new Map<string, number>();
  #total = 0;

  constructor(maxReaders: number, maxReadersPerRun: number) {
    this.#maxReaders = maxReaders;
    this.#maxReadersPerRun = maxReadersPerRun;
  }

  /** Takes a place with a run; `null` if there is none, else what gives it back. */
  take(runId: string): (() => void) | null {
    const count = this.#readers.get(runId) ?? 0;
    if (this.#total >= this.#maxReaders || count >= this.#maxReadersPerRun) return null;
    this.#total += 1;
    this.#readers.set(runId, count + 1);
    return () => this.#leave(runId);
  }

  #leave(runId: string): void {
    const left = (this.#readers.get(runId) ?? 0) - 1;
    this.#total -= 1;
    // Runs are many and end: those that nobody reads are forgotten.
    if (left > 0) this.#readers.set(runId, left);
    else this.#readers.delete(runId);
  }
}
