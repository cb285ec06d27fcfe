/** What a {@linkcode SqliteStore} uses of a `DatabaseSync` of `node:sqlite`. */
export interface SqliteDatabase {
  /** Runs statements without values. */
  exec(sql: string): void;
  /** Prepares a statement that can be run many times. */
  prepare(sql: string): SqliteStatement;
}

/** A prepared statement. Values are bound by position. */
export interface SqliteStatement {
  /** Runs it for its effect. */
  run(...values: readonly SqliteValue[]): unknown;
  /** Runs it and returns its first row. */
  get(...values: readonly SqliteValue[]): unknown;
  /** Runs it and returns all its rows. */
  all(...values: readonly SqliteValue[]): readonly unknown[];
}

/** A value that is bound to a statement. */
export type SqliteValue = string | number | null;
