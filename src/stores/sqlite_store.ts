/**
 * Keeps runs in a SQLite database, with the `node:sqlite` of Deno, Node from 22 on and Bun.
 *
 * @example Usage
 * ```ts
 * import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const database = new DatabaseSync(":memory:"); // a file, for runs that outlive the process
 * const store = await SqliteStore.open(database);
 * console.log(await store.list({ limit: 10 }));
 * database.close();
 * ```
 *
 * @module
 */

import { StoreError } from "../core/errors.ts";
import type {
  NewRun,
  RunClaim,
  RunCommit,
  RunHead,
  RunQuery,
  RunStore,
  StoredEvent,
  StoredRun,
} from "../core/run_store.ts";
import { toOrderedText } from "./ordered_text.ts";
import type { SqliteDatabase, SqliteStatement } from "./sqlite_database.ts";
import { findGap, readEvents } from "./sqlite_events.ts";
import { readNumber, readRun, readState, type RunRow } from "./sqlite_rows.ts";
import { ensureSchema } from "./sqlite_schema.ts";
import { prepareStatements, type SqliteStatements } from "./sqlite_statements.ts";
import { turnOnWal } from "./sqlite_wal.ts";
import { encodeText } from "./stored_text.ts";

export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./sqlite_database.ts";

/** How a {@linkcode SqliteStore} uses its database. */
export interface SqliteStoreOptions {
  /**
   * What a commit survives once it is answered: with `NORMAL` that the process dies, with `FULL` also that the power
   * goes, at several times the cost. Neither ever leaves half a commit. Default: `NORMAL`.
   */
  readonly synchronous?: "NORMAL" | "FULL" | undefined;
  /**
   * How long a write waits for another process that writes, in ms, before it rejects. It blocks the thread. Default:
   * 5000.
   */
  readonly busyTimeoutMs?: number | undefined;
}

/**
 * Keeps runs in a SQLite database: in a file, for any number of processes on one machine. The names of its tables start
 * with `stepstream_`; others in the database are left alone. The connection has to be the store's own, and is its
 * owner's to close.
 */
export class SqliteStore implements RunStore {
  readonly #sql: SqliteStatements;

  private constructor(sql: SqliteStatements) {
    this.#sql = sql;
  }

  /**
   * Creates the tables unless they are there, and turns on the write-ahead log (WAL).
   *
   * @param database A `DatabaseSync` of `node:sqlite`, which Deno, Node from 22 on and Bun have
   * @throws {StoreError} If it cannot be opened or written to, or its tables are of a version that came after this one
   */
  // deno-lint-ignore require-await -- it rejects instead of throwing
  static async open(database: SqliteDatabase, options: SqliteStoreOptions = {}): Promise<SqliteStore> {
    const { synchronous = "NORMAL", busyTimeoutMs = 5000 } = options;
    if (synchronous !== "NORMAL" && synchronous !== "FULL") {
      throw new RangeError(
        `Cannot open a SqliteStore with synchronous = ${synchronous}: it is neither NORMAL nor FULL`,
      );
    }
    if (!Number.isInteger(busyTimeoutMs) || busyTimeoutMs < 0) {
      throw new RangeError(`Cannot open a SqliteStore with busyTimeoutMs = ${busyTimeoutMs}: it is no number of ms`);
    }
    try {
      database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      ensureSchema(database);
      const isWal = turnOnWal(database);
      // Without the log only FULL keeps the file whole when the power goes.
      database.exec(`PRAGMA synchronous = ${isWal ? synchronous : "FULL"}`);
      return new SqliteStore(prepareStatements(database));
    } catch (cause) {
      throw toStoreError(null, "open the database", cause);
    }
  }

