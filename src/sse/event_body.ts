import type { Clock } from "../core/clock.ts";
import { SerializationError, WorkflowError } from "../core/errors.ts";
import type { WorkflowEvent } from "../core/events.ts";
import type { Any } from "../core/inference.ts";
import { hasReadyEvents, takeReady } from "../core/ready_events.ts";
import { encodeEvent } from "./encode_event.ts";
import { EventEncoder, type PublicError } from "./event_encoder.ts";

type Events = AsyncIterator<WorkflowEvent<Any, Any>>;
type Pulled = IteratorResult<WorkflowEvent<Any, Any>>;

/** How an {@linkcode EventBody} treats its client. */
export interface EventBodyOptions {
  readonly onDisconnect: "cancel" | "detach";
  readonly heartbeatMs: number;
  readonly retryMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly describeError: ((error: unknown) => PublicError) | undefined;
}

/** A chunk is sent when it holds this many characters … */
const MAX_CHUNK_LENGTH = 128 * 1024;
/** … or has been gathered for so long: a step that computes must not hold back what came before it. */
const MAX_GATHER_MS = 5;
/** How many microtasks an event may take and still count as ready: an async generator takes up to three. */
const READY_MICROTASKS = 4;

/** Messages of events that others get, too, in the words that all use who need none of their own. */
const sharedMessages = new WeakMap<WorkflowEvent<Any, Any>, string>();

const encoder = new TextEncoder();
/** A comment, which clients ignore and proxies count as life. */
const HEARTBEAT = encoder.encode(":\n\n");

/** The body of an event stream: pulls events when the client pulls bytes, and beats while there are none. */
export class EventBody {
  readonly stream: ReadableStream<Uint8Array>;
  /** Settles when the body is closed and the run has been left, detached or read to its end. */
  readonly done: Promise<void>;
  readonly #events: Events;
  readonly #options: EventBodyOptions;
  readonly #encoder: EventEncoder;
  readonly #areShared: boolean;
  #resolveDone: (left?: Promise<void>) => void = () => {};
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  /** The event that is asked for and has not been taken. */
  #pending: Promise<Pulled> | null = null;
  /** Gives it, or throws what it failed with, once it has come. */
  #arrived: (() => Pulled) | null = null;
  #isOpen = true;
  /** `run.end` is in the text, or stands in for an event that could not be written. */
  #isEndTold = false;
  #encodingError: unknown = null;
  /** How many steps have finished, with the one whose result cannot be written: `run.end` counts it, too. */
  #steps = 0;
  /** Ends the wait for the next event early. */
  #stopWaiting: (() => void) | null = null;

