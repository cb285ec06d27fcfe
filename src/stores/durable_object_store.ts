/**
 * Keeps runs in the SQLite storage of a Cloudflare Durable Object.
 *
 * @example Usage
 * ```ts
 * import { type DurableObjectSqlStorage, DurableObjectStore } from "@stepstream/workflow/stores/durable-object";
 * import { DatabaseSync } from "node:sqlite";
 *
 * export class Runs {
 *   readonly #storage: DurableObjectSqlStorage;
 *
 *   constructor(state: { readonly storage: DurableObjectSqlStorage }) {
 *     this.#storage = state.storage;
 *   }
 *
 *   async fetch(): Promise<Response> {
 *     const store = await DurableObjectStore.open(this.#storage);
 *     return Response.json(await store.list({ limit: 10 }));
 *   }
 * }
 *
 * // Workers make the object and its storage; this stands in for them.
 * const database = new DatabaseSync(":memory:");
 * const sql = {
 *   exec(query: string, ...values: (string | number | null)[]) {
 *     if (values.length === 0 && query.includes(";")) database.exec(query);
 *     const rows = query.includes(";") ? [] : database.prepare(query).all(...values);
 *     return { toArray: () => rows };
 *   },
 * };
 * const runs = new Runs({ storage: { sql, transactionSync: (work) => work() } });
 * console.log(await (await runs.fetch()).json());
 * database.close();
 * ```
 *
 * @module
 */

import { onLaterTurn } from "../core/later_turn.ts";
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
import { CommitListeners } from "./commit_listeners.ts";
import { DurableObjectDatabase } from "./durable_object_database.ts";
import type { DurableObjectSqlStorage } from "./durable_object_storage.ts";
import { LONG_TEXTS_SCHEMA, LongTexts } from "./long_texts.ts";
import { SqliteRuns, toStoreError } from "./sqlite_runs.ts";
import { ensureSchema } from "./sqlite_schema.ts";
import { prepareStatements } from "./sqlite_statements.ts";

export type { DurableObjectCursor, DurableObjectSql, DurableObjectSqlStorage } from "./durable_object_storage.ts";

/** A row may have 2 MB, and a UTF-16 unit takes up to three bytes. */
const MAX_ROW_LENGTH = 600_000;

/**
 * So many commits are answered in one turn of the event loop. What a turn writes gets to the disk when it is over, and
 * nobody else is let in before that: a chain of steps that wait for nothing would be one turn.
 */
const COMMITS_A_TURN = 32;

/**
 * Keeps runs in the storage of a Durable Object, which has to be backed by SQLite. The names of its tables start with
 * `stepstream_`; others are left alone. Once a method's promise settles, its write is done, and no response or request
 * leaves the object before it is on disk.
 */
export class DurableObjectStore implements RunStore {
  readonly #runs: SqliteRuns;
  readonly #listeners = new CommitListeners();
  #commits = 0;

  private constructor(runs: SqliteRuns) {
    this.#runs = runs;
  }

  /**
   * Opens the store, and creates the tables if they are missing.
   *
   * @param storage `ctx.storage` of a Durable Object whose class is in `new_sqlite_classes`
   * @throws {TypeError} If it is no such storage
   * @throws {StoreError} If it has no SQLite, or its tables are of a later version
   */
  // deno-lint-ignore require-await -- it rejects instead of throwing
  static async open(storage: DurableObjectSqlStorage): Promise<DurableObjectStore> {
    assertHandle(storage, "the storage of a Durable Object", "transactionSync");
    try {
      const database = new DurableObjectDatabase(storage);
      ensureSchema(database, database, LONG_TEXTS_SCHEMA);
      const longTexts = new LongTexts(database, MAX_ROW_LENGTH);
      return new DurableObjectStore(new SqliteRuns(prepareStatements(database), database, longTexts));
    } catch (cause) {
      throw toStoreError(null, "open the storage", cause);
    }
  }

  /** Stores a new run as `running`; `false` if there is already one of this id. */
  async create(run: NewRun): Promise<boolean> {
    return this.#tell(run.runId, await this.#runs.create(run));
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
  async commit(commit: RunCommit): Promise<boolean> {
    const isWritten = this.#tell(commit.runId, await this.#runs.commit(commit));
    this.#commits += 1;
    if (this.#commits % COMMITS_A_TURN === 0) await new Promise<void>((resolve) => void onLaterTurn(resolve));
    return isWritten;
  }

  /** Reads the events with a `seq` above `after`, in order, `limit` at most. */
  events(runId: string, after: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.#runs.events(runId, after, limit);
  }

  /** Takes over runs that have not ended, those that have been due the longest first. */
  async claim(claim: RunClaim): Promise<readonly RunHead[]> {
    const heads = await this.#runs.claim(claim);
    for (const { runId } of heads) this.#listeners.tell(runId);
    return heads;
  }

  /** Lists runs, the newest first; those created at the same time by id, the greatest first. */
  list(query: RunQuery): Promise<readonly RunHead[]> {
    return this.#runs.list(query);
  }

  /** Deletes a run and all of its events; `false` if there was none. */
  async delete(runId: string): Promise<boolean> {
    return this.#tell(runId, await this.#runs.delete(runId));
  }

  /** Calls back on every write of this store, in the same object. Returns a function that stops it. */
  onCommit(listener: (runId: string) => void): () => void {
    return this.#listeners.add(listener);
  }

  #tell(runId: string, isWritten: boolean): boolean {
    if (isWritten) this.#listeners.tell(runId);
    return isWritten;
  }
}