  /** Stores a new run as `running`; `false` if there is one of this id. */
  create({ runId, workflow, version, snapshot, events, wakeAt, now }: NewRun): Promise<boolean> {
    const sql = this.#sql;
    return this.#settle(runId, "create the row", () =>
      this.#write(() => {
        const id = toOrderedText(runId);
        const row = sql.create.get(id, encodeText(workflow), encodeText(version), events.length, wakeAt, now, now);
        if (row === undefined) return false;
        const run = readNumber(runId, row);
        sql.addRecord.run(run, 1, encodeText(snapshot));
        for (const event of events) sql.addEvent.run(run, event.seq, encodeText(event.text));
        return true;
      }));
  }

  /** The run, whatever became of it; `null` if there is none. */
  find(runId: string): Promise<RunHead | null> {
    return this.#settle(runId, "read the row", () => this.#find(runId)?.head ?? null);
  }

  /** The run with its state; `null` if there is none. */
  load(runId: string): Promise<StoredRun | null> {
    return this.#settle(runId, "read the state", () =>
      this.#transact(this.#sql.begin, () => {
        const run = this.#find(runId);
        if (run === null) return null;
        return { ...run.head, ...readState(run, this.#sql.state.all(run.number, run.snapshotAt)) };
      }));
  }

  /** Writes to a run; `false` if its revision is another than the writer's, or the run is gone. */
  commit(commit: RunCommit): Promise<boolean> {
    return this.#settle(
      commit.runId,
      `write revision ${commit.revision + 1}`,
      () => this.#write(() => this.#commit(commit)),
    );
  }

  /** The events with a greater `seq`, in order, `limit` at most. */
  events(runId: string, after: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.#settle(runId, "read the events", () => {
      const page = readEvents(runId, this.#sql.events.all(after, toOrderedText(runId), bounded(limit)));
      const gap = findGap(after, limit, page);
      if (gap !== null && (!gap.isAtStart || this.#hasEvents(runId, after))) {
        throw new StoreError(runId, `read event ${gap.seq}`, `it is missing: ${gap.found}`);
      }
      // Events that are missing before all others have been let go of, and the reader sees that by their numbers.
      return page.events;
    });
  }

  /** Takes over runs that have not ended, those first that have been due for longest. */
  claim(claim: RunClaim): Promise<readonly RunHead[]> {
    return this.#settle(claim.runId ?? null, "claim runs", () => {
      // Most often there is nothing to do, and a look takes no lock.
      if (this.#due(claim).length === 0) return [];
      return this.#write(() =>
        this.#due(claim).map(({ head, number }) => {
          this.#sql.claim.run(claim.until, number);
          return { ...head, revision: head.revision + 1, wakeAt: claim.until };
        })
      );
    });
  }

  /** Runs, the newest first; those of the same time by id, the greatest first. */
  list({ status, workflow, after, limit }: RunQuery): Promise<readonly RunHead[]> {
    return this.#settle(null, "list runs", () => {
      const place = [after?.createdAt ?? Number.MAX_SAFE_INTEGER, toOrderedText(after?.runId ?? "")] as const;
      const rows = workflow === undefined
        ? this.#sql.list.all(status ?? null, ...place, bounded(limit))
        : this.#sql.listOfWorkflow.all(status ?? null, ...place, bounded(limit), encodeText(workflow));
      return rows.map((row) => readRun(row).head);
    });
  }

  /** Forgets a run and all of its events; `false` if there was none. */
  delete(runId: string): Promise<boolean> {
    const sql = this.#sql;
    return this.#settle(runId, "delete the rows", () =>
      this.#write(() => {
        const row = sql.delete.get(toOrderedText(runId));
        if (row === undefined) return false;
        const run = readNumber(runId, row);
        sql.deleteRecords.run(run, Number.MAX_SAFE_INTEGER);
        sql.deleteEvents.run(run);
        return true;
      }));
  }

  #commit(commit: RunCommit): boolean {
    const { runId, revision, version, status, record, snapshot, events, wakeAt, now } = commit;
    const sql = this.#sql;
    const id = toOrderedText(runId);
    const records = record === null ? 0 : 1;
    const row = snapshot === null
      ? sql.commit.get(encodeText(version), status, events.length, wakeAt, now, records, id, revision)
      : sql.commitSnapshot.get(encodeText(version), status, events.length, wakeAt, now, id, revision);
    if (row === undefined) return false;
    const run = readNumber(runId, row);
    const text = snapshot ?? record;
    if (snapshot !== null) sql.deleteRecords.run(run, revision);
    if (text !== null) sql.addRecord.run(run, revision + 1, encodeText(text));
    for (const event of events) sql.addEvent.run(run, event.seq, encodeText(event.text));
    return true;
  }

  #find(runId: string): RunRow | null {
    const row = this.#sql.find.get(toOrderedText(runId));
    return row === undefined ? null : readRun(row);
  }

  #hasEvents(runId: string, until: number): boolean {
    return this.#sql.hasEvents.get(toOrderedText(runId), until) !== undefined;
  }

  #due({ runId, workflows, isForced = false, limit, now }: RunClaim): readonly RunRow[] {
    const dueBy = isForced ? Number.MAX_SAFE_INTEGER : now;
    if (runId === undefined) {
      const names = workflows === undefined ? null : JSON.stringify(workflows.map(encodeText));
      return this.#sql.due.all(dueBy, names, bounded(limit)).map(readRun);
    }
    const run = this.#find(runId);
    if (run === null || limit < 1) return [];
    const { wakeAt, workflow } = run.head;
    const isDue = wakeAt !== null && wakeAt <= dueBy && (workflows?.includes(workflow) ?? true);
    return isDue ? [run] : [];
  }

  /** A transaction that takes the lock to write at its start: one that takes it later may be told to start again. */
  #write<T>(work: () => T): T {
    return this.#transact(this.#sql.beginWrite, work);
  }

  #transact<T>(begin: SqliteStatement, work: () => T): T {
    begin.run();
    try {
      const value = work();
      this.#sql.commitAll.run();
      return value;
    } catch (error) {
      try {
        this.#sql.rollback.run();
      } catch {
        // SQLite has rolled back by itself, as it may do if the disk is full; what went wrong is `error`.
      }
      throw error;
    }
  }

  #settle<T>(runId: string | null, what: string, work: () => T): Promise<T> {
    try {
      return Promise.resolve(work());
    } catch (cause) {
      return Promise.reject(toStoreError(runId, what, cause));
    }
  }
}

/** A limit that SQLite takes. */
function bounded(limit: number): number {
  return Math.min(limit, Number.MAX_SAFE_INTEGER);
}

function toStoreError(runId: string | null, what: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  return new StoreError(runId, what, cause instanceof Error ? cause.message : String(cause), { cause });
}
