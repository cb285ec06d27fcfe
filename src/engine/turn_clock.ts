import type { Clock } from "../core/clock.ts";
import type { Turn } from "./turn.ts";

/** So many steps are timed one by one before a reading is used twice. */
const STEPS_BEFORE_REUSE = 128;

/**
 * Tells the time for events. Reading the clock costs as much as a quarter of a synchronous step, so in a long chain of
 * them a step begins when the one before it ended: one reading a step. That holds only within one turn of the event
 * loop and while nothing takes long, so a later turn, or a gap of more than a millisecond, goes back to reading twice.
 */
export class TurnClock {
  readonly #clock: Clock;
  readonly #turn: Turn;
  #last = 0;
  /** How many steps were timed one by one since there was a gap. */
  #steps = 0;

  constructor(clock: Clock, turn: Turn) {
    this.#clock = clock;
    this.#turn = turn;
  }

  /** The time, read now. */
  now(): number {
    const now = this.#clock.now();
    if (now - this.#last > 1) this.#steps = 0;
    this.#last = now;
    return now;
  }

  /** The time a step begins: now, or when the step before it ended, if that was in this turn. */
  nowOrLast(): number {
    if (this.#steps >= STEPS_BEFORE_REUSE && this.#turn.isTimed) return this.#last;
    this.#steps += 1;
    return this.now();
  }
}
