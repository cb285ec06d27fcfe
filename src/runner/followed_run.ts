import type { Clock } from "../core/clock.ts";
import { EventsGoneError, UnknownRunError } from "../core/errors.ts";
import type { WorkflowEvent } from "../core/events.ts";
import { type ReadyEvents, takeReady } from "../core/ready_events.ts";
import type { RunHead, RunStore } from "../core/run_store.ts";
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

/** Somebody who waits for the next event. */
interface Asker {
  readonly resolve: (read: IteratorResult<WorkflowEvent, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** A reader who stalls keeps a page, so it is bounded in events and in characters, by the mean of the page before. */
const FIRST_PAGE_LENGTH = 16;
const MAX_PAGE_LENGTH = 256;
const PAGE_CHARACTERS = 256 * 1024;

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * The events of a run for one reader, at the reader's own pace: from the run's feed if they are there, else from the
 * store, in pages. Nothing gathers behind a reader who does not read.
 */
export class FollowedRun implements AsyncIterableIterator<WorkflowEvent>, ReadyEvents {
  readonly areShared = true;
  readonly #options: FollowedRunOptions;
  readonly #askers: Asker[] = [];
  /** The `seq` of the last event that the reader has. */
  #seq: number;
  /** Events that were read from the store, the next one last. */
  #page: WorkflowEvent[] = [];
  /** Kept when the run is not at work here any more: what is in it stays true, and others share it. */
  #feed: Feed | undefined;
  /** How many are read at once. */
  #pageLength = FIRST_PAGE_LENGTH;
  #isOver = false;
  #isServing = false;
  #failure: { readonly error: unknown } | null = null;
  /** Ends the wait for a change early. */
  #stopWaiting: (() => void) | null = null;

  constructor(options: FollowedRunOptions) {
    this.#options = options;
    this.#seq = options.after;
    const { signal } = options;
    if (signal === null) return;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener("abort", this.#onAbort);
  }

  /** True once the reader is through or has left. */
  get isOver(): boolean {
    return this.#isOver;
  }

  next(): Promise<IteratorResult<WorkflowEvent, undefined>> {
    const ready = this[takeReady]();
    if (ready !== undefined) return Promise.resolve({ done: false, value: ready });
    return new Promise((resolve, reject) => {
      this.#askers.push({ resolve, reject });
      if (this.#isOver) this.#sendAway();
      else this.#serve();
    });
  }

  [takeReady](): WorkflowEvent | undefined {
    const event = this.#isOver || this.#askers.length > 0 ? undefined : this.#take();
    if (event?.type === "run.end") this.close();
    return event;
  }

  // Async, as that of every iterator is.
  // deno-lint-ignore require-await
  async return(value?: unknown): Promise<IteratorReturnResult<undefined>> {
    this.close();
    // A reader's own value goes back to the reader; the type is what a loop sees.
    return { done: true, value: value as undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the reading: whoever waits is done, or the first of them learns what has ended it. */
  close(failure: { readonly error: unknown } | null = null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    this.#page = [];
    this.#feed = undefined;
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#stopWaiting?.();
    this.#sendAway();
    this.#options.onLeft(this);
  }

  readonly #onAbort = (): void => this.close({ error: this.#options.signal?.reason });

  #sendAway(): void {
    for (const { resolve, reject } of this.#askers.splice(0)) {
      const failure = this.#failure;
      this.#failure = null;
      if (failure === null) resolve(DONE);
      else reject(failure.error);
    }
  }

  /** Answers those who ask, in their order, for as long as somebody does. */
  async #serve(): Promise<void> {
    if (this.#isServing) return;
    this.#isServing = true;
    try {
      while (this.#askers.length > 0 && !this.#isOver) {
        const event = this.#take();
        if (event === undefined) await this.#fill();
        else this.#askers.shift()?.resolve({ done: false, value: event });
        if (event?.type === "run.end") this.close();
      }
    } catch (error) {
      this.close({ error });
    }
    this.#isServing = false;
  }

  /** The next event, if it is at hand. */
  #take(): WorkflowEvent | undefined {
    this.#feed = this.#options.feedOf() ?? this.#feed;
    const event = this.#page.pop() ?? this.#feed?.get(this.#seq + 1);
    if (event !== undefined) this.#seq += 1;
    return event;
  }

  /** Reads what the store has, or waits for more. */
  async #fill(): Promise<void> {
    const { runId, store, feedOf } = this.#options;
    const feed = feedOf();
    // The store has no more than a feed that the reader is at the end of.
    if (feed !== undefined && feed.lastSeq === this.#seq) return await this.#waitForFeed(feed);
    // A reader may bring a cursor that is not this run's.
    if (this.#seq === this.#options.after && this.#seq > 0) await this.#look();
    const lastSeq = feed?.lastSeq;
    const { events, length } = await readPage(store, runId, this.#seq, this.#pageLength, PAGE_CHARACTERS);
    // As many as make up a page, by what these were like.
    const fit = Math.floor(PAGE_CHARACTERS * events.length / (length + 1));
    if (events.length > 0) this.#pageLength = Math.min(Math.max(fit, 1), MAX_PAGE_LENGTH);
    if (!this.#isOver) this.#page = events.toReversed();
    if (events.length > 0 || this.#isOver) return;
    if (feed !== undefined && feedOf() === feed) {
      // What came in between is at hand by now.
      if (feed.lastSeq === lastSeq) await this.#waitForFeed(feed);
      return;
    }
    const head = await this.#look();
    if (head.lastSeq > this.#seq || this.#isOver) return;
    if (head.wakeAt === null) this.close();
    else await this.#waitForStore();
  }

  async #waitForFeed(feed: Feed): Promise<void> {
    const { promise, forget } = feed.nextChange();
    this.#stopWaiting = forget;
    await promise;
    this.#stopWaiting = null;
  }

  /** Where the run stands. */
  async #look(): Promise<RunHead> {
    const { runId, store } = this.#options;
    const head = await asked(() => store.find(runId), runId, "read the head");
    if (head === null) throw new UnknownRunError(runId);
    if (head.lastSeq < this.#seq) throw new EventsGoneError(runId, this.#seq, head.lastSeq + 1);
    return head;
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
