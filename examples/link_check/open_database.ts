import { DatabaseSync } from "node:sqlite";

/**
 * Opens or creates a SQLite file for this process alone: a server takes over every run that it finds in its file, so no
 * other process may be working on one.
 *
 * @throws {Error} If it cannot be opened, or another process has it
 */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
