import { type Clock, LONGEST_TIMER_MS } from "../core/clock.ts";
import { describedText, describeError } from "../core/describe_error.ts";
import {
  GroupFailedError,
  RunCancelledError,
  RunFailedError,
  RunReleasedError,
  RunTimeoutError,
  StepLimitError,
  UnknownStepError,
} from "../core/errors.ts";
import type { RunEndEvent, RunStatus } from "../core/events.ts";
import type { Executor } from "../core/executor.ts";
import { toJson } from "../core/json.ts";
import type { Result } from "../core/result.ts";
import {
  apply,
  initialState,
  isGroupLive,
  type Outcome,
  type RunState,
  stopsGroup,
  sweepGroups,
} from "../core/state.ts";
import type { Token } from "../core/token.ts";
import { Attempt, type AttemptHost } from "./attempt.ts";
import { EventTeller } from "./event_teller.ts";
import type { HandOff } from "./hand_off.ts";
import { Journal, type JournalHost } from "./journal.ts";
import { Lanes } from "./lanes.ts";
import { Later } from "./later.ts";
import { type OpenedRun, openRun } from "./open_run.ts";
import { perform, performAfter, type StepHost } from "./perform.ts";
import type { RegisteredStep } from "./registered_step.ts";
import type { RunPlan, RunSettings } from "./run_settings.ts";
import { settledWithin } from "./settled_within.ts";
import { Stage } from "./stage.ts";
import { toStoredContext } from "./stored_context.ts";
import type { StoredCounts } from "./stored_delta.ts";
import { isThenable } from "./thenable.ts";
import type { TraceRecorder } from "./trace_recorder.ts";

/** Each level of workflows inside workflows takes some of the stack when it is cancelled. */
const MAX_DEPTH = 500;

/** Settles when the promise has, whatever it came to. */
async function settledOf(promise: PromiseLike<unknown> | null): Promise<void> {
  try {
    await promise;
  } catch {
    // Told by whoever waits for the promise itself.
  }
}

/** How a run came to its end. */
export interface RunEnding {
  readonly status: RunStatus;
  /** Why it failed or was cancelled, `null` if it completed. */
  readonly error: unknown;
  /** Settles when nothing of the run is at work any more, or the time for that is over; `null` if nothing was. */
  readonly cleanup: Promise<void> | null;
}

/** Where a run inside another one is. */
interface Surroundings {
  readonly stage: Stage;
  readonly run: Run;
  /** The attempt whose action it is. */
  readonly attempt: Attempt;
  /** The steps around it, outermost first. */
  readonly path: readonly string[];
}

/** The loop of one run: takes tokens while somebody wants events, performs their steps and tells what happens. */
export class Run implements AttemptHost, StepHost, JournalHost {
  readonly runId: string;
  readonly steps: ReadonlyMap<string, RegisteredStep>;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly handOff: HandOff;
  readonly #plan: RunPlan;
  readonly #settings: RunSettings;
  readonly #around: Surroundings | null;
  readonly #stage: Stage;
  /** What keeps the run in its store, `null` if nothing does. A run inside a step is part of that step. */
  readonly #journal: Journal | null;
  readonly #tell: EventTeller;
  readonly #onEnd: (ending: RunEnding) => void;
  readonly #lanes: Lanes;
  /** The first attempt of each token that is at work and waits for something. */
  readonly #atWork = new Set<Attempt>();
  /** What settles when nothing of a token is at work any more, not even what was dropped. */
  readonly #inFlight = new Set<Promise<void>>();
  #state: RunState;
  #ending: RunEnding | null = null;
  #stopTimeout: (() => void) | null = null;
  #hasBegun = false;
  #isListening = false;
  /** Settles when the run has been opened in its store, or could not be; `null` until it is asked for. */
  #opened: Promise<void> | null = null;
  #isOpening = false;
  /** No step is to start any more, though the run has not ended. */
  #isPaused = false;
  #isInStore = false;
  /** The last event that was in the store when the run was opened, before its end. */
  #lastPastSeq = 0;
  /** How the run is to end as soon as it is open. */
  #endingWhenOpen: { readonly error: unknown; readonly suspended: string | null } | null = null;
  /** The attempt whose synchronous part is on the stack. */
  #starting: Attempt | null = null;
  #isAdvancing = false;
  /** The start payload's schema has not answered yet. */
  #isChecking = false;
  /** How many outcomes are there that are not applied yet. */
  #heldStarts = 0;
  /** A run inside another waits for somebody to want an event. */
  #isIdle = false;

