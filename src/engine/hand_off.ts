import { StreamUsedError } from "../core/errors.ts";
import type { WorkflowEvent } from "../core/events.ts";
import { Ring } from "./ring.ts";

interface Waiter {
  readonly resolve: (result: IteratorResult<WorkflowEvent, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** What makes events while it is on the stack, for as long as they are wanted. */
interface Producer {
  advance(): void;
}

/** So long it takes whoever is woken to make an event, if that needs no waiting; else the next one may make one. */
const MICROTASKS_A_TURN = 4;

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Where the run hands its events to the reader: what is told ahead of the reader waits in a buffer, and a reader who is
 * ahead of the run waits in a queue of its own. One of the two is always empty.
 */
export class HandOff {
  /** Called whenever nobody waits any more. */
  onServed: (() => void) | null = null;
  readonly #runId: string;
  readonly #ready = new Ring<WorkflowEvent>();
  readonly #waiters = new Ring<Waiter>();
  /** Those who wait for somebody to want an event, in the order in which they came. */
  readonly #producers = new Ring<() => void>();
  #isWaking = false;
  /** A `next()` is on the stack and has found nothing ready. */
  #isAsked = false;
  /** The producer is on the stack of a `next()`. */
  #isProducing = false;
  #isDrained = false;
  #isClosed = false;
  #lastSeq = 0;
  /** What the next reader is rejected with, once. */
  #failure: { readonly error: unknown } | null = null;

  constructor(runId: string) {
    this.#runId = runId;
  }

  /** How many events wait for the reader. */
  get size(): number {
    return this.#ready.size;
  }

  /** True while an event would go straight to somebody. */
  get isWanted(): boolean {
    return this.#isAsked || this.#isDrained || this.#waiters.size > 0;
  }

  /** True while a reader waits for an event. */
  get hasWaiter(): boolean {
    return this.#waiters.size > 0;
  }

  /** True once nobody will read: events need not even be made. */
  get isDrained(): boolean {
    return this.#isDrained;
  }

  /** The number of the next event. */
  nextSeq(): number {
    return this.#lastSeq += 1;
  }

  push(event: WorkflowEvent): void {
    if (this.#isDrained || this.#isClosed) return;
    this.#isAsked = false;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#ready.push(event);
    else waiter.resolve({ done: false, value: event });
    if (waiter !== undefined && this.#waiters.size === 0) this.onServed?.();
  }

  /** Answers the next event; if there is none, the producer may make one before the reader has to wait. */
  next(producer: Producer): Promise<IteratorResult<WorkflowEvent, undefined>> {
    const event = this.take(producer);
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#isDrained) {
      return Promise.reject(new StreamUsedError(this.#runId, "its result was asked for before they were read"));
    }
    return this.#isClosed ? this.#afterClose() : this.#wait();
  }

  /** Takes the next event if it is ready, or the producer makes it at once. */
  take(producer: Producer): WorkflowEvent | undefined {
    // An action that asks for events itself comes after whoever asked for the action's.
    if (this.#isProducing) return undefined;
    if (this.#ready.size === 0 && !this.#isClosed && !this.#isDrained) {
      this.#isAsked = true;
      if (this.#waiters.size === 0) {
        this.#isProducing = true;
        try {
          producer.advance();
        } finally {
          this.#isProducing = false;
        }
      }
      // Whoever still waits now is a waiter.
      this.#isAsked = false;
    }
    return this.#ready.shift();
  }

  /** Settles when somebody asks for an event, and when nobody ever will again. */
  demand(): Promise<void> {
    return new Promise((resolve) => this.#producers.push(resolve));
  }

  /** From now on events are neither kept nor made. */
  drain(): void {
    this.#isDrained = true;
    this.#ready.clear();
    this.#wakeAll();
  }

  /** No event comes after those that are ready; then the reader meets the failure, if there is one, and the end. */
  close(failure: { readonly error: unknown } | null): void {
    this.#isClosed = true;
    this.#failure = failure;
    this.#wakeAll();
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      const failed = this.#takeFailure();
      if (failed === null) waiter.resolve(DONE);
      else waiter.reject(failed.error);
    }
  }

  /** The reader has left: what is ready is dropped, and everyone who waits is told the end. */
  leave(): void {
    this.#ready.clear();
    this.close(null);
  }

  /** On its own, so that `next` keeps nothing for a closure. */
  #wait(): Promise<IteratorResult<WorkflowEvent, undefined>> {
    const waiting = new Promise<IteratorResult<WorkflowEvent, undefined>>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
    this.#wake();
    return waiting;
  }

  #afterClose(): Promise<IteratorResult<WorkflowEvent, undefined>> {
    const failed = this.#takeFailure();
    return failed === null ? Promise.resolve(DONE) : Promise.reject(failed.error);
  }

  #takeFailure(): { readonly error: unknown } | null {
    const failure = this.#failure;
    this.#failure = null;
    return failure;
  }

  #wake(): void {
    if (this.#isWaking) return;
    if (this.#producers.size === 1) this.#producers.shift()?.();
    // It never rejects.
    else if (this.#producers.size > 1) void this.#wakeInTurn();
  }

  /** One after the other while an event is wanted, so that each gets its turn: who has made one waits as the last. */
  async #wakeInTurn(): Promise<void> {
    this.#isWaking = true;
    while (this.isWanted && this.#producers.size > 0) {
      this.#producers.shift()?.();
      for (let tick = 0; tick < MICROTASKS_A_TURN; tick += 1) await undefined;
    }
    this.#isWaking = false;
  }

  #wakeAll(): void {
    for (let wake = this.#producers.shift(); wake !== undefined; wake = this.#producers.shift()) wake();
  }
}
