/** What a {@linkcode DurableObjectStore} uses of the storage of a Durable Object that is backed by SQLite. */
export interface DurableObjectSqlStorage {
  /** Runs statements. */
  readonly sql: DurableObjectSql;
  /** Runs the work as one transaction: if it throws, what it has written is rolled back. */
  transactionSync<T>(work: () => T): T;
}

/** The database of a Durable Object. */
export interface DurableObjectSql {
  /** Runs a statement, with values that are bound by position. */
  exec(query: string, ...bindings: (string | number | null)[]): DurableObjectCursor;
}

/** The rows of a statement. */
export interface DurableObjectCursor {
  /** All rows that are left. */
  toArray(): unknown[];
}
