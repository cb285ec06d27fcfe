import type { WorkflowEvent } from "@stepstream/workflow";

/** The steps of a chain: what each does, and whether another follows. */
export interface Chain {
  readonly runId: string;
  readonly step: string;
  readonly action: (payload: number) => number;
  readonly hasNext: (value: number) => boolean;
}

type Told = WorkflowEvent<Record<string, number>>;

/**
 * The events of a chain as the engine tells them, made by hand for just that chain: no queue, no groups, no context, no
 * trace, no cancelling, no failures. It tells what two events a step and one reading of the clock cost at least, where
 * an engine cannot get to.
 */
export class EventsByHand implements AsyncIterableIterator<Told, undefined> {
  readonly #chain: Chain;
  #payload: number | null = 0;
  #seq = 0;
  #token = 0;
  #at = Date.now();
  /** Told next, `null` for what comes of the next step. */
  #ready: Told | null;
  #isOver = false;

  constructor(chain: Chain) {
    this.#chain = chain;
    const { runId, step } = chain;
    const start = { workflow: "workflow", version: "1", start: step, payload: 0 };
    this.#ready = { type: "run.start", seq: this.#seq += 1, runId, at: this.#at, ...start };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Told, undefined>> {
    const ready = this.#ready;
    if (ready === null) return this.#perform();
    this.#ready = null;
    return Promise.resolve({ done: false, value: ready });
  }

  #perform(): Promise<IteratorResult<Told, undefined>> {
    const payload = this.#payload;
    if (payload === null) return this.#end();
    const { runId, step, action, hasNext } = this.#chain;
    const token = this.#token += 1;
    const parent = token === 1 ? null : token - 1;
    const startedAt = this.#at;
    const seq = this.#seq += 2;
    const start: Told = {
      type: "step.start",
      seq: seq - 1,
      runId,
      at: startedAt,
      token,
      parent,
      step,
      attempt: 1,
      payload,
    };
    const value = action(payload);
    const isLast = !hasNext(value);
    this.#payload = isLast ? null : value;
    this.#at = Date.now();
    this.#ready = {
      type: "step.result",
      seq,
      runId,
      at: this.#at,
      token,
      step,
      attempt: 1,
      payload,
      result: { ok: true, value, error: null },
      routed: isLast ? [] : [{ token: token + 1, step, where: "tail" }],
      queueLength: isLast ? 0 : 1,
      durationMs: this.#at - startedAt,
      droppedLogs: 0,
    };
    return Promise.resolve({ done: false, value: start });
  }

  #end(): Promise<IteratorResult<Told, undefined>> {
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    this.#isOver = true;
    const { runId } = this.#chain;
    const end = { status: "completed", error: null, steps: this.#token } as const;
    return Promise.resolve({
      done: false,
      value: { type: "run.end", seq: this.#seq += 1, runId, at: this.#at, ...end },
    });
  }
}
