/** What a {@linkcode DurableObjectStore} touches of the storage of a Durable Object that is backed by SQLite. */
export interface DurableObjectSqlStorage {
  /** Runs statements. */
  readonly sql: DurableObjectSql;
  /** Runs the work as one transaction: what it throws rolls back what it has written. */
  transactionSync<T>(work: () => T): T;
}

/** The database of a Durable Object. */
export interface DurableObjectSql {
  /** Runs a statement, with values that are bound by their place. */
  exec(query: string, ...bindings: (string | number | null)[]): DurableObjectCursor;
}

/** The rows of a statement. */
export interface DurableObjectCursor {
  /** All that are left. */
  toArray(): unknown[];
}
