import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/describe_error.ts";
import { GroupFailedError, StepLimitError, UnknownStepError } from "../core/errors.ts";
import type { Executor } from "../core/executor.ts";
import type { Result } from "../core/result.ts";
import { type Outcome, type RunState, stopsGroup } from "../core/state.ts";
import type { Token } from "../core/token.ts";
import { AtWork } from "./at_work.ts";
import { Attempt, type AttemptHost } from "./attempt.ts";
import type { DecisionLine } from "./decision_line.ts";
import type { EventTeller } from "./event_teller.ts";
import type { HandOff } from "./hand_off.ts";
import type { Journal } from "./journal.ts";
import { perform, performAfter } from "./perform.ts";
import type { RunSnapshot } from "./pending_changes.ts";
import { Progress } from "./progress.ts";
import type { RegisteredStep } from "./registered_step.ts";
import type { RunRecorder } from "./run_recorder.ts";
import { type RunContext, SharedContext } from "./run_context.ts";
import type { RunPlace } from "./run_place.ts";
import type { RunPlan, RunSettings } from "./run_settings.ts";
import type { Stage } from "./stage.ts";
import type { StepHost } from "./step_host.ts";
import type { StoredCounts } from "./stored_delta.ts";
import type { RestoredState } from "./stored_state.ts";
import { isThenable } from "./thenable.ts";

/** The run whose steps are performed. */
export interface StepLoopHost {
  /** Goes on. */
  advance(): void;
  /** Nothing is left to do. */
  complete(): void;
  fail(error: unknown): void;
  /** Runs another workflow inside the run, as the action of an attempt. */
  runInside: AttemptHost["runInside"];
}

/** What {@linkcode StepLoop} is made with. */
export interface StepLoopOptions {
  readonly host: StepLoopHost;
  readonly plan: RunPlan;
  readonly settings: RunSettings;
  readonly place: RunPlace;
  /** What keeps the run in its store, `null` if nothing does. */
  readonly journal: Journal | null;
  readonly tell: EventTeller;
}

/** The loop of one run: takes tokens while somebody wants events, performs their steps and tells what happens. */
export class StepLoop implements AttemptHost, StepHost, RunSnapshot {
  readonly runId: string;
  readonly steps: ReadonlyMap<string, RegisteredStep>;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly place: RunPlace;
  readonly runContext: RunContext;
  readonly decisions: DecisionLine;
  readonly #host: StepLoopHost;
  readonly #settings: RunSettings;
  readonly #stage: Stage;
  readonly #handOff: HandOff;
  /** What records the steps for a store, `null` if nothing does. */
  readonly #recorder: RunRecorder | null;
  readonly #tell: EventTeller;
  readonly #progress: Progress;
  readonly #atWork: AtWork;
  /** The run has ended. */
  #isOver = false;
  /** No step is to start any more, though the run has not ended. */
  #isPaused = false;
  /** The attempt whose synchronous part is on the stack. */
  #starting: Attempt | null = null;
  /** The token that is on the stack, as long as nothing has come of it. */
  #inHand: Token | null = null;
  /** How many outcomes are there that are not applied yet. */
  #heldStarts = 0;
  /** A run inside another waits for somebody to want an event. */
  #isIdle = false;
  /** What the run was when it was left for later, with the tokens that were not in its queue; `null` before that. */
  #left: { readonly state: RunState; readonly outside: Token[] } | null = null;

  constructor({ host, plan, settings, place, journal, tell }: StepLoopOptions) {
    const { runId, clock, executor, ownExecutor, context } = settings;
    const { stage } = place;
    this.runId = runId;
    this.steps = plan.steps;
    this.executor = ownExecutor ?? executor;
    this.clock = clock;
    this.#recorder = journal?.recorder ?? null;
    this.runContext = this.#recorder ?? new SharedContext(context);
    this.decisions = stage.decisions;
    this.#host = host;
    this.#settings = settings;
    this.place = place;
    this.#stage = stage;
    this.#handOff = stage.handOff;
    this.#tell = tell;
    this.#progress = new Progress(plan, context, place, journal);
    this.#atWork = new AtWork(place, this.#progress.lanes);
  }

  get state(): RunState {
    return this.#left?.state ?? this.#progress.state;
  }

  get counts(): StoredCounts {
    const { tokens, finishedSteps, inside } = this.#stage;
    return { tokens, steps: finishedSteps - (inside?.total ?? 0) };
  }

  /** Takes in where the run stood. */
  restore(restored: RestoredState): void {
    this.#progress.restore(restored.toState());
    this.#stage.startedSteps = this.#stage.finishedSteps = restored.finished;
  }

