import type { WorkflowEvent } from "../../core/events.ts";
import type { Any } from "../../core/inference.ts";
import { type ReadyEvents, takeReady } from "../../core/ready_events.ts";
import { EventLines } from "./event_lines.ts";

type Read = IteratorResult<WorkflowEvent<Any, Any>, undefined>;

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** The events that an object streams, read when they are asked for. Leaving ends the stream at once. */
export class ObjectEvents implements AsyncIterableIterator<WorkflowEvent<Any, Any>>, ReadyEvents {
  readonly #open: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  readonly #lines = new EventLines();
  /** Events that have come, the next one last. */
  #ready: WorkflowEvent<Any, Any>[] = [];
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #controller: AbortController | null = null;
  /** Those who ask, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #asking = 0;
  #isOver = false;
  /** Settles when the reader leaves. */
  readonly #left: Promise<typeof DONE>;
  #leave: () => void = () => {};

  /** @param open Asks for the stream; rejects if there is none, with what the first `next()` rejects with */
  constructor(open: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>) {
    this.#open = open;
    this.#left = new Promise((resolve) => this.#leave = () => resolve(DONE));
  }

  async next(): Promise<Read> {
    this.#asking += 1;
    const read = this.#turn.then(() => Promise.race([this.#left, this.#next()]));
    this.#turn = read.catch(() => {});
    try {
      return await read;
    } catch (error) {
      this.#close();
      throw error;
    } finally {
      this.#asking -= 1;
    }
  }

  [takeReady](): WorkflowEvent<Any, Any> | undefined {
    const event = this.#isOver || this.#asking > 0 ? undefined : this.#ready.pop();
    if (event?.type === "run.end") this.#close();
    return event;
  }

  // Async, as that of every iterator is.
  // deno-lint-ignore require-await
  async return(value?: unknown): Promise<IteratorReturnResult<undefined>> {
    this.#close();
    this.#leave();
    // A reader's own value goes back to the reader; the type is what a loop sees.
    return { done: true, value: value as undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<Read> {
    while (!this.#isOver) {
      const event = this.#ready.pop();
      if (event !== undefined) {
        if (event.type === "run.end") this.#close();
        return { done: false, value: event };
      }
      const { value, done } = await (await this.#opened()).read();
      // The object has gone: whoever reads may ask again for what comes after the last event.
      if (done) this.#close();
      else if (!this.#isOver) this.#ready = this.#lines.read(value).reverse();
    }
    return DONE;
  }

  async #opened(): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    this.#controller ??= new AbortController();
    this.#reader ??= (await this.#open(this.#controller.signal)).getReader();
    // The answer was on its way already when the reader left.
    if (this.#isOver) this.#cancel();
    return this.#reader;
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ready = [];
    // Both: of a stream that has not come yet only the request can be given up.
    this.#controller?.abort();
    this.#cancel();
  }

  #cancel(): void {
    this.#reader?.cancel().catch(() => {
      // It has failed already, and there is nothing to cancel.
    });
  }
}
