/**
 * Keeps runs in a SQLite database, with the `node:sqlite` of Deno, Node from 22.13 on and Bun.
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
import { assertHandle } from "./assert_handle.ts";
import type { SqliteDatabase } from "./sqlite_database.ts";
import { SqliteRuns, toStoreError } from "./sqlite_runs.ts";
import { ensureSchema } from "./sqlite_schema.ts";
import { prepareStatements } from "./sqlite_statements.ts";
import { SqliteTransactor } from "./sqlite_transactor.ts";
import { turnOnWal } from "./sqlite_wal.ts";

export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./sqlite_database.ts";

/** SQLite takes a longer time for none. */
const MAX_BUSY_TIMEOUT_MS = 2 ** 31 - 1;

/** How a {@linkcode SqliteStore} uses its database. */
export interface SqliteStoreOptions {
  /**
   * What a commit survives once its promise has settled: with `NORMAL` the death of the process, with `FULL` a power
   * cut as well, at several times the cost. Neither ever leaves half a commit. Default: `NORMAL`.
   *
   * @see {@link https://sqlite.org/pragma.html#pragma_synchronous}
   */
  readonly synchronous?: "NORMAL" | "FULL" | undefined;
  /**
   * How long a write waits for another process that is writing, in ms, before it rejects: up to 2³¹ - 1. It blocks the
   * thread. Default: 5000.
   */
  readonly busyTimeoutMs?: number | undefined;
}

/**
 * Keeps runs in a SQLite database: in a file, for any number of processes on one machine. The names of its tables start
 * with `stepstream_`; others in the database are left alone. The connection has to be the store's own, and is yours to
 * close.
 */
export class SqliteStore implements RunStore {
  readonly #runs: SqliteRuns;

  private constructor(runs: SqliteRuns) {
    this.#runs = runs;
  }

  /**
   * Opens the store: creates the tables if they are missing, and turns on the write-ahead log (WAL).
   *
   * @param database A `DatabaseSync` of `node:sqlite`, which Deno, Node from 22.13 on and Bun have
   * @throws {TypeError} If it is given no database
   * @throws {RangeError} If an option is none of the values it may have
   * @throws {StoreError} If it cannot be opened or written to, or its tables are of a later version
   */
  // deno-lint-ignore require-await -- it rejects instead of throwing
  static async open(database: SqliteDatabase, options: SqliteStoreOptions = {}): Promise<SqliteStore> {
    assertHandle(database, "a DatabaseSync of node:sqlite", "exec", "prepare");
    const { synchronous = "NORMAL", busyTimeoutMs = 5000 } = options;
    if (synchronous !== "NORMAL" && synchronous !== "FULL") {
      throw new RangeError(
        `Cannot open a store, because synchronous is neither "NORMAL" nor "FULL": ${JSON.stringify(synchronous)}`,
      );
    }
    if (!Number.isInteger(busyTimeoutMs) || busyTimeoutMs < 0 || busyTimeoutMs > MAX_BUSY_TIMEOUT_MS) {
      const because = `busyTimeoutMs is no whole number from 0 to ${MAX_BUSY_TIMEOUT_MS}`;
      throw new RangeError(`Cannot open a store, because ${because}: ${busyTimeoutMs}`);
    }
    try {
      database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      const transact = new SqliteTransactor(database);
      ensureSchema(database, transact);
      const isWal = turnOnWal(database);
      // Without the log only FULL keeps the file whole when the power goes.
      database.exec(`PRAGMA synchronous = ${isWal ? synchronous : "FULL"}`);
      return new SqliteStore(new SqliteRuns(prepareStatements(database), transact));
    } catch (cause) {
      throw toStoreError(null, "open the database", cause);
    }
  }

  /** Stores a new run as `running`; `false` if there is already one of this id. */
  create(run: NewRun): Promise<boolean> {
    return this.#runs.create(run);
  }

  /** Finds a run, whatever its status; `null` if there is none. */
  find(runId: string): Promise<RunHead | null> {
    return this.#runs.find(runId);
  }

  /** Reads a run with its state; `null` if there is none. */
  load(runId: string): Promise<StoredRun | null> {
    return this.#runs.load(runId);
  }

  /** Writes to a run; `false` if its revision is not the writer's, or the run is gone. */
  commit(commit: RunCommit): Promise<boolean> {
    return this.#runs.commit(commit);
  }

  /** Reads the events with a `seq` above `after`, in order, `limit` at most. */
  events(runId: string, after: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.#runs.events(runId, after, limit);
  }

  /** Takes over runs that have not ended, those that have been due the longest first. */
  claim(claim: RunClaim): Promise<readonly RunHead[]> {
    return this.#runs.claim(claim);
  }

  /** Lists runs, the newest first; those created at the same time by id, the greatest first. */
  list(query: RunQuery): Promise<readonly RunHead[]> {
    return this.#runs.list(query);
  }

  /** Deletes a run and all of its events; `false` if there was none. */
  delete(runId: string): Promise<boolean> {
    return this.#runs.delete(runId);
  }
}
