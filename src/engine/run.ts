import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/describe_error.ts";
import {
  GroupFailedError,
  RunCancelledError,
  RunReleasedError,
  StepLimitError,
  UnknownStepError,
} from "../core/errors.ts";
import type { RunEndEvent, RunStatus } from "../core/events.ts";
import type { Executor } from "../core/executor.ts";
import type { Result } from "../core/result.ts";
import { type Outcome, type RunState, stopsGroup } from "../core/state.ts";
import type { Token } from "../core/token.ts";
import { AtWork } from "./at_work.ts";
import { Attempt, type AttemptHost } from "./attempt.ts";
import { Beginning, type BeginningHost } from "./beginning.ts";
import type { DecisionLine } from "./decision_line.ts";
import { EventTeller } from "./event_teller.ts";
import type { HandOff } from "./hand_off.ts";
import { InsideStep } from "./inside_step.ts";
import type { Journal, JournalHost } from "./journal.ts";
import { Later } from "./later.ts";
import { OnItsOwn } from "./on_its_own.ts";
import type { OpeningHost, PlannedEnd, Suspension } from "./opening.ts";
import { perform, performAfter, type StepHost } from "./perform.ts";
import { Progress } from "./progress.ts";
import type { RegisteredStep } from "./registered_step.ts";
import { type RunContext, SharedContext } from "./run_context.ts";
import type { RunEnding } from "./run_ending.ts";
import type { RunPlace } from "./run_place.ts";
import type { RunPlan, RunSettings } from "./run_settings.ts";
import type { Stage } from "./stage.ts";
import type { StoredCounts } from "./stored_delta.ts";
import type { StoredParts } from "./stored_parts.ts";
import type { RestoredState } from "./stored_state.ts";
import type { TraceRecorder } from "./trace_recorder.ts";

/** The loop of one run: takes tokens while somebody wants events, performs their steps and tells what happens. */
export class Run implements AttemptHost, StepHost, JournalHost, OpeningHost, BeginningHost {
  readonly runId: string;
  readonly steps: ReadonlyMap<string, RegisteredStep>;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly handOff: HandOff;
  readonly beginning: Beginning;
  readonly runContext: RunContext;
  readonly decisions: DecisionLine;
  readonly #plan: RunPlan;
  readonly #settings: RunSettings;
  readonly #place: RunPlace;
  readonly #stage: Stage;
  /** What keeps the run in its store, `null` if nothing does. A run inside a step is part of that step. */
  readonly #journal: Journal | null;
  readonly #tell: EventTeller;
  readonly #onEnd: (ending: RunEnding) => void;
  readonly #progress: Progress;
  readonly #atWork: AtWork;
  #ending: RunEnding | null = null;
  /** No step is to start any more, though the run has not ended. */
  #isPaused = false;
  /** The attempt whose synchronous part is on the stack. */
  #starting: Attempt | null = null;
  #isAdvancing = false;
  /** How many outcomes are there that are not applied yet. */
  #heldStarts = 0;
  /** A run inside another waits for somebody to want an event. */
  #isIdle = false;

