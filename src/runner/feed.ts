import type { WorkflowEvent } from "../core/events.ts";
import type { EncodedEvent } from "../engine/stored_event.ts";

/** So many events of a run, and so many characters of them, are kept at hand for those who follow it. */
const MAX_EVENTS = 1_024;
const MAX_LENGTH = 1024 * 1024;

/** The last events of a run at work here. All who follow it share them; who falls behind reads them from the store. */
export class Feed {
  /** Settles when there are new events, or never will be: then a new promise is in its place. */
  changed: Promise<void>;
  #wake: () => void = () => {};
  #events: EncodedEvent[] = [];
  /** Where the events that are still kept begin. */
  #from = 0;
  #length = 0;

  constructor() {
    this.changed = this.#promiseChange();
  }

  /** Adds events that have just been committed. */
  add(events: readonly EncodedEvent[]): void {
    for (const event of events) {
      this.#events.push(event);
      this.#length += event.text.length;
    }
    while (this.#events.length - this.#from > MAX_EVENTS || this.#length > MAX_LENGTH) {
      this.#length -= this.#events[this.#from]?.text.length ?? 0;
      this.#from += 1;
    }
    // Now and then, so that each event is moved once at most.
    if (this.#from > MAX_EVENTS) {
      this.#events = this.#events.slice(this.#from);
      this.#from = 0;
    }
    this.ring();
  }

  /** The event of this number, if it is at hand. */
  get(seq: number): WorkflowEvent | undefined {
    const first = this.#events[this.#from];
    return first === undefined || seq < first.seq ? undefined : this.#events[this.#from + seq - first.seq]?.event;
  }

  /** Lets all look who wait for a change. */
  ring(): void {
    const wake = this.#wake;
    this.changed = this.#promiseChange();
    wake();
  }

  #promiseChange(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }
}
