import { RunCancelledError, RunTimeoutError } from "../core/errors.ts";
import type { Opening, PlannedEnd } from "./opening.ts";
import { OuterEnd } from "./outer_end.ts";
import type { RunEnding } from "./run_ending.ts";
import type { RunSettings } from "./run_settings.ts";

/** The run that is to begin. */
export interface BeginningHost {
  /** How it has ended, `null` if it has not. */
  readonly ending: RunEnding | null;
  /** Tells what the run was asked for. */
  tellStart(): void;
  /** Goes on. */
  advance(): void;
  /** Ends the run, unless it has ended. */
  end(planned: PlannedEnd): RunEnding;
}

/** What comes before a run's first step, and how a run ends from outside, however far it has come. */
export class Beginning {
  /** What makes the run known to its store, `null` if it is kept in none. */
  readonly opening: Opening | null;
  readonly #host: BeginningHost;
  readonly #settings: RunSettings;
  /** What may end it from outside, `null` for nothing. */
  readonly #outerEnd: OuterEnd | null;
  /** Settles when the start payload is known to be good or bad, `null` if it is. */
  readonly #checked: Promise<void> | null;
  /** The start payload's schema has not answered yet. */
  #isChecking = false;
  #isOver = false;

  constructor(
    host: BeginningHost,
    settings: RunSettings,
    opening: Opening | null,
    checked: PromiseLike<unknown> | null,
  ) {
    this.#host = host;
    this.#settings = settings;
    this.opening = opening;
    this.#outerEnd = settings.signal === null && settings.timeoutMs === Infinity ? null : this.#createOuterEnd();
    this.#checked = checked === null ? null : this.#waitForCheck(checked);
  }

  /** True once the run has begun. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Opens the run in its store, if it is kept in one; settles when that has been done or has failed. */
  async open(): Promise<void> {
    await this.#checked;
    if (this.#host.ending !== null) return;
    this.#outerEnd?.listen();
    await this.opening?.open();
  }

  /** Lets the run begin if nothing has to be waited for; answers whether it has begun. */
  tryNow(): boolean {
    this.#outerEnd?.listen();
    // The signal may have ended it.
    if (this.#isChecking || this.#host.ending !== null) return false;
    if (this.opening === null) this.#begin();
    else this.opening.open();
    return this.#isOver;
  }

  /** The run has begun. */
  finish(): void {
    this.#isOver = true;
  }

  /** The run was started then, elsewhere: its time counts from there. */
  countFrom(startedAt: number): void {
    this.#outerEnd?.countFrom(startedAt);
  }

  /** Ends the run now, or, if its store does not know it yet, as soon as it does. */
  endSoon(planned: PlannedEnd): RunEnding {
    const { ending } = this.#host;
    if (ending !== null) return ending;
    if (this.opening !== null && !this.#isOver) return this.opening.endWhenOpen(planned);
    this.#begin();
    return this.#host.end(planned);
  }

  /** The run has ended: nothing ends it from outside any more, and no timer or listener is left. */
  stop(): void {
    this.#outerEnd?.stop();
  }

  #begin(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#host.tellStart();
  }

  /** Nothing happens before the payload is known to be good; a bad one ends the run before it has begun. */
  async #waitForCheck(checked: PromiseLike<unknown>): Promise<void> {
    this.#isChecking = true;
    try {
      await checked;
      this.#isChecking = false;
    } catch (error) {
      // One that is to be cancelled is on its way to its store already, and ends as it was told to.
      if (this.opening?.isOnItsWay !== true) this.#host.end({ status: "failed", error, suspended: null });
    }
    this.#host.advance();
  }

  #createOuterEnd(): OuterEnd {
    const { runId, clock, timeoutMs, signal } = this.#settings;
    return new OuterEnd({
      clock,
      timeoutMs,
      signal,
      onTimeout: () =>
        this.endSoon({ status: "failed", error: new RunTimeoutError(runId, timeoutMs), suspended: null }),
      onAbort: (reason: unknown = new RunCancelledError(runId)) =>
        this.endSoon({ status: "cancelled", error: reason, suspended: null }),
    });
  }
}
