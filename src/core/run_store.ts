import type { RunStatus } from "./events.ts";

/** The status of a stored run: somebody works on it, nobody does for now, or it has ended. */
export type StoredRunStatus = "running" | "suspended" | RunStatus;

/** What a store knows of a run without reading its state. */
export interface RunHead {
  /** The run's id. */
  readonly runId: string;
  /** The name of its workflow. */
  readonly workflow: string;
  /** The version of the workflow that last wrote it. */
  readonly version: string;
  /** Its status. */
  readonly status: StoredRunStatus;
  /** 1 when the run is created, then one more with every commit and every claim. A commit has to name it. */
  readonly revision: number;
  /** The `seq` of its last event, 0 for none. */
  readonly lastSeq: number;
  /**
   * The time from which anybody may claim it, in epoch ms: when its lease ends, or when it is due; `null` once it has
   * ended.
   */
  readonly wakeAt: number | null;
  /** When it was created, in epoch ms. */
  readonly createdAt: number;
  /** When it was committed last, in epoch ms. */
  readonly updatedAt: number;
}

/** A run with all it takes to continue it: its last snapshot, and the records committed since. */
export interface StoredRun extends RunHead {
  /** The state when the snapshot was taken, which only the engine can read. */
  readonly snapshot: string;
  /** The records of the commits after the snapshot's, in their order. */
  readonly records: readonly StoredRecord[];
}

/** What one commit has changed in a run's state. */
export interface StoredRecord {
  /** The revision that the commit led to. */
  readonly revision: number;
  /** The change, which only the engine can read. */
  readonly text: string;
}

/** An event in a store. */
export interface StoredEvent {
  /** Its place in the run's sequence, from 1 on. */
  readonly seq: number;
  /** The event as one JSON object (RFC 8259). */
  readonly text: string;
}

/** A new run to store. */
export interface NewRun {
  /** The run's id. */
  readonly runId: string;
  /** The name of its workflow. */
  readonly workflow: string;
  /** The version of its workflow. */
  readonly version: string;
  /** The state it starts with. */
  readonly snapshot: string;
  /** Its first events, from `seq` 1 on. */
  readonly events: readonly StoredEvent[];
  /** The end of its creator's lease, in epoch ms. */
  readonly wakeAt: number;
  /** The current time, in epoch ms: a store has no clock of its own. */
  readonly now: number;
}

/** What to write to a run: all of it or nothing. */
export interface RunCommit {
  /** The run's id. */
  readonly runId: string;
  /** The revision that the writer knows. If the run has another one by then, nothing is written. */
  readonly revision: number;
  /** When the run was created: if it was deleted and made anew since, nothing is written. */
  readonly createdAt: number;
  /** The version of the workflow that the writer has. */
  readonly version: string;
  /** The new status. */
  readonly status: StoredRunStatus;
  /** What changed in the state, `null` for nothing. */
  readonly record: string | null;
  /** The state after this commit, which replaces its record and all those before it; `null` for none. */
  readonly snapshot: string | null;
  /** Its events, which follow the last stored one without a gap. */
  readonly events: readonly StoredEvent[];
  /** The time from which anybody may claim it, in epoch ms; `null` once it has ended. */
  readonly wakeAt: number | null;
  /** The current time, in epoch ms. */
  readonly now: number;
}

/** Which runs to take over. */
export interface RunClaim {
  /** Only this run, if it is due. Default: any that is. */
  readonly runId?: string | undefined;
  /** Only runs of these workflows. Default: of any. */
  readonly workflows?: readonly string[] | undefined;
  /** Whether to take runs that are not due as well, though somebody else may be working on them. Default: false. */
  readonly isForced?: boolean | undefined;
  /** How many at most. */
  readonly limit: number;
  /** The new `wakeAt`, in epoch ms: the end of the claimer's lease. */
  readonly until: number;
  /** The current time, in epoch ms: runs with a `wakeAt` up to then are due. */
  readonly now: number;
}

/** Which part of the list of runs to read. */
export interface RunQuery {
  /** Only runs of this status. Default: of any. */
  readonly status?: StoredRunStatus | undefined;
  /** Only runs of this workflow. Default: of any. */
  readonly workflow?: string | undefined;
  /** Only runs that come after this one in the list. Default: from the first on. */
  readonly after?: Pick<RunHead, "createdAt" | "runId"> | undefined;
  /** How many at most. */
  readonly limit: number;
}

/**
 * Where runs are kept. Texts come back unchanged, whatever is in them. Every method writes all or nothing, and what it
 * has written is visible to everybody once its promise settles, in other processes too. A method rejects if the store
 * cannot be reached or read; that somebody else has taken over a run is no error, but `false`.
 *
 * `runStoreCases` of `@stepstream/workflow/testing` tests whether a store of your own keeps these promises.
 */
export interface RunStore {
  /** Stores a new run as `running`; `false` if there is already one of this id. */
  create(run: NewRun): Promise<boolean>;
  /** Finds a run, whatever its status; `null` if there is none. */
  find(runId: string): Promise<RunHead | null>;
  /** Reads a run with its state; `null` if there is none. */
  load(runId: string): Promise<StoredRun | null>;
  /** Writes to a run; `false` if its revision is not the writer's, or the run is gone or was made anew. */
  commit(commit: RunCommit): Promise<boolean>;
  /** Reads the events with a `seq` above `after`, in order, `limit` at most. */
  events(runId: string, after: number, limit: number): Promise<readonly StoredEvent[]>;
  /**
   * Takes over runs that have not ended, those that have been due the longest first. Each gets a new revision, which
   * fences off whoever had it, and the new `wakeAt`. Two claimers never get the same run at the same revision. A run
   * whose head cannot be read is left out, so that it does not hold up others; a claim of its `runId` may reject.
   */
  claim(claim: RunClaim): Promise<readonly RunHead[]>;
  /**
   * Lists runs, the newest first; those created at the same time by id, the greatest first (by code units, as `<`
   * compares). A run whose head cannot be read is left out, and the next one takes its place; `find` rejects for it.
   */
  list(query: RunQuery): Promise<readonly RunHead[]>;
  /** Deletes a run and all of its events; `false` if there was none. */
  delete(runId: string): Promise<boolean>;
  /**
   * Calls back when a run may have been written to, by anybody: a hint that may come late, twice or never. Returns a
   * function that stops it. Stores without this method are polled by those who wait.
   */
  onCommit?(listener: (runId: string) => void): () => void;
}
