import type { RunStatus, WorkflowEvent } from "../core/events.ts";
import { type Outcome, routedTokens, type RunState } from "../core/state.ts";
import type { Token } from "../core/token.ts";
import { Attempt } from "./attempt.ts";
import type { EventSink } from "./event_sink.ts";
import type { Suspension } from "./opening.ts";
import type { RunPlace } from "./run_place.ts";
import type { RunPlan, RunSettings } from "./run_settings.ts";
import type { TurnClock } from "./turn_clock.ts";

/**
 * Makes the run's events and hands them to the reader. The fields of a type always come in one order, so that its
 * events share one hidden class. With nobody to read, they are not made. An event gets its number after the clock was
 * read: a clock that calls timers back when it is asked for the time may end the run.
 */
export class EventTeller {
  readonly #runId: string;
  readonly #clock: TurnClock;
  readonly #sink: EventSink;
  /** How many events may wait for the reader before its logs are dropped. */
  readonly #maxBufferedEvents: number;
  readonly #path: readonly string[] | null;

  constructor({ runId, maxBufferedEvents }: RunSettings, { stage, path }: RunPlace) {
    this.#runId = runId;
    this.#clock = stage.clock;
    this.#sink = stage.journal ?? stage.handOff;
    this.#maxBufferedEvents = maxBufferedEvents;
    this.#path = path;
  }

  runStart(plan: RunPlan): void {
    if (this.#isUntold) return;
    const at = this.#clock.now();
    this.#sink.push({
      type: "run.start",
      seq: this.#sink.nextSeq(),
      runId: this.#runId,
      at,
      workflow: plan.workflow,
      version: plan.version,
      start: plan.start,
      payload: plan.payload,
    });
  }

  stepStart(attempt: Attempt, token: Token): void {
    if (this.#sink.isDrained) return;
    const at = this.#clock.nowOrLast();
    Attempt.begin(attempt, at);
    this.#push({
      type: "step.start",
      seq: this.#sink.nextSeq(),
      runId: this.#runId,
      at,
      token: token.id,
      parent: token.parent,
      step: token.step,
      attempt: attempt.attempt,
      payload: token.payload,
    });
  }

  /** Tells a log event, or drops it if too many events wait; answers whether it was told. */
  stepLog(attempt: Attempt, name: string, data: unknown): boolean {
    if (this.#sink.size >= this.#maxBufferedEvents) return false;
    if (this.#sink.isDrained) return true;
    const at = this.#clock.now();
    this.#push({
      type: "step.log",
      seq: this.#sink.nextSeq(),
      runId: this.#runId,
      at,
      token: attempt.token,
      step: attempt.step,
      attempt: attempt.attempt,
      name,
      data,
    });
    return true;
  }

  stepChunk(attempt: Attempt, value: unknown): void {
    if (this.#sink.isDrained) return;
    const at = this.#clock.now();
    this.#push({
      type: "step.chunk",
      seq: this.#sink.nextSeq(),
      runId: this.#runId,
      at,
      token: attempt.token,
      step: attempt.step,
      attempt: attempt.attempt,
      value,
    });
  }

  /** Tells that an attempt failed then, and how long it takes until the next. */
  stepRetry(attempt: Attempt, at: number, error: unknown, delayMs: number): void {
    if (this.#sink.isDrained) return;
    this.#push({
      type: "step.retry",
      seq: this.#sink.nextSeq(),
      runId: this.#runId,
      at,
      token: attempt.token,
      step: attempt.step,
      attempt: attempt.attempt,
      error,
      delayMs,
    });
  }

  /** The time for an event that is told once what it tells of is done; 0 where it is not made. */
  now(): number {
    return this.#sink.isDrained ? 0 : this.#clock.now();
  }

  /** Tells an outcome that was there then, and has led from one state to the next. */
  stepResult(
    attempt: Attempt,
    at: number,
    outcome: Outcome,
    before: RunState,
    after: RunState,
    queueLength: number,
  ): void {
    if (this.#sink.isDrained) return;
    const { token, result } = outcome;
    this.#push({
      type: "step.result",
      seq: this.#sink.nextSeq(),
      runId: this.#runId,
      at,
      token: token.id,
      step: token.step,
      attempt: attempt.attempt,
      payload: token.payload,
      result,
      routed: routedTokens(outcome, before, after),
      queueLength,
      // A clock may be set back.
      durationMs: Math.max(0, at - Attempt.startedAt(attempt)),
      droppedLogs: Attempt.droppedLogs(attempt),
    });
  }

  runSuspend({ reason, until }: Suspension): void {
    const at = this.#clock.now();
    this.#sink.push({
      type: "run.suspend",
      seq: this.#sink.nextSeq(),
      runId: this.#runId,
      at,
      reason,
      until,
    });
  }

  /** Tells that somebody has taken the run over, after the last event that is in the store. */
  runResume(from: number): void {
    const at = this.#clock.now();
    this.#sink.push({ type: "run.resume", seq: this.#sink.nextSeq(), runId: this.#runId, at, from });
  }

  runEnd(status: RunStatus, error: unknown, steps: number): void {
    if (this.#isUntold) return;
    const at = this.#clock.now();
    this.#sink.push({
      type: "run.end",
      seq: this.#sink.nextSeq(),
      runId: this.#runId,
      at,
      status,
      error,
      steps,
    });
  }

  /** A run inside a step begins and ends in the events of that step. */
  get #isUntold(): boolean {
    return this.#path !== null || this.#sink.isDrained;
  }

  #push(event: Extract<WorkflowEvent, { readonly token: number }>): void {
    this.#sink.push(this.#path === null ? event : { ...event, path: this.#path });
  }
}
