import type { RunStore } from "../core/run_store.ts";

/** A promise that every store has to keep. */
export interface RunStoreCase {
  /** The promise in words. */
  readonly name: string;
  /**
   * Tests it on a store, and rejects with what is wrong. The store may hold other runs and be in use meanwhile; the
   * runs that the case writes stay there.
   */
  run(store: RunStore): Promise<void>;
}
