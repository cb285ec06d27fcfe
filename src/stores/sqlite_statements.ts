import type { SqliteDatabase, SqliteStatement } from "./sqlite_database.ts";

/** Every statement of a store, prepared once. */
export type SqliteStatements = Readonly<Record<keyof typeof SQL, SqliteStatement>>;

/** Prepares the statements; the tables have to be there. */
export function prepareStatements(database: SqliteDatabase): SqliteStatements {
  const prepare = (name: keyof typeof SQL) => database.prepare(SQL[name]);
  return {
    create: prepare("create"),
    find: prepare("find"),
    state: prepare("state"),
    commit: prepare("commit"),
    commitSnapshot: prepare("commitSnapshot"),
    addRecord: prepare("addRecord"),
    addEvent: prepare("addEvent"),
    events: prepare("events"),
    hasEvents: prepare("hasEvents"),
    due: prepare("due"),
    claim: prepare("claim"),
    list: prepare("list"),
    listOfWorkflow: prepare("listOfWorkflow"),
    delete: prepare("delete"),
    deleteRecords: prepare("deleteRecords"),
    deleteEvents: prepare("deleteEvents"),
  };
}

const RUN = "number, run_id, workflow, version, status, revision, last_seq, wake_at, created_at, updated_at, " +
  "snapshot_at, record_count";

const NUMBERS = "revision, last_seq, coalesce(wake_at, 0), created_at, updated_at, snapshot_at, record_count";

// One number that JavaScript cannot hold, and `node:sqlite` throws for all rows of the statement.
const CAN_BE_READ = `max(${NUMBERS}) <= ${Number.MAX_SAFE_INTEGER} AND min(${NUMBERS}) >= ${Number.MIN_SAFE_INTEGER}`;

const LISTED = `status = coalesce(?, status) AND (created_at, run_id) < (?, ?) AND ${CAN_BE_READ} ` +
  "ORDER BY created_at DESC, run_id DESC LIMIT ?";

// Values have no numbers here: `node:sqlite` binds none by number before Node 22.20 and 24.7.
const SQL = {
  create: `
    INSERT INTO stepstream_runs (run_id, workflow, version, status, revision, last_seq, wake_at, created_at,
      updated_at, snapshot_at, record_count)
    VALUES (?, ?, ?, 'running', 1, ?, ?, ?, ?, 1, 0)
    ON CONFLICT (run_id) DO NOTHING
    RETURNING number`,
  find: `SELECT ${RUN} FROM stepstream_runs WHERE run_id = ?`,
  state: `
    SELECT run AS number, revision, text FROM stepstream_records WHERE run = ? AND revision >= ? ORDER BY revision`,

  commit: `
    UPDATE stepstream_runs
    SET version = ?, status = ?, last_seq = last_seq + ?, wake_at = ?, updated_at = ?, revision = revision + 1,
      record_count = record_count + ?
    WHERE run_id = ? AND revision = ? AND created_at = ?
    RETURNING number`,
  commitSnapshot: `
    UPDATE stepstream_runs
    SET version = ?, status = ?, last_seq = last_seq + ?, wake_at = ?, updated_at = ?, revision = revision + 1,
      snapshot_at = revision + 1, record_count = 0
    WHERE run_id = ? AND revision = ? AND created_at = ?
    RETURNING number`,
  addRecord: "INSERT INTO stepstream_records (run, revision, text) VALUES (?, ?, ?)",
  addEvent: "INSERT INTO stepstream_events (run, seq, text) VALUES (?, ?, ?)",

  // One statement, so that the run and its events are of the same moment.
  events: `
    SELECT number, last_seq, seq, text
    FROM stepstream_runs LEFT JOIN stepstream_events ON run = number AND seq > ?
    WHERE run_id = ?
    ORDER BY seq LIMIT ?`,
  hasEvents: `
    SELECT 1 FROM stepstream_runs JOIN stepstream_events ON run = number WHERE run_id = ? AND seq <= ? LIMIT 1`,

  // By status as well: a row that somebody has given one of their own is theirs, and holds up no others.
  due: `
    SELECT ${RUN} FROM stepstream_runs
    WHERE wake_at <= ? AND status IN ('running', 'suspended') AND ${CAN_BE_READ}
      AND (? OR workflow IN (SELECT value FROM json_each(?)))
    ORDER BY wake_at LIMIT ?`,
  claim: "UPDATE stepstream_runs SET revision = revision + 1, wake_at = ? WHERE number = ?",

  list: `SELECT ${RUN} FROM stepstream_runs WHERE ${LISTED}`,
  listOfWorkflow: `SELECT ${RUN} FROM stepstream_runs WHERE workflow = ? AND ${LISTED}`,

  delete: "DELETE FROM stepstream_runs WHERE run_id = ? RETURNING number",
  deleteRecords: "DELETE FROM stepstream_records WHERE run = ? AND revision <= ?",
  deleteEvents: "DELETE FROM stepstream_events WHERE run = ?",
} as const;
