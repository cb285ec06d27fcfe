import type { Clock } from "../core/clock.ts";
import { UnknownRunError } from "../core/errors.ts";
import type { WorkflowEvent } from "../core/events.ts";
import { type ReadyEvents, takeReady } from "../core/ready_events.ts";
import type { RunStore } from "../core/run_store.ts";
import { asked, readPage } from "../engine/store_access.ts";
import type { Feed } from "./feed.ts";

/** What {@linkcode FollowedRun} is made with. */
export interface FollowedRunOptions {
  readonly runId: string;
  readonly after: number;
  readonly signal: AbortSignal | null;
  readonly store: RunStore;
  readonly clock: Clock;
  /** How often the store is asked about a run at work elsewhere, in ms. */
  readonly pollMs: number;
  /** The run's feed while it is at work here, else `undefined`. */
  readonly feedOf: () => Feed | undefined;
  /** Called once, when the reader is through or has left. */
  readonly onLeft: (reader: FollowedRun) => void;
}

type Read = IteratorResult<WorkflowEvent, undefined>;

const DONE: Read = { done: true, value: undefined };

/**
 * The events of a run for one reader, at the reader's own pace: from the run's feed if they are there, else from the
 * store, in pages. Nothing gathers behind a reader who does not read.
 */
export class FollowedRun implements AsyncIterableIterator<WorkflowEvent>, AsyncDisposable, ReadyEvents {
  readonly #options: FollowedRunOptions;
  /** The `seq` of the last event that the reader has. */
  #seq: number;
  /** Events that were read from the store, from `#pageAt` on. */
  #page: readonly WorkflowEvent[] = [];
  #pageAt = 0;
  #isOver = false;
  /** Those who ask get their events in turn. */
  #turn: Promise<unknown> = Promise.resolve();
  #asking = 0;
  #failure: { readonly error: unknown } | null = null;
  readonly #left: Promise<void>;
  #leave: () => void = () => {};
  #stopWaiting: (() => void) | null = null;

  constructor(options: FollowedRunOptions) {
    this.#options = options;
    this.#seq = options.after;
    this.#left = new Promise((resolve) => this.#leave = resolve);
    const { signal } = options;
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort);
  }

  next(): Promise<Read> {
    const ready = this[takeReady]();
    if (ready !== undefined) return Promise.resolve({ done: false, value: ready });
    this.#asking += 1;
    const read = this.#turn.then(() => this.#read());
    const turn = Promise.race([read, this.#left.then(() => this.#end())]);
    this.#turn = turn.then(() => {}, () => {}).then(() => {
      this.#asking -= 1;
    });
    // Who has left is not told what came of it.
    read.catch(() => {});
    return turn;
  }

  [takeReady](): WorkflowEvent | undefined {
    return this.#asking > 0 || this.#isOver ? undefined : this.#take();
  }

  // deno-lint-ignore require-await -- Async, as of every iterator.
  async return(value?: unknown): Promise<IteratorReturnResult<undefined>> {
    this.close();
    return { done: true, value: value as undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Ends the reading: whoever waits is done. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#page = [];
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#stopWaiting?.();
    this.#leave();
    this.#options.onLeft(this);
  }

  readonly #onAbort = (): void => {
    this.#failure = { error: this.#options.signal?.reason };
    this.close();
  };

  /** The end: the first to ask learns what the reading has failed with. */
  #end(): Read {
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure.error;
    return DONE;
  }

  async #read(): Promise<Read> {
    while (!this.#isOver) {
      const event = this.#take();
      if (event !== undefined) return { done: false, value: event };
      try {
        await this.#fill();
      } catch (error) {
        this.#failure = { error };
        this.close();
      }
    }
    return this.#end();
  }

  #take(): WorkflowEvent | undefined {
    const seq = this.#seq + 1;
    let event = this.#options.feedOf()?.get(seq);
    if (event === undefined) event = this.#page[this.#pageAt];
    if (event === undefined) return undefined;
    this.#pageAt = event === this.#page[this.#pageAt] ? this.#pageAt + 1 : this.#page.length;
    this.#seq = seq;
    if (event.type === "run.end") this.close();
    return event;
  }

  /** Reads what the store has, or waits for more. */
  async #fill(): Promise<void> {
    const { runId, store, feedOf } = this.#options;
    // Asked for before the look at the store: what comes in between rings.
    const feed = feedOf();
    const changed = feed?.changed;
    this.#page = await readPage(store, runId, this.#seq);
    this.#pageAt = 0;
    if (this.#page.length > 0) return;
    if (feed !== undefined && changed !== undefined && feedOf() === feed) {
      await Promise.race([changed, this.#left]);
      return;
    }
    const head = await asked(store.find(runId), runId, "find it");
    if (head === null) throw new UnknownRunError(runId);
    if (head.lastSeq > this.#seq) return;
    if (head.wakeAt === null) this.close();
    else await this.#waitForStore();
  }

  /** Waits until the run may have changed in the store. */
  #waitForStore(): Promise<void> {
    const { runId, store, clock, pollMs } = this.#options;
    return new Promise((resolve) => {
      const stop = () => {
        clock.clearTimeout(timer);
        stopListening?.();
        this.#stopWaiting = null;
        resolve();
      };
      const timer = clock.setTimeout(stop, pollMs);
      const stopListening = store.onCommit?.((changed) => {
        if (changed === runId) stop();
      });
      this.#stopWaiting = stop;
    });
  }
}
