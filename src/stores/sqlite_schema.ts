import { StoreError } from "../core/errors.ts";
import type { SqliteDatabase } from "./sqlite_database.ts";
import type { SqliteTransactions } from "./sqlite_runs.ts";

/**
 * Creates the tables, and those of `more`, unless they are there. Throws, before anything is changed, if those there
 * are not understood.
 */
export function ensureSchema(database: SqliteDatabase, transact: SqliteTransactions, more = ""): void {
  if (readVersion(database) === VERSION) return;
  transact.write(() => {
    // Another process may have been faster.
    if (readVersion(database) !== VERSION) database.exec(SCHEMA + more);
  });
}

const VERSION = 1;

// The run's number stands for its id in the long tables. The state is in rows of its own, so that a commit writes what
// has changed and not a snapshot. `wake_at` is in no index but that of the open runs: every commit moves it.
const SCHEMA = `
CREATE TABLE stepstream_schema (version INTEGER NOT NULL) STRICT;
INSERT INTO stepstream_schema (version) VALUES (${VERSION});

CREATE TABLE stepstream_runs (
  number INTEGER PRIMARY KEY,
  -- The id, in a spelling that sorts by bytes as the id does by UTF-16 code units.
  run_id TEXT NOT NULL UNIQUE,
  workflow TEXT NOT NULL,
  version TEXT NOT NULL,
  status TEXT NOT NULL,
  revision INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  wake_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- The revision of the last snapshot, and how many records there are after it.
  snapshot_at INTEGER NOT NULL,
  record_count INTEGER NOT NULL
) STRICT;
CREATE INDEX stepstream_runs_due ON stepstream_runs (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX stepstream_runs_newest ON stepstream_runs (created_at, run_id);
CREATE INDEX stepstream_runs_of_workflow ON stepstream_runs (workflow, created_at, run_id);

-- The snapshot, which is the row at snapshot_at, and the records after it.
CREATE TABLE stepstream_records (
  run INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (run, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE stepstream_events (
  run INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
`;

/** Whether there are tables, of whatever version. */
export function hasTables(database: SqliteDatabase): boolean {
  const table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'stepstream_schema'";
  return database.prepare(table).get() !== undefined;
}

/** Whether the tables have a run, which may be one that cannot be read. */
export function hasRuns(database: SqliteDatabase): boolean {
  return database.prepare("SELECT 1 FROM stepstream_runs LIMIT 1").get() !== undefined;
}

/** The version of the tables, `null` if there are none. */
function readVersion(database: SqliteDatabase): typeof VERSION | null {
  if (!hasTables(database)) return null;
  // The greatest: a version that came after this one may have left a row of its own.
  const row = database.prepare("SELECT max(version) AS version FROM stepstream_schema").get();
  const version = typeof row === "object" && row !== null && "version" in row ? row.version : null;
  if (version === VERSION || version === BigInt(VERSION)) return VERSION;
  const is = `its tables are of schema version ${String(version)}, and this package knows version ${VERSION}`;
  throw new StoreError(null, "open the database", is);
}
