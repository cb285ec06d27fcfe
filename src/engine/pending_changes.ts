import type { RunState } from "../core/state.ts";
import type { Token } from "../core/token.ts";
import type { StoredContext } from "./stored_context.ts";
import { encodeCounts, type StoredCounts } from "./stored_delta.ts";
import { encodeState, type PendingRetry } from "./stored_state.ts";

/** What a run is when it is written. */
export interface RunSnapshot {
  readonly state: RunState;
  /** The last token's id and the number of finished steps, with those of runs inside that no crash makes void. */
  readonly counts: StoredCounts;
  /** The tokens that are at work or held back, and so not in the state's queue. */
  tokensOutside(): Token[];
}

/** What a run has in its store of how it stands. */
export interface StoredLengths {
  /** How many characters the last snapshot has, and the records after it. */
  readonly snapshotLength: number;
  readonly recordsLength: number;
  /** Whether the next commit has to have a snapshot: the state is not what the records tell. */
  readonly isSnapshotDue: boolean;
}

/** Fewer bytes of records than that are read back in no time, so no snapshot is worth it. */
const MIN_SNAPSHOT_LENGTH = 64 * 1024;

/** What has changed of a run's state since the last commit, and when it is time to write all of it instead. */
export class PendingChanges {
  #deltas: string[] = [];
  /** What the deltas so far say of the counts. */
  #counted: StoredCounts = { tokens: 1, steps: 0 };
  #snapshotLength = 0;
  #recordsLength = 0;
  #isSnapshotDue = false;

  get isEmpty(): boolean {
    return this.#deltas.length === 0;
  }

  /** The store has the run, with these counts. */
  begin({ snapshotLength, recordsLength, isSnapshotDue }: StoredLengths, counts: StoredCounts): void {
    this.#snapshotLength = snapshotLength;
    this.#recordsLength = recordsLength;
    this.#isSnapshotDue = isSnapshotDue;
    this.#counted = counts;
  }

  add(delta: string): void {
    this.#deltas.push(delta);
  }

  /** The changes so far account for these counts. */
  count(counts: StoredCounts): void {
    this.#counted = counts;
  }

  /** Forgets them: nothing can be written any more. */
  clear(): void {
    this.#deltas = [];
  }

  /** The changes as one record, `null` if there are none. */
  takeRecord(counts: StoredCounts): string | null {
    const { tokens, steps } = this.#counted;
    if (tokens !== counts.tokens || steps !== counts.steps) {
      this.#deltas.push(encodeCounts(counts));
      this.#counted = counts;
    }
    if (this.isEmpty) return null;
    const record = `[${this.#deltas.join(",")}]`;
    this.clear();
    this.#recordsLength += record.length;
    return record;
  }

  /**
   * All of the state, if it is time: when the records since the last snapshot have grown as long as that, so that each
   * costs its share.
   */
  takeSnapshot(
    run: RunSnapshot,
    retries: ReadonlyMap<number, PendingRetry>,
    context: StoredContext,
  ): string | null {
    if (!this.#isSnapshotDue && this.#recordsLength < Math.max(MIN_SNAPSHOT_LENGTH, this.#snapshotLength)) return null;
    const { state, counts } = run;
    const counters = { ...state.counters, tokens: counts.tokens };
    const snapshot = encodeState({ ...state, counters }, run.tokensOutside(), counts.steps, retries, context);
    this.#snapshotLength = snapshot.length;
    this.#recordsLength = 0;
    this.#isSnapshotDue = false;
    return snapshot;
  }
}
