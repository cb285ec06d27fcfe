import type { Beginning } from "./beginning.ts";
import type { HandOff } from "./hand_off.ts";
import { Journal, type JournalHost } from "./journal.ts";
import { Opening, type OpeningHost } from "./opening.ts";
import { type PastHost, RunPast } from "./run_past.ts";
import type { RunPlan, RunSettings } from "./run_settings.ts";

/** What a run needs that is kept in a store, and no other: it is loaded when the first one is asked for. */
export interface StoredParts {
  /** What keeps a run, and what makes it known to its store; `null` for a run without one. */
  keep(plan: RunPlan, settings: RunSettings, handOff: HandOff, host: JournalHost & OpeningHost): Kept | null;
  /** What was before the run was resumed; `null` for a run without a store. */
  openPast(settings: RunSettings, beginning: Beginning, host: PastHost): RunPast | null;
}

/** A run's ties to its store. */
export interface Kept {
  readonly journal: Journal;
  readonly opening: Opening;
}

/** The parts, all of them. */
export const storedParts: StoredParts = { keep, openPast };

function keep(
  plan: RunPlan,
  settings: RunSettings,
  handOff: HandOff,
  host: JournalHost & OpeningHost,
): Kept | null {
  const { runId, storage, clock, maxBufferedEvents, captureTrace } = settings;
  if (storage === null) return null;
  const journal = new Journal({ ...storage, runId, clock, handOff, maxBufferedEvents, captureTrace }, host);
  return { journal, opening: new Opening(plan, settings, storage, journal, host) };
}

function openPast(settings: RunSettings, beginning: Beginning, host: PastHost): RunPast | null {
  const { storage } = settings;
  return storage === null ? null : new RunPast(settings, storage, beginning, host);
}
