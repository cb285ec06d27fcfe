import { type Clock, systemClock } from "../core/clock.ts";
import { onLaterTurn } from "../core/later_turn.ts";

/** How long steps may keep the event loop to themselves, in ms: by then timers and sockets wait noticeably. */
const TURN_MS = 20;
/** That many take as long at the least: the clock of a Worker stands still while it computes. */
const TURN_STEPS = 50_000;
/**
 * Reading the clock before each step would cost as much as a part of it, unless steps are slow. The first look comes
 * after some: of many short runs at once none is to be taken for slow because of the others.
 */
const STEPS_A_LOOK = 16;
const FIRST_LOOK = 8;
const SLOW_MS = 2;
/** A timer costs as much as a few steps, so a run of few and quick ones has none. */
const FEW_STEPS = 128;

/** How many runs wait for a turn: they share its time. */
let waiting = 0;

/** Whose turns they are. */
interface TurnHost {
  /** Called on a later turn, once one is over. */
  goOn(): void;
}

/** Before the first look there is none. */
const NEVER = -1;

/**
 * The turn of the event loop that a run's steps take. Promises alone never end one: without this a run whose actions
 * wait for nothing else would let no timer, signal or client be heard before its own end.
 */
export class Turn {
  readonly #clock: Clock;
  readonly #host: TurnHost;
  #steps = 0;
  /** The step before which the clock is read next. */
  #nextLook = FIRST_LOOK;
  /** When that was last done, or, once a timer tells the end of the turn, when that was set. */
  #since = NEVER;
  #stopTimer: (() => void) | null = null;
  #isOver = false;
  /** Those who wait for the next one, `null` for nobody. */
  #nexts: (() => void)[] | null = null;

  constructor(clock: Clock, host: TurnHost) {
    this.#clock = clock;
    this.#host = host;
  }

  /** True while a timer is set that tells the end of this turn: what is known by then is of the same turn. */
  get isTimed(): boolean {
    return this.#stopTimer !== null && !this.#isOver;
  }

  /** Asked before each step, and each chunk of a generator; answers whether it has to wait for a later turn. */
  isOver(): boolean {
    if (this.#isOver) return true;
    this.#steps += 1;
    // Who brings a clock decides when time goes on, and needs to know when a run has nothing left to do until then.
    if (this.#steps >= this.#nextLook && this.#clock === systemClock) this.#look(this.#clock.now());
    return this.#isOver;
  }

  /** Settles on the turn after one that is over. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      (this.#nexts ??= []).push(resolve);
    });
  }

  /** Leaves no timer. */
  stop(): void {
    this.#stopTimer?.();
    this.#startOver();
  }

  #look(now: number): void {
    if (this.#stopTimer === null) return this.#begin(now);
    const ms = now - this.#since;
    this.#nextLook = this.#steps + (ms > SLOW_MS * this.#steps / STEPS_A_LOOK ? 1 : STEPS_A_LOOK);
    // A clock may be set back.
    if (ms >= TURN_MS / (1 + waiting) || ms < 0 || this.#steps >= TURN_STEPS) this.#end(this.#stopTimer);
  }

  #begin(now: number): void {
    const isSlow = this.#since !== NEVER && now - this.#since > SLOW_MS;
    this.#since = now;
    this.#nextLook = this.#steps + (isSlow ? 1 : Math.min(this.#steps, STEPS_A_LOOK));
    if (isSlow || this.#steps >= FEW_STEPS) this.#stopTimer = onLaterTurn(() => this.#startOver());
  }

  #end(stopTimer: () => void): void {
    stopTimer();
    this.#isOver = true;
    waiting += 1;
    this.#stopTimer = onLaterTurn(() => {
      this.#startOver();
      this.#host.goOn();
    });
  }

  #startOver(): void {
    if (this.#isOver) waiting -= 1;
    this.#isOver = false;
    this.#steps = 0;
    this.#nextLook = FIRST_LOOK;
    this.#since = NEVER;
    this.#stopTimer = null;
    const nexts = this.#nexts;
    this.#nexts = null;
    for (const resolve of nexts ?? []) resolve();
  }
}
