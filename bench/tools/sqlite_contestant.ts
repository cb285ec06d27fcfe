import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { DatabaseSync } from "node:sqlite";
import type { StoreContestant } from "./store_contestant.ts";

/** The store on a SQLite file, and prepared statements on the same connection. */
export async function inSqlite(file: string, synchronous: "NORMAL" | "FULL"): Promise<StoreContestant> {
  const database = new DatabaseSync(file);
  const store = await SqliteStore.open(database, { synchronous });
  database.exec(`
    CREATE TABLE IF NOT EXISTS bare_runs (run_id TEXT PRIMARY KEY, revision INTEGER, wake_at INTEGER) STRICT;
    CREATE TABLE IF NOT EXISTS bare_records (run_id TEXT, revision INTEGER, text TEXT, PRIMARY KEY (run_id, revision)) STRICT;
    CREATE TABLE IF NOT EXISTS bare_events (run_id TEXT, seq INTEGER, text TEXT, PRIMARY KEY (run_id, seq)) STRICT;
  `);
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const create = database.prepare("INSERT INTO bare_runs VALUES (?, ?, ?)");
  const update = database.prepare("UPDATE bare_runs SET revision = ?, wake_at = ? WHERE run_id = ? AND revision = ?");
  const forget = database.prepare("DELETE FROM bare_records WHERE run_id = ?");
  const addRecord = database.prepare("INSERT INTO bare_records VALUES (?, ?, ?)");
  const addEvent = database.prepare("INSERT INTO bare_events VALUES (?, ?, ?)");
  return {
    store,
    write: (runId, { record, snapshot, events }, revision) => {
      begin.run();
      if (revision === 1) create.run(runId, 1, Date.now());
      else update.run(revision, Date.now(), runId, revision - 1);
      if (snapshot !== null) forget.run(runId);
      const state = snapshot ?? record;
      if (state !== null) addRecord.run(runId, revision, JSON.stringify(state));
      for (const { seq, event } of events) addEvent.run(runId, seq, JSON.stringify(event));
      commit.run();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(database.close()),
  };
}
