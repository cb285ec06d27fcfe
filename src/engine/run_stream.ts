import { StreamUsedError } from "../core/errors.ts";
import type { WorkflowEvent } from "../core/events.ts";
import type { Any, ContextWithResults, NoReturns } from "../core/inference.ts";
import { onLaterTurn } from "../core/later_turn.ts";
import { type ReadyEvents, takeReady } from "../core/ready_events.ts";
import type { TraceEntry } from "../core/trace.ts";
import { Run } from "./run.ts";
import type { RunEnding } from "./run_ending.ts";
import type { RunPast } from "./run_past.ts";
import type { RunPlan, RunSettings } from "./run_settings.ts";
import type { StoredParts } from "./stored_parts.ts";

/** What a completed run leaves behind. */
export interface RunOutcome<Context = Any> {
  /** The run's id, as in its events. */
  readonly runId: string;
  /** The run's own context, with the last value of every step as `result.<step>`. */
  readonly context: Context;
  /** One entry per step, in the order in which they finished; empty with `captureTrace: false`. */
  readonly trace: readonly TraceEntry[];
}

/**
 * A live run: iterate over it to see its events. Nothing runs before the first `next()`, and while nobody asks for
 * more, the run stands still at the next step boundary. It can be iterated over once. If the run fails, `next()`
 * rejects after `run.end`; if it is cancelled, the iteration just ends.
 */
export interface RunStream<Payloads = Any, Context = Any, Returns = NoReturns>
  extends AsyncIterableIterator<WorkflowEvent<Payloads, Returns>>, AsyncDisposable {
  /** The id of the run, as in its events. */
  readonly runId: string;
  /**
   * The outcome of the run. It rejects with the error of a run that failed, and with the reason if it was cancelled. If
   * you ask for it and nobody reads the events, the run drains itself, from a later turn of the event loop on; a
   * `next()` after that rejects with `StreamUsedError`. A loop counts as a reader until it is left, however slow it is:
   * awaiting the result inside its body waits for ever.
   */
  readonly result: Promise<RunOutcome<ContextWithResults<Payloads, Context, Returns>>>;
  /**
   * Ends the run now, as `cancelled`: aborts `scope.signal`, starts nothing more and drops whatever actions still do.
   * `run.end` comes next in the stream. Settles when the actions in progress have stopped, or after `cleanupTimeoutMs`,
   * so an action that awaits it waits for itself. With a store it also waits until the end is stored. Default reason: a
   * `RunCancelledError`.
   */
  cancel(reason?: unknown): Promise<void>;
  /**
   * Ends the run like `cancel`, for a reader who leaves: `break` calls it. Every pending `next()` is done. A run in a
   * store is not cancelled but left for later, so that `resume` can continue it.
   */
  return(value?: Any): Promise<IteratorReturnResult<Any>>;
  /** Ends the run like `return`, with this reason, and rejects with it. */
  throw(error?: unknown): Promise<never>;
}

/**
 * The iterator is written by hand: a generator's `return()` waits for the pending `await`, which is too late to cancel.
 */
export class LiveRunStream implements RunStream, ReadyEvents {
  readonly runId: string;
  readonly #run: Run;
  /** What was before the run was resumed, `null` for one without a store. */
  readonly #past: RunPast | null;
  #isIterated = false;
  #isResultAsked = false;
  /** Takes back the plan to run without a reader. */
  #stopDrain: (() => void) | null = null;
  #ending: RunEnding | null = null;
  #result: Promise<RunOutcome> | null = null;
  #settleResult: ((ending: RunEnding) => void) | null = null;

