import { RunCancelledError, RunReleasedError, StepLimitError } from "../core/errors.ts";
import type { RunEndEvent, RunStatus } from "../core/events.ts";
import type { Attempt } from "./attempt.ts";
import { Beginning, type BeginningHost } from "./beginning.ts";
import { EventTeller } from "./event_teller.ts";
import type { HandOff } from "./hand_off.ts";
import { InsideStep } from "./inside_step.ts";
import type { Journal, JournalHost } from "./journal.ts";
import { Later } from "./later.ts";
import { OnItsOwn } from "./on_its_own.ts";
import type { OpeningHost, PlannedEnd, Suspension } from "./opening.ts";
import type { RunEnding } from "./run_ending.ts";
import type { RunPlace } from "./run_place.ts";
import type { RunPlan, RunSettings } from "./run_settings.ts";
import type { Stage } from "./stage.ts";
import { StepLoop, type StepLoopHost } from "./step_loop.ts";
import type { StoredParts } from "./stored_parts.ts";
import type { TraceRecorder } from "./trace_recorder.ts";

/** One run from its beginning to its end: what is asked of it from outside, and what is around its steps. */
export class Run implements StepLoopHost, JournalHost, OpeningHost, BeginningHost {
  readonly runId: string;
  readonly handOff: HandOff;
  readonly beginning: Beginning;
  /** What keeps the run in its store, `null` if nothing does. A run inside a step is part of that step. */
  readonly journal: Journal | null;
  readonly loop: StepLoop;
  readonly #plan: RunPlan;
  readonly #settings: RunSettings;
  readonly #place: RunPlace;
  readonly #stage: Stage;
  readonly #tell: EventTeller;
  readonly #onEnd: (ending: RunEnding) => void;
  #ending: RunEnding | null = null;
  #isAdvancing = false;

  constructor(
    plan: RunPlan,
    settings: RunSettings,
    onEnd: (ending: RunEnding) => void,
    parts: StoredParts | null,
    place: RunPlace = new OnItsOwn(settings),
  ) {
    const { stage } = place;
    this.runId = settings.runId;
    this.handOff = stage.handOff;
    this.#plan = plan;
    this.#settings = settings;
    this.#place = place;
    this.#stage = stage;
    this.#onEnd = onEnd;
    const kept = parts?.keep(plan, settings, stage.handOff, this);
    const journal = kept?.journal ?? null;
    this.journal = journal;
    stage.journal ??= journal;
    const tell = new EventTeller(settings, place);
    this.#tell = tell;
    this.loop = new StepLoop({ host: this, plan, settings, place, journal, tell });
    stage.runs.add(this);
    this.beginning = new Beginning(this, settings, kept?.opening ?? null, plan.checked);
  }

  get ending(): RunEnding | null {
    return this.#ending;
  }

  get trace(): TraceRecorder {
    return this.#stage.trace;
  }

  complete(): void {
    this.#end("completed", null);
  }

  fail(error: unknown): void {
    this.#end("failed", error);
  }

  /** Goes on for as long as somebody wants an event and nothing has to be waited for. */
  advance(): void {
    if (this.#isAdvancing || this.#ending !== null) return;
    this.#isAdvancing = true;
    try {
      if (!this.beginning.isOver && !this.beginning.tryNow()) return;
      this.loop.advance();
    } finally {
      this.#isAdvancing = false;
    }
  }

  /** Ends the run at once, unless it has ended. */
  cancel(reason: unknown = new RunCancelledError(this.runId)): RunEnding {
    return this.beginning.endSoon({ status: "cancelled", error: reason, suspended: null });
  }

  /** Ends the work on the run at once: one that is kept in a store is left for later, any other is cancelled. */
  leave(reason: string, until: number | null = null): RunEnding {
    if (this.journal === null) return this.cancel();
    const error = new RunReleasedError(this.runId);
    const planned = { status: "cancelled", error, suspended: { reason, until } } as const;
    return this.beginning.opening?.isOnItsWay ? this.beginning.endSoon(planned) : this.end(planned);
  }

  tellStart(): void {
    this.#tell.runStart(this.#plan);
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
    if (this.beginning.opening?.isInStore) this.beginning.finish();
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
        this.#stage.advanceIdle();
        if (cleanup !== null) await cleanup;
        if (status === "completed") resolve();
        else reject(error);
      };
      new Run(plan, { ...this.#settings, ...settings, signal, timeoutMs: Infinity }, onEnd, null, place).advance();
    });
  }

  /**
   * Ends the run, unless it has ended: what is at work is aborted, and nothing is told after `run.end`. One that is
   * suspended has not ended for its store.
   */
  #end(status: RunStatus, error: unknown, suspended: Suspension | null = null): RunEnding {
    if (this.#ending !== null) return this.#ending;
    const { isInside } = this.#place;
    const { journal } = this;
    this.#stage.runs.delete(this);
    this.beginning.stop();
    const settled = this.loop.settled();
    const saved = new Later<void>();
    const cleanup = journal === null ? settled : Promise.all([settled, saved.promise]).then(() => {});
    const ending = { status, error, cleanup };
    // Set before anything is aborted: an abort listener may call back into the run.
    this.#ending = ending;
    if (suspended !== null) this.loop.keepWhatIsLeft();
    this.loop.stop(error);
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
