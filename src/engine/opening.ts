import { describedText, describeError } from "../core/describe_error.ts";
import { RunCancelledError, RunFailedError } from "../core/errors.ts";
import type { RunEndEvent, RunStatus } from "../core/events.ts";
import type { Journal } from "./journal.ts";
import { Later } from "./later.ts";
import { openRun } from "./open_run.ts";
import type { RunEnding } from "./run_ending.ts";
import type { RunPlan, RunSettings, Storage } from "./run_settings.ts";
import { settledWithin } from "./settled_within.ts";
import type { RestoredState } from "./stored_state.ts";

/** How a run is to end: for good, or, if it is suspended, only here. */
export interface PlannedEnd {
  readonly status: RunStatus;
  readonly error: unknown;
  /** Why it is left for later, and for when; `null` if it is not. */
  readonly suspended: Suspension | null;
}

/** That a run is left for later. */
export interface Suspension {
  readonly reason: string;
  /** When it is due again, in epoch ms, `null` for as soon as somebody can. */
  readonly until: number | null;
}

/** The run that is opened. */
export interface OpeningHost {
  /** How it has ended, `null` if it has not. */
  readonly ending: RunEnding | null;
  /** What lets its time count from when it was started. */
  readonly beginning: { countFrom(startedAt: number): void };
  /** What takes in where the run stood. */
  readonly loop: { restore(restored: RestoredState): void };
  /** Tells what the run was asked for. */
  tellStart(): void;
  /** Goes on, after this event if the run had begun before. */
  begin(from: number | null): void;
  /** The run had ended before, so it ends as it did then, with what had kept it from completing, `null` for nothing. */
  endAsBefore(end: RunEndEvent, failure: unknown): void;
  /** Ends, unless it has ended. */
  end(planned: PlannedEnd): void;
}

/** Makes a run known to its store, or finds it there, once. Nothing of the run happens before. */
export class Opening {
  readonly #plan: RunPlan;
  readonly #settings: RunSettings;
  readonly #storage: Storage;
  readonly #journal: Journal;
  readonly #host: OpeningHost;
  #done: Promise<void> | null = null;
  #isInStore = false;
  #lastPastSeq = 0;
  #planned: PlannedEnd | null = null;

  constructor(plan: RunPlan, settings: RunSettings, storage: Storage, journal: Journal, host: OpeningHost) {
    this.#plan = plan;
    this.#settings = settings;
    this.#storage = storage;
    this.#journal = journal;
    this.#host = host;
  }

  /** True from when it was asked for until the store has answered. */
  get isOnItsWay(): boolean {
    return this.#done !== null && !this.#journal.isOpen;
  }

  /** True once the run is known to be in the store. */
  get isInStore(): boolean {
    return this.#isInStore;
  }

  /** The last event that was in the store before; of a run that had ended, the one before its end. */
  get lastPastSeq(): number {
    return this.#lastPastSeq;
  }

  /** Begins, unless it has begun. Settles when the store has answered. */
  open(): Promise<void> {
    if (this.#done === null) {
      // Set before anything is done: a clock that is asked on the way may end the run, which opens it as well.
      const done = new Later<void>();
      this.#done = done.promise;
      this.#open().then(done.resolve);
    }
    return this.#done;
  }

  /** Lets the run end as soon as it is open. The first to say so says how, but an end is an end. */
  endWhenOpen(planned: PlannedEnd): RunEnding {
    if (this.#planned === null || this.#planned.suspended !== null) this.#planned = planned;
    return { ...planned, cleanup: this.#cleanUp() };
  }

  async #cleanUp(): Promise<void> {
    const { cleanupTimeoutMs, clock } = this.#settings;
    // The store may never answer.
    await settledWithin([this.open()], cleanupTimeoutMs, clock, null);
    await this.#host.ending?.cleanup;
  }

  async #open(): Promise<void> {
    const { runId, clock } = this.#settings;
    try {
      // A new run is stored with its first event.
      if (this.#storage.opening !== "resume") this.#host.tellStart();
      const options = { runId, plan: this.#plan, storage: this.#storage, now: clock.now() };
      const opened = await openRun(options, this.#journal);
      this.#isInStore = true;
      if (opened.restored === null) {
        this.#journal.begin(opened.place, opened.events);
        this.#begin(null);
      } else {
        const { restored, createdAt, place: { lastSeq }, end } = opened;
        this.#lastPastSeq = end === null ? lastSeq : lastSeq - 1;
        this.#journal.restore(restored);
        this.#host.loop.restore(restored);
        if (end !== null) return this.#host.endAsBefore(end, this.#toFailure(end));
        this.#journal.begin(opened.place, []);
        this.#host.beginning.countFrom(createdAt);
        this.#begin(lastSeq);
      }
    } catch (error) {
      this.#host.end({ status: "failed", error, suspended: null });
    }
  }

  #toFailure({ status, error }: RunEndEvent): unknown {
    if (status === "completed") return null;
    const { runId } = this.#settings;
    const told = describeError(error);
    if (status === "failed") return new RunFailedError(runId, describedText(told), error);
    const isUntold = told.name === "RunCancelledError";
    return isUntold ? new RunCancelledError(runId) : new RunCancelledError(runId, describedText(told), error);
  }

  #begin(from: number | null): void {
    if (this.#planned === null) this.#host.begin(from);
    else this.#host.end(this.#planned);
  }
}
