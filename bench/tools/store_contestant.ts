import type { RunStore } from "@stepstream/workflow";
import type { RecordedRun, RecordedWrite } from "./recorded_run.ts";

/** A store, and how the same would be written by hand. */
export interface StoreContestant extends AsyncDisposable {
  readonly store: RunStore;
  write(runId: string, write: RecordedWrite, revision: number): void | Promise<unknown>;
}

/** Writes what a run has written once more, as another run, without the engine and the store. */
export async function writeBare(contestant: StoreContestant, { created, commits }: RecordedRun): Promise<void> {
  const runId = crypto.randomUUID();
  let revision = 1;
  await contestant.write(runId, created, revision);
  for (const commit of commits) await contestant.write(runId, commit, revision += 1);
}
