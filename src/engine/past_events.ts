import type { WorkflowEvent } from "../core/events.ts";
import type { RunStore } from "../core/run_store.ts";
import type { Beginning } from "./beginning.ts";
import { readEvents } from "./store_access.ts";

type Pulled = IteratorResult<WorkflowEvent, undefined>;

/** The stream whose past it is. */
export interface PastHost {
  /** The next event of those that happen now. */
  nextLive(): Promise<Pulled>;
  /** The past cannot be read, which ends the stream. Settles when nothing of the run is at work any more. */
  endUnread(): Promise<void>;
}

/** The events from before a run was resumed that its reader still has to get: they come before what happens now. */
export class PastEvents {
  readonly #host: PastHost;
  /** `null` when there are none left, and when the reader has left. */
  #events: AsyncIterator<WorkflowEvent, void> | null;
  /** Those who ask while there are some, one after the other. */
  #turn: Promise<void> | null = null;
  #fault: { readonly error: unknown } | null = null;

  constructor(events: AsyncIterator<WorkflowEvent, void>, host: PastHost) {
    this.#events = events;
    this.#host = host;
  }

  /** True once whoever asks gets what happens now. */
  get isOver(): boolean {
    return this.#events === null && this.#turn === null;
  }

  /** What has kept the reader from them, `null` for nothing. */
  get fault(): { readonly error: unknown } | null {
    return this.#fault;
  }

  /** The next event for the reader, of the past or of now. */
  next(): Promise<Pulled> {
    const pulled = (this.#turn ?? Promise.resolve()).then(async () => {
      const value = await this.#read();
      return value === undefined ? this.#host.nextLive() : { done: false, value } as const;
    });
    const turn: Promise<void> = pulled.then(() => {}, () => {}).then(() => {
      if (this.#turn === turn && this.#events === null) this.#turn = null;
    });
    this.#turn = turn;
    return pulled;
  }

  /** The reader has left. */
  leave(): void {
    this.#events = null;
  }

  /**
   * The next event of the past, `undefined` for none. One that cannot be read ends the stream: nobody is asked to make
   * out what it was by what comes next.
   */
  async #read(): Promise<WorkflowEvent | undefined> {
    try {
      const read = await this.#events?.next();
      if (this.#events !== null && read !== undefined && read.done !== true) return read.value;
    } catch (error) {
      this.#fault = { error };
      await this.#host.endUnread();
      throw error;
    }
    this.#events = null;
    return undefined;
  }
}

/** The events after one, up to where the run is resumed, read from its store once that is known. */
export async function* readPast(
  store: RunStore,
  runId: string,
  after: number,
  beginning: Beginning,
): AsyncGenerator<WorkflowEvent, void, undefined> {
  await beginning.open();
  yield* readEvents(store, runId, after, beginning.lastPastSeq);
}
