import type { WorkflowEvent } from "../core/events.ts";
import type { TraceEntry } from "../core/trace.ts";
import type { Beginning } from "./beginning.ts";
import type { RunSettings, Storage } from "./run_settings.ts";
import { readEvents } from "./store_access.ts";
import { StoredTrace } from "./stored_trace.ts";

type Pulled = IteratorResult<WorkflowEvent, undefined>;

/** The stream whose past it is. */
export interface PastHost {
  /** The next event of those that happen now. */
  nextLive(): Promise<Pulled>;
  /** The past cannot be read, which ends the stream. Settles when nothing of the run is at work any more. */
  endUnread(): Promise<void>;
}

/** What was before a stored run was resumed: events for its reader, which come before what happens now, and a trace. */
export class RunPast {
  readonly #settings: RunSettings;
  readonly #storage: Storage;
  readonly #beginning: Beginning;
  readonly #host: PastHost;
  /** Those that the reader still has to get; `null` when there are none left, and when the reader has left. */
  #events: AsyncIterator<WorkflowEvent, void> | null;
  /** Those who ask while there are some, one after the other. */
  #turn: Promise<void> | null = null;
  #fault: { readonly error: unknown } | null = null;

  constructor(settings: RunSettings, storage: Storage, beginning: Beginning, host: PastHost) {
    this.#settings = settings;
    this.#storage = storage;
    this.#beginning = beginning;
    this.#host = host;
    this.#events = storage.after === null ? null : this.#readEvents(storage.after);
  }

  /** True once whoever asks gets what happens now. */
  get isOver(): boolean {
    return this.#events === null && this.#turn === null;
  }

  /** What has kept the reader from the events, `null` for nothing. */
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

  /** One entry for each step that was done, in order; none if the run keeps no trace. */
  async readTrace(): Promise<readonly TraceEntry[]> {
    const trace = new StoredTrace();
    if (this.#settings.captureTrace) { for await (const event of this.#readEvents(0)) trace.add(event); }
    return trace.entries;
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

  async *#readEvents(after: number): AsyncGenerator<WorkflowEvent, void, undefined> {
    // Until then nobody knows where the past ends.
    await this.#beginning.open();
    const { lastPastSeq = 0 } = this.#beginning.opening ?? {};
    yield* readEvents(this.#storage.store, this.#settings.runId, after, lastPastSeq);
  }
}
