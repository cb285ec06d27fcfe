/** Those who want to hear of writes to runs. */
export class CommitListeners {
  readonly #listeners = new Set<(runId: string) => void>();

  /** Adds a listener; the answer takes it out. */
  add(listener: (runId: string) => void): () => void {
    // A function of its own, so that one listener may be there twice.
    const told = (runId: string) => listener(runId);
    this.#listeners.add(told);
    return () => void this.#listeners.delete(told);
  }

  /** Calls all of them back. */
  tell(runId: string): void {
    for (const told of this.#listeners) {
      try {
        told(runId);
      } catch {
        // What is written is written: whoever wrote it must not hear of a listener's trouble.
      }
    }
  }
}
