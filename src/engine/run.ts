import { RunCancelledError, StepLimitError, UnknownStepError } from "../core/errors.ts";
import type { RunStatus } from "../core/events.ts";
import { apply, initialState, type Outcome, type RunState } from "../core/state.ts";
import type { Token } from "../core/token.ts";
import { Attempt, type AttemptHost } from "./attempt.ts";
import { EventTeller } from "./event_teller.ts";
import { GuardedLogger } from "./guarded_logger.ts";
import { HandOff } from "./hand_off.ts";
import { perform } from "./perform.ts";
import type { RegisteredStep } from "./registered_step.ts";
import type { RunPlan, RunSettings } from "./run_settings.ts";
import { settledWithin } from "./settled_within.ts";
import { isThenable } from "./thenable.ts";
import { TraceRecorder } from "./trace_recorder.ts";
import { TurnClock } from "./turn_clock.ts";

/** How a run came to its end. */
export interface RunEnding {
  readonly status: RunStatus;
  /** Why it failed or was cancelled, `null` if it completed. */
  readonly error: unknown;
  /** Settles when nothing of the run is at work any more, or the time for that is over; `null` if nothing was. */
  readonly cleanup: Promise<void> | null;
}

/** The loop of one run: takes tokens while somebody wants events, performs their steps and tells what happens. */
export class Run implements AttemptHost {
  readonly runId: string;
  readonly handOff: HandOff;
  readonly trace = new TraceRecorder();
  readonly #plan: RunPlan;
  readonly #steps: ReadonlyMap<string, RegisteredStep>;
  readonly #settings: RunSettings;
  readonly #logger: GuardedLogger | null;
  readonly #tell: EventTeller;
  /** What is at work and waits for something; each settles when its step has. */
  readonly #inFlight = new Set<Promise<void>>();
  readonly #onEnd: (ending: RunEnding) => void;
  #state: RunState;
  /** The attempts whose signal somebody has asked for. */
  readonly #watched = new Set<Attempt>();
  #ending: RunEnding | null = null;
  #hasBegun = false;
  /** The synchronous part of a step is on the stack. */
  #isStarting = false;
  #isAdvancing = false;

