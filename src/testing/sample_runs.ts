import { createRunId } from "../core/run_id.ts";
import type { NewRun, RunCommit, RunHead, StoredEvent } from "../core/run_store.ts";

/** When the cases take place, in epoch ms. */
export const NOW = 1_800_000_000_000;

/** A name that nobody else uses. */
export function createName(): string {
  return `case-${createRunId()}`;
}

/** A run of its own, with two events, that is due at `NOW + 1000`. */
export function sampleRun(changes: Partial<NewRun> = {}): NewRun {
  return {
    runId: createName(),
    workflow: "case",
    version: "1",
    snapshot: `{"queue":[]}`,
    events: sampleEvents(1, 2),
    wakeAt: NOW + 1000,
    now: NOW,
    ...changes,
  };
}

/** Events with the numbers from `first` to `last`. */
export function sampleEvents(first: number, last: number): readonly StoredEvent[] {
  const events: StoredEvent[] = [];
  for (let seq = first; seq <= last; seq += 1) events.push({ seq, text: `{"type":"step.log","seq":${seq}}` });
  return events;
}

/** The head of a run that was created and then left alone. */
export function headOf(run: NewRun): RunHead {
  return {
    runId: run.runId,
    workflow: run.workflow,
    version: run.version,
    status: "running",
    revision: 1,
    lastSeq: run.events.length,
    wakeAt: run.wakeAt,
    createdAt: run.now,
    updatedAt: run.now,
  };
}

/** A commit to a run at a revision, that changes nothing but what it is told to. */
export function sampleCommit(run: NewRun, revision: number, changes: Partial<RunCommit> = {}): RunCommit {
  return {
    runId: run.runId,
    revision,
    createdAt: run.now,
    version: run.version,
    status: "running",
    record: null,
    snapshot: null,
    events: [],
    wakeAt: run.wakeAt,
    now: run.now,
    ...changes,
  };
}

/** A commit that ends the run. */
export function sampleEnd(run: NewRun, revision: number): RunCommit {
  return sampleCommit(run, revision, { status: "completed", wakeAt: null });
}
