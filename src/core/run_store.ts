import type { RunStatus } from "./events.ts";

/** Where a stored run stands: somebody works on it, nobody does for now, or it has ended. */
export type StoredRunStatus = "running" | "suspended" | RunStatus;

/** What a store tells of a run without reading its state. */
export interface RunHead {
  /** The run's id. */
  readonly runId: string;
  /** The name of its workflow. */
  readonly workflow: string;
  /** The version of its workflow that it was stored by last. */
  readonly version: string;
  /** Where it stands. */
  readonly status: StoredRunStatus;
  /** Grows by one with every commit and every claim; 1 when the run is created. Who does not know it may not commit. */
  readonly revision: number;
  /** The `seq` of its last event, 0 for none. */
  readonly lastSeq: number;
  /**
   * From when on anybody may claim it, in epoch ms: when the lease ends, or when it is due; `null` once it has ended.
   */
  readonly wakeAt: number | null;
  /** When it was created, in epoch ms. */
  readonly createdAt: number;
  /** When it was committed last, in epoch ms. */
  readonly updatedAt: number;
}

/** A run with all it takes to go on: its last snapshot, and what was committed since. */
export interface StoredRun extends RunHead {
  /** The state when the snapshot was taken. */
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

/** A run that is to be stored. */
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
  /** Until then it is its creator's, in epoch ms. */
  readonly wakeAt: number;
  /** The time, in epoch ms: a store has no clock of its own. */
  readonly now: number;
}

/** What is to be written to a run, all of it or nothing. */
export interface RunCommit {
  /** The run's id. */
  readonly runId: string;
  /** The revision that the writer knows. If the run has another one by now, nothing is written. */
  readonly revision: number;
  /** The version of the workflow that the writer has. */
  readonly version: string;
  /** Where the run stands now. */
  readonly status: StoredRunStatus;
  /** What has changed in the state, `null` for nothing. */
  readonly record: string | null;
  /** The state after this commit, which makes its record and all those before it needless; `null` for none. */
  readonly snapshot: string | null;
  /** Events that follow the last one without a gap. */
  readonly events: readonly StoredEvent[];
  /** From when on anybody may claim it, in epoch ms; `null` once it has ended. */
  readonly wakeAt: number | null;
  /** The time, in epoch ms. */
  readonly now: number;
}

/** Which runs somebody wants to take over. */
export interface RunClaim {
  /** Only this run, if it is due. Default: whichever are. */
  readonly runId?: string | undefined;
  /** Only runs of these workflows. Default: of any. */
  readonly workflows?: readonly string[] | undefined;
  /** Whether also runs are taken that are not due: somebody else may be at work on them. Default: false. */
  readonly isForced?: boolean | undefined;
  /** How many at most. */
  readonly limit: number;
  /** The new `wakeAt`, in epoch ms: until then the runs are the claimer's. */
  readonly until: number;
  /** The time, in epoch ms: what is due by then. */
  readonly now: number;
}

/** A part of the list of runs. */
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
 * Where runs are kept. Texts go in and come out unchanged, whatever is in them. Every method writes all or nothing, and
 * what one has written every other sees once its promise is settled, in other processes too. A method rejects if the
 * store cannot be reached or read; a run that somebody else has taken over is no error, but `false`.
 *
 * The cases of `runStoreCases` in `@stepstream/workflow/testing` tell whether a store of your own keeps to this.
 */
export interface RunStore {
  /** Stores a new run as `running`; `false` if there is one of this id. */
  create(run: NewRun): Promise<boolean>;
  /** The run, whatever became of it; `null` if there is none. */
  find(runId: string): Promise<RunHead | null>;
  /** The run with its state; `null` if there is none. */
  load(runId: string): Promise<StoredRun | null>;
  /** Writes to a run; `false` if its revision is another than the writer's, or the run is gone. */
  commit(commit: RunCommit): Promise<boolean>;
  /** The events with a greater `seq`, in order, `limit` at most. */
  events(runId: string, after: number, limit: number): Promise<readonly StoredEvent[]>;
  /**
   * Takes over runs that have not ended, those first that have been due for longest: each gets a new revision, which
   * fences off whoever had it, and the new `wakeAt`. Two claimers never get the same run at the same revision. A run
   * whose head cannot be read is left out, so that it holds up no others; the claim of that `runId` may reject.
   */
  claim(claim: RunClaim): Promise<readonly RunHead[]>;
  /**
   * Runs, the newest first; those of the same time by id, the greatest first (by code units, as `<` compares). One
   * whose head cannot be read is left out, and the next one takes its place; `find` of that one rejects.
   */
  list(query: RunQuery): Promise<readonly RunHead[]>;
  /** Forgets a run and all of its events; `false` if there was none. */
  delete(runId: string): Promise<boolean>;
  /**
   * Calls back when a run may have been written to, by whomever; a hint that may come late, twice or never. The answer
   * ends it. A store without it is asked again and again by those who wait.
   */
  onCommit?(listener: (runId: string) => void): () => void;
}