  constructor(
    plan: RunPlan,
    settings: RunSettings,
    onEnd: (ending: RunEnding) => void,
    parts: StoredParts | null,
    place: RunPlace = new OnItsOwn(settings),
  ) {
    const { runId, clock, maxBufferedEvents, executor, ownExecutor } = settings;
    this.runId = runId;
    this.steps = plan.steps;
    this.executor = ownExecutor ?? executor;
    this.clock = clock;
    this.#plan = plan;
    this.#settings = settings;
    this.#place = place;
    this.#stage = place.stage;
    const { handOff } = this.#stage;
    this.handOff = handOff;
    const kept = parts?.keep(plan, settings, handOff, this);
    this.#journal = kept?.journal ?? null;
    this.runContext = this.#journal ?? new SharedContext(settings.context);
    this.decisions = this.#stage.decisions;
    this.#stage.journal ??= this.#journal;
    this.#tell = new EventTeller({
      runId,
      clock: this.#stage.clock,
      sink: this.#stage.journal ?? handOff,
      maxBufferedEvents,
      path: place.path,
    });
    this.#progress = new Progress(this.#stage, this.#journal, plan, place.parent, settings.context);
    this.#atWork = new AtWork(this.#stage, this.#progress.lanes, place.isInside);
    this.#onEnd = onEnd;
    this.#stage.runs.add(this);
    this.beginning = new Beginning(this, settings, kept?.opening ?? null, plan.checked);
  }

  get ending(): RunEnding | null {
    return this.#ending;
  }

  get trace(): TraceRecorder {
    return this.#stage.trace;
  }

  get state(): RunState {
    return this.#progress.state;
  }

  get counts(): StoredCounts {
    const { tokens, finishedSteps, inside } = this.#stage;
    return { tokens, steps: finishedSteps - (inside?.total ?? 0) };
  }

  /** Holds the run in its store for another lease, if some of this one is over. */
  async renew(): Promise<void> {
    if (this.#ending === null) await this.#journal?.renew();
  }

  /** Finds out whether somebody else has the run in its store by now. */
  look(): void {
    this.#journal?.look();
  }

  /** Waits no longer for a store that does not answer. */
  abandon(): void {
    this.#journal?.abandon();
  }

  /** Starts nothing more. Settles when no action is at work; attempts that wait for their time are not. */
  pause(): Promise<void> {
    this.#isPaused = true;
    return this.#atWork.rest();
  }

  get isAtWork(): boolean {
    return this.#atWork.size > 0;
  }

  get isWanted(): boolean {
    const { journal } = this.#stage;
    return this.handOff.isWanted && (journal === null || !journal.isBehind);
  }

  /** The context as it is now. */
  get context(): Record<string, unknown> {
    return this.runContext.whole;
  }

  toTellable(token: Token, result: Result): Result {
    const { journal } = this.#stage;
    return journal === null ? result : journal.toTellable(token, result, this.runContext.contextOf(token));
  }

  tokensOutside(): Token[] {
    return [...this.#progress.lanes.held(), ...Array.from(this.#atWork.firsts, Attempt.tokenOf)];
  }

  fail(error: unknown): void {
    this.#end("failed", error);
  }

  demand(): Promise<void> {
    const { journal } = this.#stage;
    if (journal !== null && journal.isBehind) return journal.caughtUp();
    return this.#place.demand();
  }

  rest(): Promise<void> | null {
    const { turn } = this.#stage;
    return turn.isOver() ? turn.next() : null;
  }

  /** Goes on for as long as somebody wants an event and nothing has to be waited for. */
  advance(): void {
    if (this.#isAdvancing || this.#ending !== null) return;
    this.#isAdvancing = true;
    try {
      if (!this.beginning.isOver && !this.beginning.tryNow()) return;
      while (this.isWanted && this.#startNext());
    } finally {
      this.#isAdvancing = false;
    }
    if (this.#place.isInside) this.#waitForDemand();
  }

  /** Ends the run at once, unless it has ended. */
  cancel(reason: unknown = new RunCancelledError(this.runId)): RunEnding {
    return this.beginning.endSoon({ status: "cancelled", error: reason, suspended: null });
  }

  /** Ends the work on the run at once: one that is kept in a store is left for later, any other is cancelled. */
  leave(reason: string, until: number | null = null): RunEnding {
    if (this.#journal === null) return this.cancel();
    const error = new RunReleasedError(this.runId);
    const planned = { status: "cancelled", error, suspended: { reason, until } } as const;
    return this.beginning.isOnItsWay ? this.beginning.endSoon(planned) : this.end(planned);
  }

  tellStart(): void {
    this.#tell.runStart(this.#plan);
  }

  restore(restored: RestoredState): void {
    this.#progress.restore(restored.toState());
    this.#stage.startedSteps = this.#stage.finishedSteps = restored.finished;
  }

  countFrom(startedAt: number): void {
    this.beginning.countFrom(startedAt);
  }

  begin(from: number | null): void {
    this.beginning.finish();
    if (from !== null) this.#tell.runResume(from);
    this.advance();
  }

  endAsBefore(end: RunEndEvent, failure: unknown): void {
    if (end.seq > (this.#settings.storage?.after ?? 0)) this.handOff.push(end);
    this.#end(end.status, failure);
  }

  end({ status, error, suspended }: PlannedEnd): RunEnding {
    // An end that was planned while the run was opened is one of a run that has begun.
    if (this.beginning.isInStore) this.beginning.finish();
    return this.#end(status, error, suspended);
  }

  /** Runs another workflow inside this one, as the action of an attempt; rejects if that run does not complete. */
  async runInside(
    attempt: Attempt,
    plan: RunPlan,
    settings: Pick<RunSettings, "context" | "executor">,
  ): Promise<void> {
    // The attempt has to count as at work before anything inside it does.
    await undefined;
    const place = new InsideStep(this.#place, attempt);
    const { signal } = attempt;
    await new Promise<void>((resolve, reject) => {
      const onEnd = async ({ status, error, cleanup }: RunEnding) => {
        // The limit is one for all: who meets it inside has met it outside.
        const isLimitMet = this.#stage.startedSteps >= this.#settings.maxSteps;
        if (isLimitMet && error instanceof StepLimitError) this.#end("failed", error);
        // Room that was the inner run's is anybody's now.
        await undefined;
        this.#advanceAll();
        if (cleanup !== null) await cleanup;
        if (status === "completed") resolve();
        else reject(error);
      };
      new Run(plan, { ...this.#settings, ...settings, signal, timeoutMs: Infinity }, onEnd, null, place).advance();
    });
  }

  touch(): void {
    this.#place.touch();
  }

  keyOf(token: Token): string {
    return this.#place.keyOf(token);
  }

  tellLog(attempt: Attempt, name: string, data: unknown): void {
    this.#stage.logger?.event(attempt, name, data);
    // A logger is the user's code too: it may have ended the run.
    if (this.#ending === null && !this.#tell.stepLog(attempt, name, data)) Attempt.dropLog(attempt);
  }

  tellLoggerFailed(attempt: Attempt, error: unknown): boolean {
    if (this.#ending !== null) return false;
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
    this.#place.settle(failed.token);
    this.#journal?.recordRetry(Attempt.tokenOf(failed), { attempt, dueAt: this.clock.now() + delayMs });
    this.#tell.stepRetry(failed, error, delayMs);
    this.#atWork.setWaiting(failed.token, true);
  }

  beginAgain(attempt: Attempt): void {
    this.#atWork.setWaiting(attempt.token, false);
    this.touch();
    this.#tell.stepStart(attempt, Attempt.tokenOf(attempt));
  }

  holdStarts(): void {
    this.#heldStarts += 1;
  }

  applyLater(first: Attempt, outcome: Outcome | null): void {
    this.#atWork.settle(first);
    this.#atWork.remove(first);
    try {
      if (outcome !== null) this.#applyHeld(Attempt.last(first), outcome);
    } catch (error) {
      this.#end("failed", error);
    }
    this.decisions.leave(Attempt.tokenOf(first));
    this.advance();
    // What had no room outside or beside it may have some now.
    this.#advanceAll();
  }

  failLater(first: Attempt, error: unknown): void {
    this.#atWork.settle(first);
    this.#end("failed", error);
    this.#atWork.remove(first);
    this.decisions.leave(Attempt.tokenOf(first));
  }

  /** A run inside another hears only so that somebody wants an event. */
  #waitForDemand(): void {
    if (this.#isIdle || this.isWanted || this.#ending !== null) return;
    this.#isIdle = true;
    this.demand().then(() => {
      this.#isIdle = false;
      this.advance();
    });
  }

  /** Performs the next token's step, as far as it needs no waiting; `false` if none can start now. */
  #startNext(): boolean {
    const { maxSteps, concurrency } = this.#settings;
    // What is done and not in the store yet would be repeated after a crash, like what is at work.
    const busy = this.#stage.busy + (this.#journal?.uncommitted ?? 0);
    if (this.#ending !== null || this.#heldStarts > 0 || (busy >= concurrency && !this.#atWork.hasOwnRoom)) {
      return false;
    }
    // What is at work is within the limit, so the end waits for it.
    if (this.#stage.startedSteps >= maxSteps && this.#atWork.size > 0) return false;
    if (this.#progress.queueLength === 0) {
      if (this.#atWork.size === 0) this.#end("completed", null);
      return false;
    }
    // Before the next token is asked for: that takes it from those that wait for room.
    if (this.#isPaused || this.#stage.turn.isOver()) return false;
    const token = this.#progress.next();
    if (token === undefined || !this.#progress.isStored(token)) return false;
    const registered = this.steps.get(token.step);
    if (registered === undefined) this.#end("failed", new UnknownStepError(token.step, this.steps.keys()));
    else if (this.#stage.startedSteps < maxSteps) this.#start(registered, token);
    else this.#end("failed", new StepLimitError(maxSteps, token.step));
    return true;
  }

  #start(registered: RegisteredStep, token: Token): void {
    const retry = this.#journal?.retryOf(token);
    const attempt = new Attempt(this, token, retry === undefined ? 1 : retry.attempt + 1);
    if (retry !== undefined) this.#atWork.setWaiting(token.id, true);
    this.#stage.startedSteps += 1;
    this.touch();
    this.#starting = attempt;
    try {
      if (retry === undefined) this.#tell.stepStart(attempt, token);
      const performed = retry === undefined
        ? perform(registered, attempt, this)
        : performAfter(retry.dueAt - this.clock.now(), registered, attempt, this);
      if (performed instanceof Promise) {
        this.#progress.take(token);
        this.#atWork.add(attempt);
      } else if (performed !== null) this.#applyHeld(attempt, performed);
    } catch (error) {
      this.#end("failed", error);
    } finally {
      this.#starting = null;
    }
  }

  #applyHeld(last: Attempt, outcome: Outcome): void {
    this.#heldStarts -= 1;
    if (!Attempt.isDropped(last)) this.#commit(last, outcome);
  }

  /** Lets whoever waits for room have what there is of it. */
  #advanceAll(): void {
    const { concurrency } = this.#settings;
    if (concurrency === Infinity) return;
    for (const run of this.#stage.runs) {
      if (this.#stage.busy >= concurrency) return;
      run.advance();
    }
  }

  #commit(attempt: Attempt, outcome: Outcome): void {
    if (this.#ending !== null) return;
    this.#stage.logger?.log(attempt, outcome);
    // A logger is the user's code too: it may have ended the run.
    if (this.#ending !== null) return;
    this.#place.settle(outcome.token.id);
    const stored = this.#record(outcome);
    if (stored === null) return;
    const before = this.#progress.follow(stored);
    const { state } = this.#progress;
    this.#place.follow(outcome, before, state);
    this.#stage.finishedSteps += 1;
    this.#journal?.count(this.counts);
    this.touch();
    const isStopped = outcome.token.member !== null && stopsGroup(before, outcome);
    if (isStopped) this.#progress.dropHeld();
    const { queueLength } = this.#progress;
    if (this.#settings.captureTrace) {
      const traced = this.#stage.journal?.toTraceable(stored, this.#place.isInside) ?? stored;
      this.trace.record(traced, queueLength, this.#place.path);
    }
    this.#tell.stepResult(attempt, outcome, before, state, queueLength);
    if (isStopped) this.#dropDead(outcome.result.error);
  }

  /** The outcome as the store will give it back; `null` if it cannot be stored, which has ended the run. */
  #record(outcome: Outcome): Outcome | null {
    try {
      return this.runContext.record(outcome);
    } catch (error) {
      this.#end("failed", error);
      return null;
    }
  }

  /** A group has stopped: what of it is at work fails. */
  #dropDead(cause: unknown): void {
    for (const first of this.#atWork.firsts) {
      const token = Attempt.tokenOf(first);
      // Whoever hears of being aborted may end the run.
      if (this.#ending !== null || this.#progress.isLive(token)) continue;
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

  /**
   * Ends the run, unless it has ended: what is at work is aborted, and nothing is told after `run.end`. One that is
   * suspended has not ended for its store.
   */
  #end(status: RunStatus, error: unknown, suspended: Suspension | null = null): RunEnding {
    if (this.#ending !== null) return this.#ending;
    const { signal, cleanupTimeoutMs, clock } = this.#settings;
    const { isInside, isGivenUp } = this.#place;
    const journal = this.#journal;
    this.#stage.runs.delete(this);
    this.beginning.stop();
    const isAtWork = !isGivenUp && (this.#starting !== null || this.#atWork.isInFlight);
    const settled = isAtWork ? this.#atWork.settled(cleanupTimeoutMs, clock, isInside ? signal : null) : null;
    const saved = new Later<void>();
    const cleanup = journal === null ? settled : Promise.all([settled, saved.promise]).then(() => {});
    const ending = { status, error, cleanup };
    // Set before anything is aborted: an abort listener may call back into the run.
    this.#ending = ending;
    if (this.#starting !== null) Attempt.drop(this.#starting, error);
    this.#atWork.drop(error);
    if (!isInside) this.#stage.turn.stop();
    if (this.beginning.isOver) {
      if (suspended === null) this.#tell.runEnd(status, error, this.#stage.finishedSteps);
      else this.#tell.runSuspend(suspended);
    }
    if (journal === null) this.#finish(ending);
    else {
      journal.close(suspended === null ? status : "suspended", suspended?.until ?? null).then((fault) => {
        this.#finish(fault === null ? ending : { status: "failed", error: fault.error, cleanup });
        saved.resolve();
      });
    }
    return ending;
  }

  /** The end is told, and stored if the run is. */
  #finish(ending: RunEnding): void {
    if (!this.#place.isInside) this.handOff.close(ending.status === "failed" ? { error: ending.error } : null);
    this.#onEnd(ending);
  }
}
