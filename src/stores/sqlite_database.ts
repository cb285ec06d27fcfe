/** What a {@linkcode SqliteStore} touches of a `DatabaseSync` of `node:sqlite`. */
export interface SqliteDatabase {
  /** Runs statements without values. */
  exec(sql: string): void;
  /** Makes a statement that can be run many times. */
  prepare(sql: string): SqliteStatement;
}

/** A prepared statement. Values are bound by their place. */
export interface SqliteStatement {
  /** Runs it, for what it does. */
  run(...values: readonly SqliteValue[]): unknown;
  /** Runs it, for its first row. */
  get(...values: readonly SqliteValue[]): unknown;
  /** Runs it, for all its rows. */
  all(...values: readonly SqliteValue[]): readonly unknown[];
}

/** What is bound to a statement. */
export type SqliteValue = string | number | null;
