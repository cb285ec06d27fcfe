import type { SqliteDatabase, SqliteStatement } from "./sqlite_database.ts";
import type { SqliteTransactions } from "./sqlite_runs.ts";

/** Transactions of a connection that takes statements for them. */
export class SqliteTransactor implements SqliteTransactions {
  /** Kept alive: in the first versions of `node:sqlite` its statements come to an end when it is collected. */
  readonly database: SqliteDatabase;
  readonly #begin: SqliteStatement;
  readonly #beginWrite: SqliteStatement;
  readonly #commit: SqliteStatement;
  readonly #rollback: SqliteStatement;

  constructor(database: SqliteDatabase) {
    this.database = database;
    this.#begin = database.prepare("BEGIN");
    this.#beginWrite = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#rollback = database.prepare("ROLLBACK");
  }

  read<T>(work: () => T): T {
    return this.#transact(this.#begin, work);
  }

  /** It takes the lock to write at its start: one that takes it later may be told to start again. */
  write<T>(work: () => T): T {
    return this.#transact(this.#beginWrite, work);
  }

  #transact<T>(begin: SqliteStatement, work: () => T): T {
    begin.run();
    try {
      const value = work();
      this.#commit.run();
      return value;
    } catch (error) {
      try {
        this.#rollback.run();
      } catch {
        // SQLite has rolled back by itself, as it may do if the disk is full; what went wrong is `error`.
      }
      throw error;
    }
  }
}
