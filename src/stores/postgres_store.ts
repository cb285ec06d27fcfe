/**
 * Keeps runs in Postgres, through whichever client you have: you pass it in as a function.
 *
 * @example Usage
 * ```ts
 * import { PGlite } from "@electric-sql/pglite";
 * import { PostgresStore } from "@stepstream/workflow/stores/postgres";
 *
 * const db = new PGlite();
 * const store = await PostgresStore.open({ query: (text, values) => db.query(text, values) });
 * console.log(await store.list({ limit: 10 }));
 * await store.close();
 * await db.close();
 * ```
 *
 * With `pg` it is `query: (text, values) => pool.query(text, values)`, with `postgres` it is
 * `query: (text, values) => sql.unsafe(text, values)`.
 *
 * @module
 */

import { type Clock, systemClock } from "../core/clock.ts";
import { StoreError } from "../core/errors.ts";
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
import { assertHandle, hasMethods } from "./assert_handle.ts";
import { assertOpenedWith } from "./assert_opened_with.ts";
import { toOrderedText } from "./ordered_text.ts";
import { CommitListeners } from "./commit_listeners.ts";
import { PostgresConnection, type PostgresQuery, type PostgresValue } from "./postgres_connection.ts";
import { PostgresDoorbell } from "./postgres_doorbell.ts";
import { HEAD_COLUMNS, NO_HEAD_COLUMNS, readNumber, readText, toArrayText, toHead } from "./postgres_rows.ts";
import { PostgresTables } from "./postgres_tables.ts";
import { readableHeads } from "./readable_heads.ts";
import { refuseRunId } from "./refuse_run_id.ts";
import { encodeText } from "./stored_text.ts";

export type { RunStatus } from "../core/events.ts";
export type {
  NewRun,
  RunClaim,
  RunCommit,
  RunHead,
  RunQuery,
  RunStore,
  StoredEvent,
  StoredRecord,
  StoredRun,
  StoredRunStatus,
} from "../core/run_store.ts";
export type { Clock } from "../core/clock.ts";
export type { PostgresQuery, PostgresResult, PostgresRow, PostgresValue } from "./postgres_connection.ts";

/** Listens to the notices of a channel. Resolves to a function that stops it. */
export type PostgresListen = (
  channel: string,
  onNotify: (payload: string) => void,
) => Promise<() => Promise<unknown> | void>;

/** Options of {@linkcode PostgresStore.open}. */
export interface PostgresStoreOptions {
  /** Runs one statement on any connection of a pool. */
  readonly query: PostgresQuery;
  /**
   * Listens to a channel, so that the store tells other processes of its writes and hears of theirs, over a connection
   * that stays open. With `postgres` it is `async (channel, heard) => (await sql.listen(channel, heard)).unlisten`.
   * Default: none, `onCommit` tells only of what this object has written.
   */
  readonly listen?: PostgresListen | undefined;
  /**
   * The Postgres schema of the tables, created if it is missing: up to 40 lower-case letters, digits and underscores.
   * Default: the first one in the search path of the connection.
   */
  readonly schema?: string | undefined;
  /** Where the pause between two notices to other processes comes from. Default: the platform. */
  readonly clock?: Clock | undefined;
}

/**
 * What is true of heads that can be read: others are not to be written to. A run with a status, a number or a time that
 * somebody has made up is theirs, and holds up no others.
 */
const CAN_BE_CLAIMED = "status IN ('running', 'suspended') AND revision >= 1 AND last_seq >= 0 " +
  "AND 'NaN' NOT IN (wake_at, created_at, updated_at)";

/**
 * Keeps runs in Postgres. Every method is one statement, so any connection of a pool will do. The tables are
 * `stepstream_runs`, `stepstream_records`, `stepstream_events` and `stepstream_version`. A run id has up to 512 UTF-16
 * code units, and no NUL.
 */
