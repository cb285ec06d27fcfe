import type {
  NewRun,
  RunClaim,
  RunCommit,
  RunHead,
  RunQuery,
  RunStore,
  StoredEvent,
  StoredRecord,
  StoredRun,
} from "../core/run_store.ts";
import { CommitListeners } from "./commit_listeners.ts";

/**
 * Keeps runs in memory, for tests and for runs that need not outlive the process. Several runners of one process may
 * share it. Ended runs stay until they are deleted.
 *
 * @example Usage
 * ```ts
 * import { MemoryStore } from "@stepstream/workflow";
 *
 * const store = new MemoryStore();
 * console.log(await store.list({ limit: 10 }));
 * ```
 */
export class MemoryStore implements RunStore {
  readonly #runs = new Map<string, KeptRun>();
  readonly #listeners = new CommitListeners();

  /** Stores a new run as `running`; `false` if there is already one of this id. */
  create({ runId, workflow, version, snapshot, events, wakeAt, now }: NewRun): Promise<boolean> {
    if (this.#runs.has(runId)) return NO;
    const head = {
      runId,
      workflow,
      version,
      status: "running",
      revision: 1,
      lastSeq: events.length,
      wakeAt,
      createdAt: now,
      updatedAt: now,
    } as const;
    this.#runs.set(runId, { head, snapshot, records: [], events: [...events] });
    return this.#tell(runId);
  }

  /** Finds a run, whatever its status; `null` if there is none. */
  find(runId: string): Promise<RunHead | null> {
    return Promise.resolve(this.#runs.get(runId)?.head ?? null);
  }

  /** Reads a run with its state; `null` if there is none. */
  load(runId: string): Promise<StoredRun | null> {
    const run = this.#runs.get(runId);
    return Promise.resolve(run ? { ...run.head, snapshot: run.snapshot, records: [...run.records] } : null);
  }

  /** Writes to a run; `false` if its revision is not the writer's, or the run is gone or was made anew. */
  commit(commit: RunCommit): Promise<boolean> {
    const { runId, revision, createdAt, version, status, record, snapshot, events, wakeAt, now } = commit;
    const run = this.#runs.get(runId);
    if (run?.head.revision !== revision || run.head.createdAt !== createdAt) return NO;
    // One by one: spread into `push`, a great many events would overflow the stack.
    for (const event of events) run.events.push(event);
    const { workflow } = run.head;
    // Written out: a spread with fields after it takes longer than the rest of a commit.
    run.head = {
      runId,
      workflow,
      version,
      status,
      revision: revision + 1,
      lastSeq: run.events.length,
      wakeAt,
      createdAt,
      updatedAt: now,
    };
    if (snapshot !== null) {
      run.snapshot = snapshot;
      run.records = [];
    } else if (record !== null) run.records.push({ revision: revision + 1, text: record });
    return this.#tell(runId);
  }

  /** Reads the events with a `seq` above `after`, in order, `limit` at most. */
  events(runId: string, after: number, limit: number): Promise<readonly StoredEvent[]> {
    return Promise.resolve(this.#runs.get(runId)?.events.slice(after, after + limit) ?? []);
  }

  /** Takes over runs that have not ended, those that have been due the longest first. */
  claim({ runId, workflows, isForced, limit, until, now }: RunClaim): Promise<readonly RunHead[]> {
    const due: (readonly [number, KeptRun])[] = [];
    for (const run of this.#runs.values()) {
      const { wakeAt, workflow } = run.head;
      if (wakeAt === null || (wakeAt > now && !isForced)) continue;
      if (runId !== undefined && run.head.runId !== runId) continue;
      if (workflows === undefined || workflows.includes(workflow)) due.push([wakeAt, run]);
    }
    const claimed = due.sort(([a], [b]) => a - b).slice(0, limit).map(([, run]) => {
      run.head = { ...run.head, revision: run.head.revision + 1, wakeAt: until };
      return run.head;
    });
    for (const head of claimed) this.#tell(head.runId);
    return Promise.resolve(claimed);
  }

  /** Lists runs, the newest first; those created at the same time by id, the greatest first. */
  list({ status, workflow, after, limit }: RunQuery): Promise<readonly RunHead[]> {
    const heads: RunHead[] = [];
    for (const { head } of this.#runs.values()) {
      if (status !== undefined && head.status !== status) continue;
      if (workflow !== undefined && head.workflow !== workflow) continue;
      if (after === undefined || newestFirst(after, head) < 0) heads.push(head);
    }
    return Promise.resolve(heads.sort(newestFirst).slice(0, limit));
  }

  /** Deletes a run and all of its events; `false` if there was none. */
  delete(runId: string): Promise<boolean> {
    return this.#runs.delete(runId) ? this.#tell(runId) : NO;
  }

  /** Calls back on every write to a run. Returns a function that stops it. */
  onCommit(listener: (runId: string) => void): () => void {
    return this.#listeners.add(listener);
  }

  #tell(runId: string): Promise<true> {
    this.#listeners.tell(runId);
    return YES;
  }
}

interface KeptRun {
  head: RunHead;
  snapshot: string;
  records: StoredRecord[];
  readonly events: StoredEvent[];
}

const YES: Promise<true> = Promise.resolve(true);
const NO: Promise<false> = Promise.resolve(false);

type Place = Pick<RunHead, "createdAt" | "runId">;

function newestFirst(a: Place, b: Place): number {
  return b.createdAt - a.createdAt || (a.runId < b.runId ? 1 : a.runId > b.runId ? -1 : 0);
}
