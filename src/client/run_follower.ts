import { LONGEST_TIMER_MS } from "../core/clock.ts";
import { EventsGoneError } from "../core/errors.ts";
import type { WorkflowEvent } from "../core/events.ts";
import type { Any, NoReturns } from "../core/inference.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { FollowError } from "./follow_error.ts";
import { parseEvent, parseReset } from "./parse_event.ts";
import { MessageTooLongError, type SseMessage } from "./sse_parser.ts";

/**
 * The state of a reader: `connecting` while a request is out, `open` while events are read, `reconnecting` while it
 * waits before the next request, `done` when nothing more will come or it was left, `failed` when its iterator rejects.
 */
export type FollowState = "connecting" | "open" | "reconnecting" | "done" | "failed";

/** What a {@linkcode RunFollower} goes by. */
export interface FollowSettings extends ConnectionOptions {
  /** Where the events are, without a fragment. */
  readonly url: string;
  readonly after: number;
  readonly signal?: AbortSignal | undefined;
  readonly maxFailures: number;
  readonly maxDelayMs: number;
  readonly onState?: ((state: FollowState, error?: unknown) => void) | undefined;
}

type AnyEvent = WorkflowEvent<Any, Any>;

/**
 * The events of a run elsewhere. Nothing is requested before the first `next()`, and while nobody asks for more, no
 * more is read.
 */
export interface FollowedRun<Payloads = Any, Returns = NoReturns>
  extends AsyncIterableIterator<WorkflowEvent<Payloads, Returns>>, AsyncDisposable {
  /** Ends the request at once; `break` calls it. Every pending `next()` is done. The run itself continues. */
  return(value?: Any): Promise<IteratorReturnResult<Any>>;
}

type Pulled = IteratorResult<AnyEvent, undefined>;

/** A server whose next event is not the next one so often in a row has let go of those between. */
const MAX_GAPS = 3;
/** The least base of the delays: a server that says `retry: 0` would be asked without a pause. */
const MIN_RETRY_MS = 100;

/**
 * Reads a run's events over as many connections as it takes. It is written by hand and driven by those who wait for an
 * event: without them nothing is read, so a slow reader slows the server. At most one chunk is kept.
 */
export class RunFollower implements FollowedRun {
  readonly #settings: FollowSettings;
  /** Give those who wait what they wait for. */
  readonly #waiters: ((pulled: Pulled | Promise<Pulled>) => void)[] = [];
  #connection: Connection | undefined;
  /** What is left of the last chunk. */
  #messages: Iterator<SseMessage, void> | undefined;
  /** Works for those who wait; settles when there are none. */
  #pumping: Promise<void> = Promise.resolve();
  #isPumping = false;
  /** Ends the pause between two connections. */
  #wake: () => void = () => {};
  /** What the next to ask is rejected with. */
  #failure: Promise<never> | undefined;
  #isOpen = true;
  #lastSeq: number;
  /** In a row, since there was an event or a heartbeat. */
  #failures = 0;
  #gaps = 0;
  #retryMs = 2_000;

  constructor(settings: FollowSettings) {
    this.#settings = settings;
    this.#lastSeq = settings.after;
  }

