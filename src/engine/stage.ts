import { DecisionLine } from "./decision_line.ts";
import { Few } from "./few.ts";
import { GuardedLogger } from "./guarded_logger.ts";
import { HandOff } from "./hand_off.ts";
import type { Journal } from "./journal.ts";
import type { RunSettings } from "./run_settings.ts";
import type { StepsInside } from "./steps_inside.ts";
import { TraceRecorder } from "./trace_recorder.ts";
import { Turn } from "./turn.ts";
import { TurnClock } from "./turn_clock.ts";

/**
 * What a run shares with those inside it: one sequence of events, one trace, one count of tokens, steps and actions.
 */
export class Stage {
  readonly handOff: HandOff;
  /** What keeps the events, `null` if they go to the reader as they are. */
  journal: Journal | null = null;
  readonly clock: TurnClock;
  readonly logger: GuardedLogger | null;
  readonly trace = new TraceRecorder();
  readonly decisions = new DecisionLine();
  /** Those that go on, the outermost first. */
  readonly runs = new Few<{ advance(): void }>();
  readonly turn: Turn;
  /** The last token's id. */
  tokens = 0;
  /** How many steps are at work or finished. */
  startedSteps = 0;
  finishedSteps = 0;
  /** Those of them that the store does not count yet, `null` for none. */
  inside: StepsInside | null = null;
  /** How many actions are at work and wait for something. */
  busy = 0;

  readonly #concurrency: number;

  constructor({ runId, clock, loggers, concurrency }: RunSettings) {
    this.handOff = new HandOff(runId);
    this.turn = new Turn(clock, this);
    this.clock = new TurnClock(clock, this.turn);
    this.#concurrency = concurrency;
    this.logger = loggers.length === 0 ? null : new GuardedLogger(loggers);
  }

  /** A new turn has begun. */
  goOn(): void {
    for (const run of this.runs) run.advance();
  }

  /** Lets whoever waits for room have what there is of it. */
  advanceIdle(): void {
    if (this.#concurrency === Infinity) return;
    for (const run of this.runs) {
      if (this.busy >= this.#concurrency) return;
      run.advance();
    }
  }
}