  /** Goes on for as long as somebody wants an event and nothing has to be waited for. */
  advance(): void {
    while (this.isWanted && this.#startNext());
    if (this.place.isInside) this.#waitForDemand();
  }

  /** Settles when nothing is at work any more, or the time for that is over; `null` if nobody has to wait for it. */
  settled(): Promise<void> | null {
    const { signal, cleanupTimeoutMs } = this.#settings;
    const { isInside, isGivenUp } = this.place;
    if (isGivenUp || (this.#starting === null && !this.#atWork.isInFlight)) return null;
    return this.#atWork.settled(cleanupTimeoutMs, this.clock, isInside ? signal : null);
  }

  /** What is at work when the run is left is dropped here, not for the store: that may still get all of the state. */
  keepWhatIsLeft(): void {
    const { state } = this.#progress;
    const outside = this.tokensOutside();
    // One that had to wait, for room or for its outcome, is in no place while it is on the stack.
    if (this.#inHand !== null && state.queue.head !== this.#inHand) outside.push(this.#inHand);
    this.#left = { state, outside: outside.filter((token) => this.#progress.isLive(token)) };
  }

  /** The run has ended: nothing starts any more, and nothing comes of what is at work. */
  stop(reason: unknown): void {
    this.#isOver = true;
    if (this.#starting !== null) Attempt.drop(this.#starting, reason);
    this.#atWork.drop(reason);
  }

  /** Starts nothing more. Settles when no action is at work; attempts that wait for their time are not. */
  pause(): Promise<void> {
    this.#isPaused = true;
    return this.#atWork.rest();
  }

  get isAtWork(): boolean {
    return this.#atWork.size > 0;
  }

  tokensOutside(): Token[] {
    return this.#left?.outside ?? [...this.#progress.lanes.held(), ...Array.from(this.#atWork.firsts, Attempt.tokenOf)];
  }

  get isWanted(): boolean {
    const { journal } = this.#stage;
    return this.#handOff.isWanted && (journal === null || !journal.isBehind);
  }

  demand(): Promise<void> {
    const { journal } = this.#stage;
    if (journal !== null && journal.isBehind) return journal.caughtUp();
    return this.place.demand();
  }

  rest(): Promise<void> | null {
    const { turn } = this.#stage;
    return turn.isOver() ? turn.next() : null;
  }

  toTellable(token: Token, result: Result): Result {
    const { journal } = this.#stage;
    return journal === null ? result : journal.toTellable(token, result, this.runContext.contextOf(token));
  }

  runInside(attempt: Attempt, plan: RunPlan, settings: Pick<RunSettings, "context" | "executor">): Promise<void> {
    return this.#host.runInside(attempt, plan, settings);
  }

  tellLog(attempt: Attempt, name: string, data: unknown): void {
    this.#stage.logger?.event(attempt, name, data);
    // A logger is the user's code too: it may have ended the run.
    if (!this.#isOver && !this.#tell.stepLog(attempt, name, data)) Attempt.dropLog(attempt);
  }

  tellLoggerFailed(attempt: Attempt, error: unknown): boolean {
    if (this.#isOver) return false;
    // It may be anything that was thrown.
    const told = this.#stage.journal === null ? error : describeError(error);
    return this.#tell.stepLog(attempt, "logger.failed", { error: told });
  }

  tellChunk(attempt: Attempt, value: unknown): void {
    this.#tell.stepChunk(attempt, value);
  }

  get canBeginAgain(): boolean {
    return this.isWanted && !this.#isPaused;
  }

  tellRetry(failed: Attempt, error: unknown, delayMs: number): void {
    const { attempt } = failed;
    const at = this.#stage.clock.now();
    // A clock is the user's code too: it may have ended the run.
    if (this.#isOver) return;
    this.place.settle(failed.token);
    this.#recorder?.recordRetry(Attempt.tokenOf(failed), { attempt, dueAt: at + delayMs });
    this.#tell.stepRetry(failed, at, error, delayMs);
    this.#atWork.setWaiting(failed.token, true);
  }

  beginAgain(attempt: Attempt): void {
    this.#atWork.setWaiting(attempt.token, false);
    this.place.touch();
    this.#tell.stepStart(attempt, Attempt.tokenOf(attempt));
  }

  holdStarts(): void {
    this.#heldStarts += 1;
  }

  applyLater(first: Attempt, outcome: Outcome | null): void {
    this.#atWork.settle(first);
    this.#atWork.remove(first);
    const token = Attempt.tokenOf(first);
    this.#inHand = outcome === null ? null : token;
    try {
      if (outcome !== null) this.#applyHeld(Attempt.last(first), outcome);
    } catch (error) {
      this.#host.fail(error);
    } finally {
      this.#inHand = null;
    }
    this.decisions.leave(token);
    this.#host.advance();
    // What had no room outside or beside it may have some now.
    this.#stage.advanceIdle();
  }

  failLater(first: Attempt, error: unknown): void {
    this.#atWork.settle(first);
    // That lets go of all that is at work, this one as well.
    this.#host.fail(error);
  }

  /** A run inside another hears only so that somebody wants an event. */
  #waitForDemand(): void {
    if (this.#isIdle || this.isWanted || this.#isOver) return;
    this.#isIdle = true;
    this.demand().then(() => {
      this.#isIdle = false;
      this.#host.advance();
    });
  }

  /** Performs the next token's step, as far as it needs no waiting; `false` if none can start now. */
  #startNext(): boolean {
    const { maxSteps, concurrency } = this.#settings;
    // What is done and not in the store yet would be repeated after a crash, like what is at work.
    const busy = this.#stage.busy + (this.#recorder?.uncommitted ?? 0);
    if (this.#isOver || this.#heldStarts > 0 || (busy >= concurrency && !this.#atWork.hasOwnRoom)) {
      return false;
    }
    // What is at work is within the limit, so the end waits for it.
    if (this.#stage.startedSteps >= maxSteps && this.#atWork.size > 0) return false;
    if (this.#progress.queueLength === 0) {
      if (this.#atWork.size === 0) this.#host.complete();
      return false;
    }
    // Before the next token is asked for: that takes it from those that wait for room.
    if (this.#isPaused || this.#stage.turn.isOver()) return false;
    const token = this.#progress.next();
    if (token === undefined || !this.#progress.isStored(token)) return false;
    const registered = this.steps.get(token.step);
    if (registered === undefined) this.#host.fail(new UnknownStepError(token.step, this.steps.keys()));
    else if (this.#stage.startedSteps < maxSteps) this.#start(registered, token);
    else this.#host.fail(new StepLimitError(maxSteps, token.step));
    return true;
  }

  #start(registered: RegisteredStep, token: Token): void {
    const retry = this.#recorder?.retryOf(token);
    const attempt = new Attempt(this, token, retry === undefined ? 1 : retry.attempt + 1);
    if (retry !== undefined) this.#atWork.setWaiting(token.id, true);
    this.#stage.startedSteps += 1;
    this.place.touch();
    this.#starting = attempt;
    this.#inHand = token;
    try {
      if (retry === undefined) this.#tell.stepStart(attempt, token);
      const performed = retry === undefined
        ? perform(registered, attempt, this)
        : performAfter(retry.dueAt - this.clock.now(), registered, attempt, this);
      if (isThenable(performed)) {
        this.#progress.take(token);
        this.#atWork.add(attempt);
      } else if (performed !== null) this.#applyHeld(attempt, performed);
    } catch (error) {
      this.#host.fail(error);
    } finally {
      this.#starting = null;
      this.#inHand = null;
    }
  }

  #applyHeld(last: Attempt, outcome: Outcome): void {
    this.#heldStarts -= 1;
    if (!Attempt.isDropped(last)) this.#commit(last, outcome);
  }

  #commit(attempt: Attempt, outcome: Outcome): void {
    if (this.#isOver) return;
    this.#stage.logger?.log(attempt, outcome);
    // Before it counts: a logger and a clock are the user's code too, and may have ended the run.
    const at = this.#tell.now();
    if (this.#isOver) return;
    this.place.settle(outcome.token.id);
    const stored = this.#record(outcome);
    if (stored === null) return;
    const before = this.#progress.follow(stored);
    const { state } = this.#progress;
    this.#inHand = null;
    this.place.follow(outcome, before, state);
    this.#stage.finishedSteps += 1;
    this.#recorder?.count(this.counts);
    const isStopped = outcome.token.member !== null && stopsGroup(before, outcome);
    if (isStopped) this.#progress.dropHeld();
    const { queueLength } = this.#progress;
    if (this.#settings.captureTrace) {
      const traced = this.#stage.journal?.toTraceable(stored, this.place.isInside) ?? stored;
      this.#stage.trace.record(traced, queueLength, this.place.path);
    }
    this.#tell.stepResult(attempt, at, outcome, before, state, queueLength);
    if (isStopped) this.#dropDead(outcome.result.error);
  }

  /** The outcome as the store will give it back; `null` if the run has ended, such as when it cannot be stored. */
  #record(outcome: Outcome): Outcome | null {
    try {
      return this.runContext.record(outcome);
    } catch (error) {
      this.#host.fail(error);
      return null;
    }
  }

  /** A group has stopped: what of it is at work fails. */
  #dropDead(cause: unknown): void {
    for (const first of this.#atWork.firsts) {
      const token = Attempt.tokenOf(first);
      // Whoever hears of being aborted may end the run.
      if (this.#isOver || this.#progress.isLive(token)) continue;
      const attempt = Attempt.last(first);
      const result = { ok: false, value: null, error: new GroupFailedError(cause) } as const;
      this.#atWork.remove(first);
      Attempt.drop(attempt, result.error);
      const registered = this.steps.get(token.step);
      this.runContext.forgetChanges(token);
      if (registered !== undefined) this.runContext.contextOf(token)[registered.resultKey] = null;
      this.#commit(attempt, { token, attempts: attempt.attempt, result, routed: [] });
    }
  }
}