  constructor(
    plan: RunPlan,
    steps: ReadonlyMap<string, RegisteredStep>,
    settings: RunSettings,
    onEnd: (ending: RunEnding) => void,
  ) {
    const { runId, clock, maxBufferedEvents, loggers } = settings;
    this.runId = runId;
    this.handOff = new HandOff(runId);
    this.#plan = plan;
    this.#steps = steps;
    this.#settings = settings;
    this.#logger = loggers.length === 0 ? null : new GuardedLogger(loggers, this.#tellLoggerFailed);
    this.#tell = new EventTeller({
      runId,
      clock: new TurnClock(clock),
      maxBufferedEvents,
      handOff: this.handOff,
    });
    this.#onEnd = onEnd;
    this.#state = initialState(plan.start, plan.payload, settings.context);
  }

  get isWanted(): boolean {
    return this.handOff.isWanted;
  }

  get endReason(): RunEnding | null {
    return this.#ending;
  }

  demand(): Promise<void> {
    return this.handOff.demand();
  }

  watch(attempt: Attempt): void {
    this.#watched.add(attempt);
  }

  unwatch(attempt: Attempt): void {
    this.#watched.delete(attempt);
  }

  /** Goes on for as long as somebody wants an event and nothing has to be waited for. */
  advance(): void {
    if (this.#isAdvancing || this.#ending !== null) return;
    this.#isAdvancing = true;
    try {
      if (!this.#hasBegun) this.#begin();
      while (this.handOff.isWanted && this.#startNext());
    } finally {
      this.#isAdvancing = false;
    }
  }

  /** Ends the run at once, unless it has ended. */
  cancel(reason?: unknown): RunEnding {
    if (!this.#hasBegun) this.#begin();
    return this.#end("cancelled", reason === undefined ? new RunCancelledError(this.runId) : reason);
  }

  tellLog(attempt: Attempt, name: string, data: unknown): void {
    this.#logger?.event(attempt, name, data);
    // A logger is the user's code too: it may have ended the run.
    if (this.#ending === null && !this.#tell.stepLog(attempt, name, data)) Attempt.dropLog(attempt);
  }

  tellChunk(attempt: Attempt, value: unknown): void {
    this.#tell.stepChunk(attempt, value);
  }

  #begin(): void {
    this.#hasBegun = true;
    this.#tell.runStart(this.#plan);
    const { signal } = this.#settings;
    if (signal === null) return;
    if (signal.aborted) this.#cancelBySignal();
    else signal.addEventListener("abort", this.#cancelBySignal);
  }

  readonly #cancelBySignal = (): void => {
    this.cancel(this.#settings.signal?.reason);
  };

  readonly #tellLoggerFailed = (attempt: Attempt, error: unknown): boolean =>
    this.#ending === null && this.#tell.stepLog(attempt, "logger.failed", { error });

  /** Performs the next token's step, as far as it needs no waiting; `false` if none can start now. */
  #startNext(): boolean {
    if (this.#ending !== null || this.#inFlight.size > 0) return false;
    const token = this.#state.queue.head;
    if (token === undefined) {
      this.#end("completed", null);
      return false;
    }
    const registered = this.#steps.get(token.step);
    const { maxSteps } = this.#settings;
    if (registered === undefined) this.#end("failed", new UnknownStepError(token.step, this.#steps.keys()));
    else if (this.#state.counters.steps >= maxSteps) this.#end("failed", new StepLimitError(maxSteps, token.step));
    else this.#start(registered, token);
    return true;
  }

  #start(registered: RegisteredStep, token: Token): void {
    const attempt = new Attempt(this, token, 1);
    this.#tell.stepStart(attempt, token);
    this.#isStarting = true;
    try {
      const executor = registered.step.executor ?? this.#settings.executor;
      const performed = perform(registered, token, this.#settings.context, executor, attempt);
      if (isThenable(performed)) this.#wait(attempt, performed);
      else if (performed !== null) this.#commit(attempt, performed);
    } catch (error) {
      this.#end("failed", error);
    } finally {
      this.#isStarting = false;
    }
  }

  #wait(attempt: Attempt, performed: Promise<Outcome | null>): void {
    const settled = performed.then((outcome) => {
      this.#inFlight.delete(settled);
      if (outcome === null) return;
      this.#commit(attempt, outcome);
      if (this.handOff.isWanted) this.advance();
    }, (error) => {
      this.#inFlight.delete(settled);
      this.#end("failed", error);
    });
    this.#inFlight.add(settled);
  }

  #commit(attempt: Attempt, outcome: Outcome): void {
    const firstId = this.#state.counters.tokens + 1;
    const next = apply(this.#state, outcome);
    this.#logger?.log(attempt, outcome);
    // A logger is the user's code too: it may have ended the run.
    if (this.#ending !== null) return;
    this.#state = next;
    const queueLength = next.queue.size;
    if (this.#settings.captureTrace) this.trace.record(outcome, queueLength);
    this.#tell.stepResult(attempt, outcome, firstId, queueLength);
  }

  /** Ends the run, unless it has ended: what is at work is aborted, and nothing is told after `run.end`. */
  #end(status: RunStatus, error: unknown): RunEnding {
    if (this.#ending !== null) return this.#ending;
    const { signal, cleanupTimeoutMs, clock } = this.#settings;
    signal?.removeEventListener("abort", this.#cancelBySignal);
    const isAtWork = this.#isStarting || this.#inFlight.size > 0;
    const cleanup = isAtWork ? settledWithin(this.#inFlight, cleanupTimeoutMs, clock) : null;
    const ending = { status, error, cleanup };
    // Set before anything is aborted: an abort listener may call back into the run.
    this.#ending = ending;
    for (const attempt of this.#watched) Attempt.abort(attempt, error);
    this.#watched.clear();
    this.#tell.runEnd(status, error, this.#state.counters.steps);
    this.handOff.close(status === "failed" ? { error } : null);
    this.#onEnd(ending);
    return ending;
  }
}
