import { type Clock, systemClock } from "../core/clock.ts";
import { onLaterTurn } from "../core/later_turn.ts";

/** How long steps may keep the event loop to themselves, in ms: by then timers and sockets wait noticeably. */
const TURN_MS = 20;
/** Reading the clock before each step would cost as much as a part of it. */
const STEPS_A_LOOK = 16;
/** A timer costs as much as a few steps, so a run of few and quick ones has none. */
const FEW_STEPS = 128;
const QUICK_MS = 2;

/** How many runs wait for a turn: they share its time. */
let waiting = 0;

/**
 * The turn of the event loop that a run's steps take. Promises alone never end one: without this a run whose actions
 * wait for nothing else would let no timer, signal or client be heard before its own end.
 */
export class Turn {
  readonly #clock: Clock;
  readonly #goOn: () => void;
  #steps = 0;
  /** When the steps were looked at last, or, once a timer tells the end of the turn, when that was set. */
  #since = NaN;
  #stopTimer: (() => void) | null = null;
  #isOver = false;

  /** @param goOn Called on a later turn, once this one is over */
  constructor(clock: Clock, goOn: () => void) {
    this.#clock = clock;
    this.#goOn = goOn;
  }

  /** Asked before each step; answers whether it has to wait for a later turn. */
  isOver(): boolean {
    if (this.#isOver) return true;
    this.#steps += 1;
    // Who brings a clock decides when time goes on, and needs to know when a run has nothing left to do until then.
    if (this.#steps % STEPS_A_LOOK !== 0 || this.#clock !== systemClock) return false;
    const now = this.#clock.now();
    if (this.#stopTimer === null) this.#begin(now);
    else if (now - this.#since >= TURN_MS / (1 + waiting)) this.#end(this.#stopTimer);
    return this.#isOver;
  }

  /** Leaves no timer. */
  stop(): void {
    this.#stopTimer?.();
    this.#startOver();
  }

  #begin(now: number): void {
    const isLong = this.#steps >= FEW_STEPS || now - this.#since > QUICK_MS;
    this.#since = now;
    if (isLong) this.#stopTimer = onLaterTurn(() => this.#startOver());
  }

  #end(stopTimer: () => void): void {
    stopTimer();
    this.#isOver = true;
    waiting += 1;
    this.#stopTimer = onLaterTurn(() => {
      this.#startOver();
      this.#goOn();
    });
  }

  #startOver(): void {
    if (this.#isOver) waiting -= 1;
    this.#isOver = false;
    this.#steps = 0;
    this.#since = NaN;
    this.#stopTimer = null;
  }
}
