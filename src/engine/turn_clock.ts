import { type Clock, systemClock } from "../core/clock.ts";
import { onLaterTurn } from "../core/later_turn.ts";

/** So many steps are timed one by one before a reading is used twice: by then it pays for the timer. */
const READINGS_BEFORE_REUSE = 128;

/**
 * Tells the time for events. Reading the clock costs as much as a quarter of a synchronous step, so in a long chain of
 * them a step begins when the one before it ended: one reading a step. That holds only within one turn of the event
 * loop and while nothing takes long, so a later turn, or a gap of more than a millisecond, goes back to reading twice.
 */
export class TurnClock {
  readonly #clock: Clock;
  #last = 0;
  #readings = 0;
  #isReused = false;
  #stopTimer: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The time, read now. */
  now(): number {
    const now = this.#clock.now();
    if (this.#isReused && now - this.#last > 1) this.stop();
    this.#last = now;
    return now;
  }

  /** The time a step begins: now, or when the step before it ended, if that was in this turn. */
  nowOrLast(): number {
    if (this.#isReused) return this.#last;
    // A clock of the user's own may tell what it likes, whenever it likes.
    if (this.#clock === systemClock) this.#count();
    return this.now();
  }

  /** Forgets the turn; no timer is left. */
  stop(): void {
    this.#stopTimer?.();
    this.#startOver();
  }

  #count(): void {
    this.#readings += 1;
    if (this.#readings < READINGS_BEFORE_REUSE) return;
    this.#isReused = true;
    this.#stopTimer = onLaterTurn(() => this.#startOver());
  }

  #startOver(): void {
    this.#isReused = false;
    this.#readings = 0;
    this.#stopTimer = null;
  }
}
