import type { RunStore } from "../core/run_store.ts";
import type { TraceEntry } from "../core/trace.ts";
import type { Beginning } from "./beginning.ts";
import type { HandOff } from "./hand_off.ts";
import { Journal, type JournalHost } from "./journal.ts";
import { Opening, type OpeningHost } from "./opening.ts";
import { PastEvents, type PastHost, readPast } from "./past_events.ts";
import type { RunPlan, RunSettings } from "./run_settings.ts";
import { readEvents } from "./store_access.ts";
import { StoredTrace } from "./stored_trace.ts";

/** What a run needs that is kept in a store, and no other: it is loaded when the first one is asked for. */
export interface StoredParts {
  /** What keeps a run, and what makes it known to its store; `null` for a run without one. */
  keep(plan: RunPlan, settings: RunSettings, handOff: HandOff, host: JournalHost & OpeningHost): Kept | null;
  /** What a reader still has to get from before the run was resumed; `null` if that is nothing. */
  openPast(settings: RunSettings, beginning: Beginning, host: PastHost): PastEvents | null;
  /** The trace of what was done up to an event. */
  readTrace(store: RunStore, runId: string, until: number): Promise<readonly TraceEntry[]>;
}

/** A run's ties to its store. */
export interface Kept {
  readonly journal: Journal;
  readonly opening: Opening;
}

/** The parts, all of them. */
export const storedParts: StoredParts = { keep, openPast, readTrace };

function keep(
  plan: RunPlan,
  settings: RunSettings,
  handOff: HandOff,
  host: JournalHost & OpeningHost,
): Kept | null {
  const { runId, storage, clock, maxBufferedEvents, captureTrace } = settings;
  if (storage === null) return null;
  const journal = new Journal({ ...storage, runId, clock, handOff, maxBufferedEvents, captureTrace }, host);
  return { journal, opening: new Opening(runId, plan, storage, clock, journal, host) };
}

function openPast({ runId, storage }: RunSettings, beginning: Beginning, host: PastHost): PastEvents | null {
  if (storage === null || storage.after === null) return null;
  return new PastEvents(readPast(storage.store, runId, storage.after, beginning), host);
}

async function readTrace(store: RunStore, runId: string, until: number): Promise<readonly TraceEntry[]> {
  const trace = new StoredTrace();
  for await (const event of readEvents(store, runId, 0, until)) trace.add(event);
  return trace.entries;
}