  next(): Promise<Pulled> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      if (!this.#isPumping) this.#pumping = this.#pump();
    });
  }

  async return(value?: unknown): Promise<IteratorReturnResult<unknown>> {
    this.#failure = undefined;
    this.#close("done");
    await this.#pumping;
    // As a generator does, which awaits what it is given.
    return { done: true, value: await value };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  readonly #onAbort = (): void => this.#fail(this.#settings.signal?.reason);

  async #pump(): Promise<void> {
    this.#isPumping = true;
    while (this.#waiters.length > 0) {
      try {
        const event = this.#take();
        if (event === null && this.#isOpen) await this.#read();
        else {
          const pulled: Pulled | Promise<never> = event === null
            ? this.#failure ?? { done: true, value: undefined }
            : { done: false, value: event };
          this.#waiters.shift()?.(pulled);
          // Only the first to ask learns of it, as of a generator.
          this.#failure = undefined;
          if (event?.type === "run.end") this.#close("done");
        }
      } catch (error) {
        // Once it is closed, this is what the cut made of the work.
        if (this.#isOpen) await this.#recover(error);
      }
    }
    this.#isPumping = false;
  }

  /** The next event of the chunk, `null` if there is none. */
  #take(): AnyEvent | null {
    while (true) {
      // What came in the very moment in which the reader left is not for it any more.
      const next = this.#isOpen ? this.#messages?.next() : undefined;
      if (next === undefined || next.done) return null;
      const message = next.value;
      if (message.event === "reset") throw this.#gone(parseReset(message));
      // A message with a name that is not known is for somebody else.
      if (message.event !== "") continue;
      const event = parseEvent(message);
      const { seq } = event;
      if (seq <= this.#lastSeq) continue;
      if (seq > this.#lastSeq + 1) {
        this.#gaps += 1;
        throw this.#gaps < MAX_GAPS ? new Error(`Event ${seq} came after ${this.#lastSeq}`) : this.#gone(seq);
      }
      this.#lastSeq = seq;
      this.#failures = this.#gaps = 0;
      return event;
    }
  }

  async #read(): Promise<void> {
    if (this.#connection !== undefined) {
      this.#messages = await this.#connection.read();
      if (this.#messages === undefined) throw new Error("The stream ended before the run");
      return;
    }
    const { url, signal } = this.#settings;
    if (signal?.aborted) return this.#onAbort();
    // However often it is added, it is there once.
    signal?.addEventListener("abort", this.#onAbort);
    this.#tell("connecting");
    this.#connection = new Connection(this.#settings);
    // In the query: a header of that kind makes a browser ask another origin for leave first.
    const after = this.#lastSeq === 0 ? "" : `${url.includes("?") ? "&" : "?"}after=${this.#lastSeq}`;
    if (!await this.#connection.open(url + after)) this.#close("done");
    else if (this.#isOpen) this.#tell("open");
  }

  /** Waits for its turn to connect again, or gives up. */
  async #recover(error: unknown): Promise<void> {
    const { maxFailures, maxDelayMs, clock } = this.#settings;
    const told = error instanceof FollowError ? error : null;
    const status = told?.status ?? null;
    const isInVain = error instanceof EventsGoneError || error instanceof MessageTooLongError || isFinal(status);
    if (isInVain) return this.#fail(error);
    const connection = this.#connection;
    connection?.close();
    this.#connection = this.#messages = undefined;
    // A run may have nothing to tell for longer than a connection is allowed to last: then heartbeats will do.
    const failures = connection?.isAlive ? 1 : this.#failures + 1;
    this.#failures = failures;
    if (failures > maxFailures) {
      return this.#fail(new FollowError(`failures in a row: ${failures}`, status, { ...told, cause: error }));
    }
    this.#tell("reconnecting", error);
    this.#retryMs = Math.max(connection?.retryMs ?? this.#retryMs, MIN_RETRY_MS);
    const ownMs = Math.random() * Math.min(this.#retryMs * 2 ** (failures - 1), maxDelayMs);
    const askedMs = toDelayMs(connection?.retryAfter ?? "", clock.now());
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, Math.min(Math.max(ownMs, askedMs), LONGEST_TIMER_MS));
      this.#wake = () => {
        clock.clearTimeout(timer);
        resolve();
      };
    });
  }

  #gone(first: number): EventsGoneError {
    const { url } = this.#settings;
    return new EventsGoneError(/([^/?]+)\/events(\?|$)/.exec(url)?.[1] ?? url, this.#lastSeq, first);
  }

  #fail(error: unknown): void {
    this.#failure = Promise.reject(error);
    // Nobody may ask.
    this.#failure.catch(() => {});
    this.#close("failed", error);
  }

  #close(state: "done" | "failed", error?: unknown): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#settings.signal?.removeEventListener("abort", this.#onAbort);
    this.#connection?.close();
    this.#wake();
    this.#tell(state, error);
  }

  #tell(state: FollowState, error?: unknown): void {
    // From a job of its own: what it throws is its owner's, and stops nothing here.
    queueMicrotask(() => this.#settings.onState?.(state, error));
  }
}

/** True for an answer that would be the same at the next try. */
function isFinal(status: number | null): boolean {
  return /^4(?!08|25|29)/.test(`${status}`);
}

/** What a `Retry-After` header asks for, seconds or a date (RFC 9110 §10.2.3), in ms; 0 for what is neither. */
function toDelayMs(retryAfter: string, now: number): number {
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1_000;
  // What else a date parser takes for a date is none of HTTP.
  return /GMT$/.test(retryAfter) ? Date.parse(retryAfter) - now || 0 : 0;
}