  constructor(events: Events, options: EventBodyOptions) {
    this.#events = events;
    this.#options = options;
    this.#encoder = new EventEncoder(options.describeError);
    this.#areShared = options.describeError === undefined && hasReadyEvents(events) && events.areShared === true;
    this.done = new Promise((resolve) => this.#resolveDone = resolve);
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => this.#start(controller),
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#leave(),
    }, { highWaterMark: 0 });
  }

  #start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const { retryMs, heartbeatMs, signal } = this.#options;
    this.#controller = controller;
    // First bytes at once: the client knows that it is connected, and how long silence can last.
    controller.enqueue(encoder.encode(`retry: ${retryMs}\n: heartbeat ${heartbeatMs}\n\n`));
    if (signal === undefined) return;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => {
    this.#leave();
    this.#controller?.close();
  };

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      let pulled = await this.#nextIfReady() ?? await this.#waitForNext();
      // Nothing came in time, or the client has left meanwhile.
      if (pulled === null && this.#isOpen) return controller.enqueue(HEARTBEAT);
      const gatherUntil = this.#options.clock.now() + MAX_GATHER_MS;
      let text = "";
      while (pulled !== null && this.#isOpen) {
        this.#pending = null;
        if (pulled.done) return this.#finish(controller, text);
        text += this.#encode(pulled.value);
        if (!this.#isEndTold) text += this.#encodeReady(text.length, pulled.value.at);
        if (this.#isEndTold) return this.#finish(controller, text);
        if (text.length >= MAX_CHUNK_LENGTH || this.#options.clock.now() >= gatherUntil) break;
        pulled = await this.#nextIfReady().catch(() => null);
      }
      // Events that have failed meanwhile fail the next pull; what came before goes out first.
      if (this.#isOpen) controller.enqueue(encoder.encode(text));
    } catch (error) {
      // The events ended in an error and told no `run.end`: the client has to see a broken stream, not a finished one.
      this.#close();
      controller.error(error);
      this.#resolveDone(settled(() => this.#events.return?.()));
    }
  }

  /** Writes what a run of our own has ready, with neither a promise nor a reading of the clock for each event. */
  #encodeReady(length: number, since: number): string {
    let text = "";
    if (!hasReadyEvents(this.#events)) return text;
    while (length + text.length < MAX_CHUNK_LENGTH) {
      const event = this.#events[takeReady]();
      if (event === undefined) break;
      text += this.#encode(event);
      if (this.#isEndTold || event.at - since >= MAX_GATHER_MS) break;
    }
    return text;
  }

  /** The next event if it comes within a few microtasks, that is, without waiting for anything; else `null`. */
  async #nextIfReady(): Promise<Pulled | null> {
    this.#ask();
    for (let tick = 0; tick < READY_MICROTASKS; tick += 1) {
      await undefined;
      if (this.#arrived !== null) return this.#arrived();
    }
    return null;
  }

  /** Waits for the next event; `null` when it is time for a heartbeat, and when the client has left. */
  async #waitForNext(): Promise<Pulled | null> {
    const { clock, heartbeatMs } = this.#options;
    // The event may have come, or the client left, while it was looked for.
    if (this.#isOpen && this.#arrived === null) {
      await new Promise<void>((resolve) => {
        const timer = clock.setTimeout(resolve, heartbeatMs);
        this.#stopWaiting = () => {
          clock.clearTimeout(timer);
          resolve();
        };
      });
      this.#stopWaiting = null;
    }
    return this.#arrived === null ? null : this.#arrived();
  }

  /** Asks for the next event, once: however many heartbeats pass, there is one reaction to it. */
  #ask(): Promise<Pulled> {
    if (this.#pending !== null) return this.#pending;
    const arrive = (take: () => Pulled) => {
      this.#arrived = take;
      this.#stopWaiting?.();
    };
    this.#arrived = null;
    this.#pending = this.#events.next();
    this.#pending.then((pulled) => arrive(() => pulled), (error) =>
      arrive(() => {
        throw error;
      }));
    return this.#pending;
  }

  /** The event's message. One that cannot be written ends the stream, with a `run.end` that says why. */
  #encode(event: WorkflowEvent<Any, Any>): string {
    if (event.type === "step.result") this.#steps += 1;
    if (event.type === "run.end") this.#isEndTold = true;
    try {
      return this.#areShared ? this.#encodeShared(event) : this.#encoder.encode(event);
    } catch (error) {
      this.#isEndTold = true;
      this.#encodingError = error;
      return this.#encodeFailure(event, error);
    }
  }

  #encodeShared(event: WorkflowEvent<Any, Any>): string {
    let message = sharedMessages.get(event);
    if (message === undefined) sharedMessages.set(event, message = this.#encoder.encode(event));
    return message;
  }

  #encodeFailure({ seq, runId, at }: WorkflowEvent<Any, Any>, error: unknown): string {
    const end = { type: "run.end", seq, runId, at, status: "failed", steps: this.#steps } as const;
    const bare = new WorkflowError(`Cannot write event ${seq} as JSON`);
    try {
      return this.#encoder.encode({ ...end, error: error instanceof SerializationError ? error : bare });
    } catch {
      // It was the user's `describeError` that threw.
      return encodeEvent({ ...end, error: bare });
    }
  }

  #finish(controller: ReadableStreamDefaultController<Uint8Array>, text: string): void {
    this.#close();
    if (text !== "") controller.enqueue(encoder.encode(text));
    controller.close();
    const error = this.#encodingError;
    const { throw: fail } = this.#events;
    this.#resolveDone(
      settled(() => error === null || fail === undefined ? this.#events.return?.() : fail.call(this.#events, error)),
    );
  }

  /** The client has gone away. */
  #leave(): void {
    if (!this.#isOpen) return;
    this.#close();
    this.#resolveDone(settled(() => this.#options.onDisconnect === "cancel" ? this.#events.return?.() : this.#drain()));
  }

  async #drain(): Promise<void> {
    while (!(await this.#ask()).done) this.#pending = null;
  }

  #close(): void {
    this.#isOpen = false;
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#stopWaiting?.();
  }
}

/** Ends the events, whatever they make of it: what a run fails with is told where the run is awaited. */
async function settled(end: () => Promise<unknown> | undefined): Promise<void> {
  try {
    await end();
  } catch {
    // Told there, see above.
  }
}