export class PostgresStore implements RunStore, AsyncDisposable {
  readonly #connection: PostgresConnection;
  readonly #tables: PostgresTables;
  readonly #listeners = new CommitListeners();
  #doorbell: PostgresDoorbell | null = null;
  #unlisten: (() => Promise<unknown> | void) | null = null;

  private constructor(connection: PostgresConnection, tables: PostgresTables) {
    this.#connection = connection;
    this.#tables = tables;
  }

  /**
   * Opens the store, and creates its tables if they are missing.
   *
   * @throws {TypeError} If an option is of the wrong kind, or `listen` resolves to no function.
   * @throws {RangeError} If `schema` is not a valid name.
   * @throws {StoreError} If another version of this package has made the tables, or the database cannot be reached.
   */
  static async open(options: PostgresStoreOptions): Promise<PostgresStore> {
    assertHandle(options, "options with query(text, values)", "query");
    const { query, listen, schema = null, clock = systemClock } = options;
    assertOpenedWith(listen === undefined || typeof listen === "function", "listen to be a function", listen);
    assertOpenedWith(schema === null || typeof schema === "string", "schema to be a string", schema);
    assertOpenedWith(hasMethods(clock, "now", "setTimeout", "clearTimeout"), "clock to be a Clock", clock);
    const tables = new PostgresTables(schema);
    const connection = new PostgresConnection(query);
    await tables.create(connection);
    const store = new PostgresStore(connection, tables);
    if (listen !== undefined) {
      const unlisten = await listen(tables.channel, (runId) => store.#listeners.tell(runId));
      const expected = "listen to answer a function that ends the listening";
      assertOpenedWith(typeof unlisten === "function", expected, unlisten);
      store.#doorbell = new PostgresDoorbell(connection, tables.channel, clock);
      store.#unlisten = unlisten;
    }
    return store;
  }

  /**
   * Stores a new run as `running`; `false` if there is already one of this id.
   *
   * @throws {StoreError} If the id is longer than 512 code units, or holds a NUL or half a surrogate pair.
   */
  async create({ runId, workflow, version, snapshot, events, wakeAt, now }: NewRun): Promise<boolean> {
    const refusal = refuseId(runId);
    if (refusal !== null) throw new StoreError(runId, "store the start", refusal);
    const values: PostgresValue[] = [
      ...[runId, encodeText(workflow), encodeText(version), events.at(-1)?.seq ?? 0, wakeAt, now],
      ...[toOrderedText(runId), encodeText(snapshot)],
    ];
    const rows = await this.#run(
      runId,
      "store the start",
      `WITH run AS (
  INSERT INTO ${this.#tables.runs} (${HEAD_COLUMNS}, place, snapshot_revision, snapshot)
  VALUES ($1, $2, $3, 'running', 1, $4, $5, $6, $6, $7, 1, $8)
  ON CONFLICT (run_id) DO NOTHING RETURNING run_id
)${this.#insertEvents(events, values)} SELECT run_id FROM run`,
      values,
    );
    return this.#told(runId, rows.length > 0);
  }

  /** Finds a run, whatever its status; `null` if there is none. */
  async find(runId: string): Promise<RunHead | null> {
    if (refuseId(runId) !== null) return null;
    const text = `SELECT ${HEAD_COLUMNS} FROM ${this.#tables.runs} WHERE run_id = $1`;
    const [row] = await this.#run(runId, "read the head", text, [runId]);
    return row === undefined ? null : toHead(row);
  }

