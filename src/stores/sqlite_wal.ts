import type { SqliteDatabase } from "./sqlite_database.ts";

/** Turns on the write-ahead log, which stays on; whether it is: a database in memory, for one, has none. */
export function turnOnWal(database: SqliteDatabase): boolean {
  const pragma = database.prepare("PRAGMA journal_mode = WAL");
  for (let tries = 1;; tries += 1) {
    try {
      const row = pragma.get();
      return typeof row === "object" && row !== null && "journal_mode" in row && row.journal_mode === "wal";
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
      // It does not wait for others who have the file open, as several may that start together, but fails at once. A
      // transaction does wait, as long as `busy_timeout` says.
      database.exec("BEGIN IMMEDIATE; COMMIT");
    }
  }
}

const MOST_TRIES = 20;