  constructor(plan: RunPlan, settings: RunSettings, parts: StoredParts | null) {
    this.runId = settings.runId;
    this.#run = new Run(plan, settings, this.#onEnd, parts);
    this.#past = parts?.openPast(settings, this.#run.beginning, {
      nextLive: () => this.#nextLive(),
      endUnread: () => this.#endUnread(),
    }) ?? null;
  }

  get result(): Promise<RunOutcome> {
    this.#isResultAsked = true;
    // One who asks for events by hand may stop at any of them, and would wait for the result in vain.
    this.#run.handOff.onServed = () => this.#drainUnlessRead();
    this.#drainUnlessRead();
    return this.#promiseResult();
  }

  /** Settles when the run is in its store; rejects with what has kept it from that. */
  async stored(): Promise<void> {
    this.#run.advance();
    const { beginning } = this.#run;
    await beginning.open();
    const ending = this.#ending;
    if (ending !== null && !beginning.opening?.isInStore) throw ending.error;
  }

  /** Holds the run in its store for another lease, if some of this one is over. */
  async renew(): Promise<void> {
    if (this.#run.ending === null) await this.#run.journal?.renew();
  }

  /** The run has been written to, perhaps by somebody else: it ends here if that is so. */
  look(): void {
    this.#run.journal?.look();
  }

  /** Starts nothing more; settles when what is at work is done. */
  pause(): Promise<void> {
    return this.#run.loop.pause();
  }

  /** Ends the work on a run that goes on without a reader; it is left for later, or until it is due, in epoch ms. */
  async leave(reason: string, until: number | null = null): Promise<void> {
    await this.#run.leave(reason, until).cleanup;
  }

  /** Waits no longer for a store that does not answer: the run ends here, and what it had left to write is lost. */
  abandon(): void {
    this.#run.journal?.abandon();
  }

  /** Runs to the end without a reader. */
  drain(): Promise<RunOutcome> {
    this.#keepForReader();
    this.#run.handOff.drain();
    this.#run.advance();
    return this.#promiseResult();
  }

  next(): Promise<IteratorResult<WorkflowEvent, undefined>> {
    return this.#past === null || this.#past.isOver ? this.#nextLive() : this.#past.next();
  }

  #nextLive(): Promise<IteratorResult<WorkflowEvent, undefined>> {
    if (!this.#isResultAsked) return this.#run.handOff.next(this.#run);
    this.#keepForReader();
    const event = this.#run.handOff.next(this.#run);
    this.#drainUnlessRead();
    return event;
  }

  [takeReady](): WorkflowEvent | undefined {
    if (this.#past !== null && !this.#past.isOver) return undefined;
    this.#keepForReader();
    return this.#run.handOff.take(this.#run);
  }

  async return(value?: unknown): Promise<IteratorReturnResult<unknown>> {
    // Abort before waiting: a step that is mid-await has to hear it now.
    this.#leaveReader();
    await this.#run.leave("its reader has left").cleanup;
    // As a generator does, which awaits what it is given.
    return { done: true, value: await value };
  }

  async throw(error?: unknown): Promise<never> {
    this.#leaveReader();
    await (this.#past === null ? this.#run.cancel(error) : this.#run.leave("its reader has failed")).cleanup;
    throw error;
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#run.cancel(reason).cleanup;
  }

  [Symbol.asyncIterator](): this {
    if (this.#isIterated) throw new StreamUsedError(this.runId, "a stream can be iterated over only once");
    this.#isIterated = true;
    this.#keepForReader();
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #leaveReader(): void {
    this.#past?.leave();
    this.#run.handOff.leave();
  }

  async #endUnread(): Promise<void> {
    this.#leaveReader();
    await this.#run.leave("its past could not be read").cleanup;
  }

  readonly #onEnd = (ending: RunEnding): void => {
    this.#ending = ending;
    this.#keepForReader();
    this.#settleResult?.(ending);
  };

  /**
   * Goes on without a reader from a later turn on, unless somebody asks for an event by then. A loop over the stream is
   * a reader until it leaves, however slow.
   */
  #drainUnlessRead(): void {
    const { handOff } = this.#run;
    if (this.#isIterated || this.#ending !== null || handOff.hasWaiter || handOff.isDrained) return;
    this.#stopDrain ??= onLaterTurn(() => this.drain());
  }

  #keepForReader(): void {
    this.#stopDrain?.();
    this.#stopDrain = null;
  }

  #promiseResult(): Promise<RunOutcome> {
    if (this.#result !== null) return this.#result;
    this.#result = new Promise((resolve, reject) => {
      this.#settleResult = async ({ status, error, cleanup }) => {
        // Nothing of a run outlives its result.
        if (cleanup !== null) await cleanup;
        const unread = this.#past?.fault ?? null;
        if (unread !== null) return reject(unread.error);
        if (status !== "completed") return reject(error);
        const { runId } = this;
        const { trace, loop: { runContext: { whole: context } } } = this.#run;
        try {
          const past = await this.#past?.readTrace() ?? [];
          resolve({
            runId,
            context,
            get trace() {
              return past.length === 0 ? trace.entries : [...past, ...trace.entries];
            },
          });
        } catch (error) {
          reject(error);
        }
      };
    });
    // Whoever does not look at the result meets the error in the stream, or is the one who cancelled.
    this.#result.catch(() => {});
    if (this.#ending !== null) this.#settleResult?.(this.#ending);
    return this.#result;
  }
}