  constructor(
    plan: RunPlan,
    settings: RunSettings,
    onEnd: (ending: RunEnding) => void,
    around: Surroundings | null = null,
  ) {
    const { runId, clock, maxBufferedEvents, executor, ownExecutor, storage } = settings;
    this.runId = runId;
    this.steps = plan.steps;
    this.executor = around === null ? executor : ownExecutor ?? executor;
    this.clock = clock;
    this.#plan = plan;
    this.#settings = settings;
    this.#around = around;
    this.#stage = around?.stage ?? new Stage(settings);
    const { handOff } = this.#stage;
    this.handOff = handOff;
    this.#journal = around !== null || storage === null ? null : new Journal(
      { ...storage, runId, context: toStoredContext(settings.context), clock, handOff, maxBufferedEvents },
      this,
    );
    this.#stage.journal ??= this.#journal;
    this.#tell = new EventTeller({
      runId,
      clock: this.#stage.clock,
      sink: this.#stage.journal ?? handOff,
      maxBufferedEvents,
      path: around?.path ?? null,
    });
    this.#lanes = new Lanes(plan.limits);
    this.#onEnd = onEnd;
    this.#stage.tokens += 1;
    this.#state = initialState(
      { id: this.#stage.tokens, parent: around?.attempt.token ?? null, step: plan.start, payload: plan.payload },
      settings.context,
    );
    this.#stage.runs.add(this);
    if (plan.checked !== null) this.#waitForCheck(plan.checked);
  }

  get trace(): TraceRecorder {
    return this.#stage.trace;
  }

  get state(): RunState {
    return this.#state;
  }

  get counts(): StoredCounts {
    const { tokens, finishedSteps: steps } = this.#stage;
    return { tokens, steps };
  }

  /**
   * Settles when the run has been opened in its store, if it is kept in one, or could not be. Answers the last event
   * that was there before; of a run that had ended, the one before its end.
   */
  async whenOpen(): Promise<number> {
    // One whose start payload is refused never opens.
    if (this.#isChecking) await settledOf(this.#plan.checked);
    if (this.#journal !== null && this.#ending === null) this.#open(this.#journal);
    await this.#opened;
    return this.#lastPastSeq;
  }

  /** True once the run is known to be in its store. */
  get isStored(): boolean {
    return this.#isInStore;
  }

  /** Starts nothing more. Settles when what is at work has come to its end and is stored, as far as it is. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    while (this.#ending === null && this.#inFlight.size > 0) await Promise.race(this.#inFlight);
  }

  get isAtWork(): boolean {
    return this.#atWork.size > 0;
  }

  get isWanted(): boolean {
    const { journal } = this.#stage;
    return this.handOff.isWanted && (journal === null || !journal.isBehind);
  }

  /** The context at the end of a run that is kept in a store, else the one it works on. */
  get context(): Record<string, unknown> {
    return this.#journal === null ? this.#settings.context : JSON.parse(this.#journal.context.toText());
  }

  contextOf(token: Token): Record<string, unknown> {
    return this.#journal === null ? this.#settings.context : this.#journal.contextOf(token);
  }

  toTellable(token: Token, result: Result): Result {
    if (this.#stage.journal === null || !result.ok) return result;
    try {
      toJson(result.value, { name: "result.value", stepName: token.step });
      return result;
    } catch (error) {
      return { ok: false, value: null, error };
    }
  }

  tokensOutside(): Token[] {
    return [...this.#lanes.held(), ...Array.from(this.#atWork, Attempt.tokenOf)];
  }

  fail(error: unknown): void {
    this.#end("failed", error);
  }

  demand(): Promise<void> {
    const { journal } = this.#stage;
    if (journal !== null && journal.isBehind) return journal.caughtUp();
    // While what is inside waits for its reader, the step around it waits, too, which is not its fault.
    const demand = this.#around === null ? null : Attempt.demand(this.#around.attempt);
    return demand ?? this.handOff.demand();
  }

  /** Goes on for as long as somebody wants an event and nothing has to be waited for. */
  advance(): void {
    if (this.#isAdvancing || this.#ending !== null) return;
    this.#isAdvancing = true;
    try {
      if (this.#isChecking) return this.#listen();
      if (this.#journal !== null && !this.#journal.isOpen) return this.#open(this.#journal);
      if (!this.#hasBegun) this.#begin();
      while (this.isWanted && this.#startNext());
    } finally {
      this.#isAdvancing = false;
    }
    if (this.#around !== null) this.#waitForDemand();
  }

  /** Ends the run at once, unless it has ended. */
  cancel(reason: unknown = new RunCancelledError(this.runId)): RunEnding {
    if (this.#journal !== null && !this.#journal.isOpen) {
      this.#open(this.#journal);
      return this.#endWhenOpen(reason, null);
    }
    if (!this.#hasBegun) this.#begin();
    return this.#end("cancelled", reason);
  }

  /** Ends the work on the run at once: one that is kept in a store is left for later, any other is cancelled. */
  leave(because: string): RunEnding {
    if (this.#journal === null) return this.cancel();
    const error = new RunReleasedError(this.runId);
    const isOnItsWay = this.#isOpening && !this.#journal.isOpen;
    return isOnItsWay ? this.#endWhenOpen(error, because) : this.#end("cancelled", error, because);
  }

  /** Runs another workflow inside this one, as the action of an attempt; rejects if that run does not complete. */
  async runInside(
    attempt: Attempt,
    plan: RunPlan,
    settings: Pick<RunSettings, "context" | "executor">,
  ): Promise<void> {
    // The attempt has to count as at work before anything inside it does.
    await undefined;
    const path = [...this.#around?.path ?? [], attempt.step];
    if (path.length > MAX_DEPTH) {
      throw new RangeError(`Cannot run a workflow inside a step: it is more than ${MAX_DEPTH} levels deep`);
    }
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
      const around = { stage: this.#stage, run: this, attempt, path };
      new Run(plan, { ...this.#settings, ...settings, signal, timeoutMs: Infinity }, onEnd, around).advance();
    });
  }

  /** What happens inside shows that the step around it is alive. */
  touch(): void {
    for (let around = this.#around; around !== null; around = around.run.#around) Attempt.touch(around.attempt);
  }

  tellLog(attempt: Attempt, name: string, data: unknown): void {
    this.#stage.logger?.event(attempt, name, data);
    // A logger is the user's code too: it may have ended the run.
    if (this.#ending === null && !this.#tell.stepLog(attempt, name, data)) Attempt.dropLog(attempt);
  }

  tellLoggerFailed(attempt: Attempt, error: unknown): boolean {
    return this.#ending === null && this.#tell.stepLog(attempt, "logger.failed", { error });
  }

  tellChunk(attempt: Attempt, value: unknown): void {
    this.#tell.stepChunk(attempt, value);
  }

  tellRetry(failed: Attempt, error: unknown, delayMs: number): void {
    const { attempt } = failed;
    this.#journal?.recordRetry(Attempt.tokenOf(failed), { attempt, dueAt: this.clock.now() + delayMs });
    this.#tell.stepRetry(failed, error, delayMs);
  }

  beginAgain(attempt: Attempt): void {
    this.touch();
    this.#tell.stepStart(attempt, Attempt.tokenOf(attempt));
  }

  turn(token: Token): Promise<void> | null {
    return this.#stage.decisions.wait(token);
  }

  holdTurn(token: Token): void {
    this.#stage.decisions.hold(token);
  }

  holdStarts(): void {
    this.#heldStarts += 1;
  }

  #begin(): void {
    this.#hasBegun = true;
    if (this.#around === null) this.#tell.runStart(this.#plan);
    this.#listen();
  }

  /** Makes the run known to its store, or finds it there. Nothing of it happens before. */
  #open(journal: Journal): void {
    const { runId, clock } = this;
    const { storage } = this.#settings;
    if (this.#isOpening || storage === null) return;
    this.#isOpening = true;
    this.#listen();
    // A new run is stored with its first event.
    if (storage.opening !== "resume") this.#tell.runStart(this.#plan);
    this.#opened = openRun({ runId, plan: this.#plan, storage, now: clock.now() }, journal).then(
      (opened) => this.#goOn(journal, opened),
      (error) => void this.#end("failed", error),
    );
  }

  #goOn(journal: Journal, opened: OpenedRun): void {
    this.#isInStore = true;
    if (opened.restored === null) {
      this.#hasBegun = true;
      journal.begin(opened.place, opened.events);
    } else {
      const stage = this.#stage;
      this.#state = opened.restored.toState();
      stage.tokens = this.#state.counters.tokens;
      stage.startedSteps = stage.finishedSteps = opened.restored.finished;
      journal.restore(opened.restored);
      this.#lastPastSeq = opened.end === null ? opened.place.lastSeq : opened.place.lastSeq - 1;
      if (opened.end !== null) return this.#endAsBefore(opened.end);
      this.#hasBegun = true;
      journal.begin(opened.place, []);
      this.#tell.runResume(opened.place.lastSeq);
    }
    const ending = this.#endingWhenOpen;
    if (ending === null) this.advance();
    else this.#end("cancelled", ending.error, ending.suspended);
  }

  #endWhenOpen(error: unknown, suspended: string | null): RunEnding {
    if (this.#ending !== null) return this.#ending;
    this.#endingWhenOpen ??= { error, suspended };
    const cleanup = async () => {
      await this.#opened;
      await this.#ending?.cleanup;
    };
    return { status: "cancelled", error, cleanup: cleanup() };
  }

  /** The run had ended before it was opened: it ends as it did then. */
  #endAsBefore(end: RunEndEvent): void {
    if (end.seq > (this.#settings.storage?.after ?? 0)) this.handOff.push(end);
    const words = describedText(describeError(end.error));
    const error = end.status === "failed"
      ? new RunFailedError(this.runId, words, end.error)
      : end.status === "cancelled"
      ? new RunCancelledError(this.runId)
      : null;
    this.#end(end.status, error);
  }

  /** From now on the signal and the time can end the run. */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    const { signal, timeoutMs } = this.#settings;
    if (timeoutMs <= LONGEST_TIMER_MS) {
      const error = new RunTimeoutError(this.runId, timeoutMs);
      const timer = this.clock.setTimeout(() => {
        if (!this.#hasBegun) this.#begin();
        this.#end("failed", error);
      }, timeoutMs);
      this.#stopTimeout = () => this.clock.clearTimeout(timer);
    }
    if (signal === null) return;
    if (signal.aborted) this.#cancelBySignal();
    else signal.addEventListener("abort", this.#cancelBySignal);
  }

  /** Nothing happens before the payload is known to be good; a bad one ends the run before it has begun. */
  #waitForCheck(checked: PromiseLike<unknown>): void {
    this.#isChecking = true;
    checked.then(() => {
      this.#isChecking = false;
      this.advance();
    }, (error) => this.#end("failed", error));
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

  readonly #cancelBySignal = (): void => {
    this.cancel(this.#settings.signal?.reason);
  };

  /** Performs the next token's step, as far as it needs no waiting; `false` if none can start now. */
  #startNext(): boolean {
    const { maxSteps, concurrency } = this.#settings;
    // What is done and not in the store yet would be repeated after a crash, like what is at work.
    const busy = this.#stage.busy + (this.#journal?.uncommitted ?? 0);
    if (this.#ending !== null || this.#heldStarts > 0 || (busy >= concurrency && !this.#hasOwnRoom)) return false;
    // What is at work is within the limit, so the end waits for it.
    if (this.#stage.startedSteps >= maxSteps && this.#atWork.size > 0) return false;
    const token = this.#nextToken();
    if (token === undefined) {
      if (this.#atWork.size === 0) this.#end("completed", null);
      return false;
    }
    if (this.#isPaused || !this.#isStored(token)) return false;
    const registered = this.steps.get(token.step);
    if (registered === undefined) this.#end("failed", new UnknownStepError(token.step, this.steps.keys()));
    else if (this.#stage.startedSteps < maxSteps) this.#start(registered, token);
    else this.#end("failed", new StepLimitError(maxSteps, token.step));
    return true;
  }

  /** The step around a run takes part in no work of its own, so there is always room for one of the run. */
  get #hasOwnRoom(): boolean {
    return this.#around !== null && this.#atWork.size === 0;
  }

  /** The token that starts next: the first one whose step is not at its own limit. */
  #nextToken(): Token | undefined {
    let { head } = this.#state.queue;
    if (this.#lanes.isEmpty) return head;
    for (; head !== undefined && this.#isStored(head) && this.#lanes.hold(head); { head } = this.#state.queue) {
      this.#takeHead();
    }
    return this.#lanes.takeFirst(head);
  }

  /** A token that is not in the store yet must not be worked at: it might never get there. */
  #isStored(token: Token): boolean {
    return this.#journal === null || this.#journal.isCommitted(token);
  }

  #takeHead(): void {
    this.#state = { ...this.#state, queue: this.#state.queue.withoutHead() };
  }

  #start(registered: RegisteredStep, token: Token): void {
    const retry = this.#journal?.retryOf(token);
    const attempt = new Attempt(this, token, retry === undefined ? 1 : retry.attempt + 1);
    this.#stage.startedSteps += 1;
    this.touch();
    if (retry === undefined) this.#tell.stepStart(attempt, token);
    this.#starting = attempt;
    try {
      const performed = retry === undefined
        ? perform(registered, attempt, this)
        : performAfter(retry.dueAt - this.clock.now(), registered, attempt, this);
      if (isThenable(performed)) this.#wait(attempt, token, performed);
      else if (performed !== null) this.#applyHeld(attempt, performed);
    } catch (error) {
      this.#end("failed", error);
    } finally {
      this.#starting = null;
    }
  }

  #wait(first: Attempt, token: Token, performed: Promise<Outcome | null>): void {
    if (this.#state.queue.head === token) this.#takeHead();
    this.#lanes.count(token, 1);
    if (!this.#hasOwnRoom) this.#stage.busy += 1;
    this.#atWork.add(first);
    const settled = performed.then((outcome) => {
      this.#inFlight.delete(settled);
      this.#leaveWork(first);
      const last = Attempt.last(first);
      if (outcome !== null) this.#applyHeld(last, outcome);
      this.#stage.decisions.leave(token);
      this.advance();
      // What had no room outside or beside it may have some now.
      this.#advanceAll();
    }, (error) => {
      this.#inFlight.delete(settled);
      this.#end("failed", error);
      this.#leaveWork(first);
      this.#stage.decisions.leave(token);
    });
    this.#inFlight.add(settled);
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

  #leaveWork(first: Attempt): void {
    if (!this.#atWork.delete(first)) return;
    this.#lanes.count(Attempt.tokenOf(first), -1);
    if (!this.#hasOwnRoom) this.#stage.busy -= 1;
  }

  #commit(attempt: Attempt, outcome: Outcome): void {
    if (this.#ending !== null) return;
    this.#stage.logger?.log(attempt, outcome);
    // A logger is the user's code too: it may have ended the run.
    if (this.#ending !== null) return;
    const before = this.#counted();
    const stored = this.#record(outcome);
    if (stored === null) return;
    const next = apply(before, stored);
    this.#state = next;
    this.#stage.tokens = next.counters.tokens;
    this.#stage.finishedSteps += 1;
    this.#journal?.count(this.counts);
    this.touch();
    const isStopped = outcome.token.member !== null && stopsGroup(before, outcome);
    if (isStopped) this.#dropHeld();
    const queueLength = next.queue.size + this.#lanes.size;
    if (this.#settings.captureTrace) this.#trace(outcome, queueLength);
    this.#tell.stepResult(attempt, outcome, before, next, queueLength);
    if (isStopped) this.#dropDead(outcome.result.error);
  }

  /** The outcome as the store will give it back; `null` if it cannot be stored, which has ended the run. */
  #record(outcome: Outcome): Outcome | null {
    if (this.#journal === null) return outcome;
    try {
      return this.#journal.record(outcome, this.counts);
    } catch (error) {
      this.#end("failed", error);
      return null;
    }
  }

  #trace(outcome: Outcome, queueLength: number): void {
    const { result } = outcome;
    // Of an error that is read back from a store the words are left.
    const traced = this.#stage.journal === null || result.ok
      ? outcome
      : { ...outcome, result: { ...result, error: describedText(describeError(result.error)) } };
    this.trace.record(traced, queueLength, this.#around?.path ?? null);
  }

  /** The state, with the tokens that runs inside have made counted. */
  #counted(): RunState {
    const { tokens } = this.#stage;
    const { counters } = this.#state;
    return counters.tokens === tokens ? this.#state : { ...this.#state, counters: { ...counters, tokens } };
  }

  /** A group has stopped: what of it is held back is gone, like what waited in the queue. */
  #dropHeld(): void {
    const groups = sweepGroups(this.#state.groups, (isLive) => this.#lanes.filter(isLive));
    this.#state = { ...this.#state, groups };
  }

  /** A group has stopped: what of it is at work fails. */
  #dropDead(cause: unknown): void {
    for (const first of this.#atWork) {
      const token = Attempt.tokenOf(first);
      // Whoever hears of being aborted may end the run.
      if (this.#ending !== null || isGroupLive(this.#state.groups, token.member)) continue;
      const attempt = Attempt.last(first);
      const result = { ok: false, value: null, error: new GroupFailedError(cause) } as const;
      this.#leaveWork(first);
      Attempt.drop(attempt, result.error);
      const registered = this.steps.get(token.step);
      if (registered !== undefined) this.contextOf(token)[registered.resultKey] = null;
      this.#commit(attempt, { token, attempts: attempt.attempt, result, routed: [] });
    }
  }

  /** Nobody waits for what goes on inside a step that has been given up: its time was over, and it is not cancelled. */
  get #isGivenUp(): boolean {
    for (let around = this.#around; around !== null; around = around.run.#around) {
      if (Attempt.isClosed(around.attempt) && !Attempt.isDropped(around.attempt)) return true;
    }
    return false;
  }

  /**
   * Ends the run, unless it has ended: what is at work is aborted, and nothing is told after `run.end`. One that is
   * suspended has not ended for its store.
   */
  #end(status: RunStatus, error: unknown, suspended: string | null = null): RunEnding {
    if (this.#ending !== null) return this.#ending;
    const { signal, cleanupTimeoutMs, clock } = this.#settings;
    const around = this.#around;
    const journal = this.#journal;
    this.#stage.runs.delete(this);
    signal?.removeEventListener("abort", this.#cancelBySignal);
    this.#stopTimeout?.();
    const isAtWork = !this.#isGivenUp && (this.#starting !== null || this.#inFlight.size > 0);
    const settled = isAtWork
      ? settledWithin(this.#inFlight, cleanupTimeoutMs, clock, around === null ? null : signal)
      : null;
    const saved = new Later<void>();
    const cleanup = journal === null ? settled : Promise.all([settled, saved.promise]).then(() => {});
    const ending = { status, error, cleanup };
    // Set before anything is aborted: an abort listener may call back into the run.
    this.#ending = ending;
    if (this.#starting !== null) Attempt.drop(this.#starting, error);
    for (const first of this.#atWork) {
      this.#leaveWork(first);
      Attempt.drop(Attempt.last(first), error);
      // Also a decision that never settles must not keep those of others waiting.
      this.#stage.decisions.leave(Attempt.tokenOf(first));
    }
    if (around === null && this.#hasBegun) {
      if (suspended === null) this.#tell.runEnd(status, error, this.#stage.finishedSteps);
      else this.#tell.runSuspend(suspended);
    }
    if (journal === null) this.#finish(ending);
    else {
      journal.close(suspended === null ? status : "suspended").then((fault) => {
        this.#finish(fault === null ? ending : { status: "failed", error: fault.error, cleanup });
        saved.resolve();
      });
    }
    return ending;
  }

  /** The end is told, and stored if the run is. */
  #finish(ending: RunEnding): void {
    if (this.#around === null) this.handOff.close(ending.status === "failed" ? { error: ending.error } : null);
    this.#onEnd(ending);
  }
}
