import { RunFencedError, StoreError } from "../core/errors.ts";
import type { LiveRunStream } from "../engine/run_stream.ts";
import type { EncodedEvent } from "../engine/stored_event.ts";
import { Feed } from "./feed.ts";

/** Opens a run that tells what it commits. */
export type OpenRun = (onCommitted: (events: readonly EncodedEvent[]) => void) => LiveRunStream;

/** A run at work here, with nobody who has to read it. */
export class LocalRun {
  readonly stream: LiveRunStream;
  readonly feed: Feed = new Feed();
  /** Settles once the run is in its store; rejects with what has kept it from that. */
  readonly stored: Promise<void>;
  /** Settles when the run is not at work here any more, with what the trouble was, if it was not the run's own. */
  readonly ended: Promise<{ readonly error: unknown } | null>;
  #isStored = false;

  constructor(open: OpenRun) {
    this.stream = open((events) => this.feed.add(events));
    this.ended = this.#run();
    this.stored = this.#store();
    // Told to whoever waits for it, if anybody does.
    this.stored.catch(() => {});
  }

  get isStored(): boolean {
    return this.#isStored;
  }

  async #store(): Promise<void> {
    await this.stream.stored();
    this.#isStored = true;
  }

  async #run(): Promise<{ readonly error: unknown } | null> {
    try {
      await this.stream.drain();
    } catch (error) {
      // How a run ended is in the store, unless that is the trouble. One that never got there is its starter's.
      if (this.#isStored && (error instanceof StoreError || error instanceof RunFencedError)) return { error };
    }
    return null;
  }
}
