import type { RunStore } from "../core/run_store.ts";

/** A promise that every store has to keep. */
export interface RunStoreCase {
  /** The promise in words. */
  readonly name: string;
  /**
   * Tries it on a store, and rejects with what is wrong. Other runs may be in the store, and others may use it
   * meanwhile; what the case writes it leaves there.
   */
  run(store: RunStore): Promise<void>;
}