  /** Reads a run with its state; `null` if there is none. */
  async load(runId: string): Promise<StoredRun | null> {
    if (refuseId(runId) !== null) return null;
    const { runs, records } = this.#tables;
    const rows = await this.#run(
      runId,
      "load the state",
      `SELECT ${HEAD_COLUMNS}, snapshot AS text FROM ${runs} WHERE run_id = $1
UNION ALL
SELECT ${NO_HEAD_COLUMNS}, record.text
FROM ${records} AS record JOIN ${runs} AS run USING (run_id)
WHERE record.run_id = $1 AND record.revision > run.snapshot_revision`,
      [runId],
    );
    const head = rows.find((row) => row.run_id !== null);
    if (head === undefined) return null;
    const changes: StoredRecord[] = [];
    for (const row of rows) {
      if (row === head) continue;
      const revision = readNumber(runId, "read the revision of a record", row.revision);
      changes.push({ revision, text: readText(runId, `read record ${revision}`, row.text) });
    }
    changes.sort((a, b) => a.revision - b.revision);
    return { ...toHead(head), snapshot: readText(runId, "read the snapshot", head.text), records: changes };
  }

  /** Writes to a run; `false` if its revision is not the writer's, or the run is gone. */
  async commit(commit: RunCommit): Promise<boolean> {
    const { runId, revision, createdAt, version, status, record, snapshot, events, wakeAt, now } = commit;
    if (refuseId(runId) !== null) return false;
    const { runs, records } = this.#tables;
    const values: PostgresValue[] = [runId, revision, encodeText(version), status, wakeAt, now, createdAt];
    let changes = "";
    let parts = "";
    const lastSeq = events.at(-1)?.seq;
    if (lastSeq !== undefined) changes += `, last_seq = $${values.push(lastSeq)}`;
    if (snapshot !== null) {
      changes += `, snapshot_revision = revision + 1, snapshot = $${values.push(encodeText(snapshot))}`;
      parts += `, dropped AS (DELETE FROM ${records} WHERE run_id = (SELECT run_id FROM run))`;
    } else if (record !== null) {
      const text = `$${values.push(encodeText(record))}`;
      parts += `, record AS (
  INSERT INTO ${records} (run_id, revision, text) SELECT run_id, revision, ${text} FROM run
)`;
    }
    const rows = await this.#run(
      runId,
      "write a commit",
      `WITH run AS (
  UPDATE ${runs} SET revision = revision + 1, version = $3, status = $4, wake_at = $5, updated_at = $6${changes}
  WHERE run_id = $1 AND revision = $2 AND created_at = $7 RETURNING run_id, revision
)${parts}${this.#insertEvents(events, values)} SELECT revision FROM run`,
      values,
    );
    return this.#told(runId, rows.length > 0);
  }

  /** Reads the events with a `seq` above `after`, in order, `limit` at most. */
  async events(runId: string, after: number, limit: number): Promise<readonly StoredEvent[]> {
    if (refuseId(runId) !== null) return [];
    const rows = await this.#run(
      runId,
      "read events",
      `SELECT seq, text FROM ${this.#tables.events} WHERE run_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
      [runId, after, limit],
    );
    return rows.map((row) => {
      const seq = readNumber(runId, "read the seq of an event", row.seq);
      return { seq, text: readText(runId, `read event ${seq}`, row.text) };
    });
  }

  /** Takes over runs that have not ended, those that have been due the longest first. */
  async claim({ runId, workflows, isForced = false, limit, until, now }: RunClaim): Promise<readonly RunHead[]> {
    if (runId !== undefined && refuseId(runId) !== null) return [];
    const { runs } = this.#tables;
    const values: PostgresValue[] = [until, limit];
    const conditions = ["wake_at IS NOT NULL", CAN_BE_CLAIMED];
    if (!isForced) conditions.push(`wake_at <= $${values.push(now)}`);
    if (runId !== undefined) conditions.push(`run_id = $${values.push(runId)}`);
    if (workflows !== undefined) {
      conditions.push(`workflow = ANY ($${values.push(toArrayText(workflows.map(encodeText)))}::text::text[])`);
    }
    // Who wants one run waits for whoever writes to it; who wants any takes others.
    const lock = runId === undefined ? "FOR NO KEY UPDATE SKIP LOCKED" : "FOR NO KEY UPDATE";
    const rows = await this.#run(
      runId ?? null,
      runId === undefined ? "claim runs" : "claim the lease",
      `WITH due AS (
  SELECT run_id AS due_id, wake_at AS was_due FROM ${runs}
  WHERE ${conditions.join(" AND ")} ORDER BY wake_at LIMIT $2 ${lock}
)
UPDATE ${runs} SET revision = revision + 1, wake_at = $1 FROM due WHERE run_id = due_id
RETURNING ${HEAD_COLUMNS}, was_due`,
      values,
    );
    const claimed = readableHeads(rows, (row) => {
      const head = toHead(row);
      return { head, wasDue: readNumber(head.runId, "read the head", row.was_due) };
    });
    claimed.sort((a, b) => a.wasDue - b.wasDue);
    for (const { head } of claimed) this.#told(head.runId, true);
    return claimed.map(({ head }) => head);
  }

  /** Lists runs, the newest first; those created at the same time by id, the greatest first. */
  async list({ status, workflow, after, limit }: RunQuery): Promise<readonly RunHead[]> {
    const values: PostgresValue[] = [];
    const conditions = ["true"];
    if (status !== undefined) conditions.push(`status = $${values.push(status)}`);
    if (workflow !== undefined) conditions.push(`workflow = $${values.push(encodeText(workflow))}`);
    if (after !== undefined) {
      const createdAt = `$${values.push(after.createdAt)}`;
      const place = `$${values.push(toOrderedText(after.runId))}`;
      conditions.push(`(created_at, place) < (${createdAt}, ${place})`);
    }
    const text = `SELECT ${HEAD_COLUMNS} FROM ${this.#tables.runs} WHERE ${conditions.join(" AND ")}
ORDER BY created_at DESC, place DESC LIMIT $${values.length + 1}`;
    for (let count = limit;; count *= 2) {
      const rows = await this.#run(null, "list runs", text, [...values, count]);
      const heads = readableHeads(rows, toHead);
      // A page that is not full would be taken for the last one.
      if (heads.length >= limit || rows.length < count) return heads.slice(0, limit);
    }
  }

  /** Deletes a run and all of its events; `false` if there was none. */
  async delete(runId: string): Promise<boolean> {
    if (refuseId(runId) !== null) return false;
    const text = `DELETE FROM ${this.#tables.runs} WHERE run_id = $1 RETURNING run_id`;
    const rows = await this.#run(runId, "delete the events", text, [runId]);
    return this.#told(runId, rows.length > 0);
  }

  /** Calls back on every write of this object and, with `listen`, of others. Returns a function that stops it. */
  onCommit(listener: (runId: string) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Sends the pending notices and stops listening; the client that was passed in stays open. */
  async close(): Promise<void> {
    const unlisten = this.#unlisten;
    this.#unlisten = null;
    try {
      await this.#doorbell?.close();
    } finally {
      await unlisten?.();
    }
  }

  /** The same as {@linkcode PostgresStore.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #run(runId: string | null, what: string, text: string, values: PostgresValue[]) {
    return this.#connection.run(runId, what, text, values);
  }

  /** The part of a statement that inserts the events of `run`; their values are added to `values`. */
  #insertEvents(events: readonly StoredEvent[], values: PostgresValue[]): string {
    const [first] = events;
    if (first === undefined) return "";
    const before = `$${values.push(first.seq - 1)}::bigint`;
    const texts = `$${values.push(toArrayText(events.map(({ text }) => encodeText(text))))}::text::text[]`;
    return `, event AS (
  INSERT INTO ${this.#tables.events} (run_id, seq, text)
  SELECT run_id, ${before} + place, text FROM run, unnest(${texts}) WITH ORDINALITY AS told (text, place)
)`;
  }

  #told(runId: string, isWritten: boolean): boolean {
    if (isWritten) {
      this.#listeners.tell(runId);
      this.#doorbell?.ring(runId);
    }
    return isWritten;
  }
}

/** Why there can be no run of this id, `null` if there can. */
function refuseId(runId: string): string | null {
  if (runId.includes("\0")) return "its id holds a NUL, which Postgres does not keep";
  return refuseRunId(runId, "Postgres");
}
