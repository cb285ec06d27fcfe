import { StreamUsedError } from "../core/errors.ts";
import type { WorkflowEvent } from "../core/events.ts";
import { type ReadyEvents, takeReady } from "../core/ready_events.ts";
import type { LiveRunStream, RunOutcome, RunStream } from "./run_stream.ts";
import type { StoredParts } from "./stored_parts.ts";

/** What stored runs are made with, once it has been loaded. */
let loaded: StoredParts | null = null;

/** A stored run whose parts are loaded, or that loads them with the first thing that is asked of it. */
export function openStored(runId: string, open: (parts: StoredParts) => LiveRunStream): DrainableRunStream {
  return loaded === null ? new LoadingRunStream(runId, open) : open(loaded);
}

/** A run that can also go on without a reader. */
export interface DrainableRunStream extends RunStream {
  drain(): Promise<RunOutcome>;
}

/** Stands for a run while its parts are on their way. What is asked of it is asked of the run, in the same order. */
class LoadingRunStream implements DrainableRunStream, ReadyEvents {
  readonly runId: string;
  readonly #open: (parts: StoredParts) => LiveRunStream;
  #stream: LiveRunStream | null = null;
  #loading: Promise<LiveRunStream> | null = null;
  #result: Promise<RunOutcome> | null = null;
  /** What comes before all else once the run is there: nothing else may end it that happens meanwhile. */
  #cancelFirst: ((stream: LiveRunStream) => Promise<void>) | null = null;
  #cancelled: Promise<void> | null = null;
  #isIterated = false;

  constructor(runId: string, open: (parts: StoredParts) => LiveRunStream) {
    this.runId = runId;
    this.#open = open;
  }

  get result(): Promise<RunOutcome> {
    this.#result ??= this.#ask((stream) => stream.result);
    // Whoever does not look at the result meets the error in the stream, or is the one who cancelled.
    this.#result.catch(() => {});
    return this.#result;
  }

  drain(): Promise<RunOutcome> {
    return this.#ask((stream) => stream.drain());
  }

  next(): Promise<IteratorResult<WorkflowEvent, undefined>> {
    return this.#stream === null ? this.#ask((stream) => stream.next()) : this.#stream.next();
  }

  [takeReady](): WorkflowEvent | undefined {
    return this.#stream?.[takeReady]();
  }

  return(value?: unknown): Promise<IteratorReturnResult<unknown>> {
    return this.#ask((stream) => stream.return(value));
  }

  throw(error?: unknown): Promise<never> {
    return this.#ask((stream) => stream.throw(error));
  }

  cancel(reason?: unknown): Promise<void> {
    this.#cancelFirst ??= (stream) => stream.cancel(reason);
    return this.#ask((stream) => this.#cancelled ?? stream.cancel(reason));
  }

  [Symbol.asyncIterator](): this {
    if (this.#isIterated) throw new StreamUsedError(this.runId, "a stream can be iterated over only once");
    this.#isIterated = true;
    // A loop reads until it leaves, however slow it is.
    if (this.#stream !== null) this.#stream[Symbol.asyncIterator]();
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #ask<Answer>(ask: (stream: LiveRunStream) => Promise<Answer>): Promise<Answer> {
    // Whoever asks while others wait comes after them: it is known here only when the first of them is through.
    if (this.#stream === null) this.#stream = await (this.#loading ??= this.#load());
    return await ask(this.#stream);
  }

  async #load(): Promise<LiveRunStream> {
    loaded ??= (await import("./stored_parts.ts")).storedParts;
    const stream = this.#open(loaded);
    if (this.#isIterated) stream[Symbol.asyncIterator]();
    this.#cancelled = this.#cancelFirst?.(stream) ?? null;
    return stream;
  }
}
