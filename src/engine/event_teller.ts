import type { RoutedToken, RunStatus } from "../core/events.ts";
import type { Outcome } from "../core/state.ts";
import type { Route, Token } from "../core/token.ts";
import { Attempt } from "./attempt.ts";
import type { HandOff } from "./hand_off.ts";
import type { RunPlan } from "./run_settings.ts";
import type { TurnClock } from "./turn_clock.ts";

/** What {@linkcode EventTeller} is made with. */
export interface EventTellerOptions {
  readonly runId: string;
  readonly clock: TurnClock;
  readonly handOff: HandOff;
  /** How many events may wait for the reader before its logs are dropped. */
  readonly maxBufferedEvents: number;
}

const NOTHING_ROUTED: readonly RoutedToken[] = [];

/**
 * Makes the run's events, numbers them and hands them to the reader. The fields of a type always come in one order, so
 * that its events share one hidden class. With nobody to read, events are counted and not made.
 */
export class EventTeller {
  readonly #runId: string;
  readonly #clock: TurnClock;
  readonly #handOff: HandOff;
  readonly #maxBufferedEvents: number;
  #seq = 0;

  constructor(options: EventTellerOptions) {
    this.#runId = options.runId;
    this.#clock = options.clock;
    this.#handOff = options.handOff;
    this.#maxBufferedEvents = options.maxBufferedEvents;
  }

  runStart(plan: RunPlan): void {
    this.#seq += 1;
    if (this.#handOff.isDrained) return;
    this.#handOff.push({
      type: "run.start",
      seq: this.#seq,
      runId: this.#runId,
      at: this.#clock.now(),
      workflow: plan.workflow,
      version: plan.version,
      start: plan.start,
      payload: plan.payload,
    });
  }

  stepStart(attempt: Attempt, token: Token): void {
    this.#seq += 1;
    if (this.#handOff.isDrained) return;
    const at = this.#clock.nowOrLast();
    Attempt.begin(attempt, at);
    this.#handOff.push({
      type: "step.start",
      seq: this.#seq,
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
    if (this.#handOff.size >= this.#maxBufferedEvents) return false;
    this.#seq += 1;
    if (this.#handOff.isDrained) return true;
    this.#handOff.push({
      type: "step.log",
      seq: this.#seq,
      runId: this.#runId,
      at: this.#clock.now(),
      token: attempt.token,
      step: attempt.step,
      attempt: attempt.attempt,
      name,
      data,
    });
    return true;
  }

  stepChunk(attempt: Attempt, value: unknown): void {
    this.#seq += 1;
    if (this.#handOff.isDrained) return;
    this.#handOff.push({
      type: "step.chunk",
      seq: this.#seq,
      runId: this.#runId,
      at: this.#clock.now(),
      token: attempt.token,
      step: attempt.step,
      attempt: attempt.attempt,
      value,
    });
  }

  /** Tells a step's outcome; the tokens it routed to have ids from `firstId` on. */
  stepResult(attempt: Attempt, outcome: Outcome, firstId: number, queueLength: number): void {
    this.#seq += 1;
    if (this.#handOff.isDrained) return;
    const { token, result, routed } = outcome;
    const at = this.#clock.now();
    this.#handOff.push({
      type: "step.result",
      seq: this.#seq,
      runId: this.#runId,
      at,
      token: token.id,
      step: token.step,
      attempt: attempt.attempt,
      payload: token.payload,
      result,
      routed: toRoutedTokens(routed, firstId),
      queueLength,
      durationMs: at - Attempt.startedAt(attempt),
      droppedLogs: Attempt.droppedLogs(attempt),
    });
  }

  runEnd(status: RunStatus, error: unknown, steps: number): void {
    this.#clock.stop();
    this.#seq += 1;
    if (this.#handOff.isDrained) return;
    this.#handOff.push({
      type: "run.end",
      seq: this.#seq,
      runId: this.#runId,
      at: this.#clock.now(),
      status,
      error,
      steps,
    });
  }
}

function toRoutedTokens(routed: readonly Route[], firstId: number): readonly RoutedToken[] {
  if (routed.length === 0) return NOTHING_ROUTED;
  // One route is by far the most common; a literal is cheaper than a map.
  const [only] = routed;
  return routed.length === 1 && only !== undefined
    ? [{ token: firstId, step: only.step, where: only.where }]
    : routed.map(({ step, where }, index) => ({ token: firstId + index, step, where }));
}
