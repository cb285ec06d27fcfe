import type { WorkflowEvent } from "../core/events.ts";
import type { EncodedEvent } from "../engine/stored_event.ts";

/** So many events of a run, and so many characters of them, are kept at hand for those who follow it. */
const MAX_EVENTS = 1_024;
const MAX_LENGTH = 1024 * 1024;

/** The next change of a feed, for one who waits for it. */
export interface NextChange {
  /** Settles when there are new events, when there never will be any, and when it is forgotten. */
  readonly promise: Promise<void>;
  /** Waits no more. */
  readonly forget: () => void;
}

/** The last events of a run at work here. All who follow it share them; who falls behind reads them from the store. */
export class Feed {
  /** By `seq`. */
  readonly #events = new Map<number, EncodedEvent>();
  readonly #waiters = new Set<() => void>();
  /** The first of them. */
  #from = 0;
  #lastSeq: number | null = null;
  #length = 0;

  /** The last event that was committed, `null` if there was none since the run is at work here. */
  get lastSeq(): number | null {
    return this.#lastSeq;
  }

  /** Adds events that have just been committed. */
  add(events: readonly EncodedEvent[]): void {
    for (const event of events) {
      // The first one says where the run goes on.
      if (this.#events.size === 0) this.#from = event.seq;
      this.#events.set(event.seq, event);
      this.#lastSeq = event.seq;
      this.#length += event.text.length;
      // The last one stays, however long it is.
      while (this.#events.size > MAX_EVENTS || (this.#length > MAX_LENGTH && this.#events.size > 1)) this.#drop();
    }
    this.ring();
  }

  /** The event of this number, if it is at hand. */
  get(seq: number): WorkflowEvent | undefined {
    return this.#events.get(seq)?.event;
  }

  nextChange(): NextChange {
    let forget = () => {};
    const promise = new Promise<void>((resolve) => {
      const waiter = () => {
        this.#waiters.delete(waiter);
        resolve();
      };
      forget = waiter;
      this.#waiters.add(waiter);
    });
    return { promise, forget };
  }

  /** Lets all look who wait for a change. */
  ring(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  #drop(): void {
    this.#length -= this.#events.get(this.#from)?.text.length ?? 0;
    this.#events.delete(this.#from);
    this.#from += 1;
  }
}
