import type { Any, WorkflowEvent } from "@stepstream/workflow";

type Pulled = IteratorResult<WorkflowEvent<Any, Any>>;

/** A call of the iterator's, with what it was given. */
export type ChannelCall = readonly ["next"] | readonly ["return"] | readonly ["throw", error: unknown];

/** Events that come when the test says so, and a note of every call they got. */
export class EventChannel implements AsyncIterableIterator<WorkflowEvent<Any, Any>> {
  readonly calls: ChannelCall[] = [];
  readonly #ready: Promise<Pulled>[] = [];
  readonly #waiting: PromiseWithResolvers<Pulled>[] = [];
  #isLeft = false;

  constructor(...events: readonly WorkflowEvent<Any, Any>[]) {
    for (const event of events) this.push(event);
  }

  /** How many events were asked for. */
  get asked(): number {
    return this.calls.filter(([name]) => name === "next").length;
  }

  /** The calls that end the events. */
  get endings(): ChannelCall[] {
    return this.calls.filter(([name]) => name !== "next");
  }

  push(event: WorkflowEvent<Any, Any>): void {
    this.#settle(Promise.resolve({ done: false, value: event }));
  }

  end(): void {
    this.#settle(Promise.resolve({ done: true, value: undefined }));
  }

  fail(error: unknown): void {
    const failed = Promise.reject(error);
    // It is met when it is asked for.
    failed.catch(() => {});
    this.#settle(failed);
  }

  next(): Promise<Pulled> {
    this.calls.push(["next"]);
    if (this.#isLeft) return Promise.resolve({ done: true, value: undefined });
    const ready = this.#ready.shift();
    if (ready !== undefined) return ready;
    const waiting = Promise.withResolvers<Pulled>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  return(): Promise<Pulled> {
    this.calls.push(["return"]);
    return this.#leave();
  }

  throw(error: unknown): Promise<Pulled> {
    this.calls.push(["throw", error]);
    return this.#leave();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #leave(): Promise<Pulled> {
    this.#isLeft = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
    return Promise.resolve({ done: true, value: undefined });
  }

  #settle(pulled: Promise<Pulled>): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#ready.push(pulled);
    else waiting.resolve(pulled);
  }
}
