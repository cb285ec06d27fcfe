import type { DurableObjectSql, DurableObjectSqlStorage } from "./durable_object_storage.ts";
import type { SqliteDatabase, SqliteStatement, SqliteValue } from "./sqlite_database.ts";
import type { SqliteTransactions } from "./sqlite_runs.ts";

/** The database of a Durable Object as the statements of a `SqliteStore` know one. */
export class DurableObjectDatabase implements SqliteDatabase, SqliteTransactions {
  readonly #storage: DurableObjectSqlStorage;

  constructor(storage: DurableObjectSqlStorage) {
    this.#storage = storage;
  }

  exec(sql: string): void {
    this.#storage.sql.exec(sql);
  }

  /** The object keeps what it has compiled by its text, so there is nothing to prepare. */
  prepare(sql: string): SqliteStatement {
    return new TextStatement(this.#storage.sql, sql);
  }

  /** Nobody else can write while it is read. */
  read<T>(work: () => T): T {
    return work();
  }

  write<T>(work: () => T): T {
    return this.#storage.transactionSync(work);
  }
}

class TextStatement implements SqliteStatement {
  readonly #sql: DurableObjectSql;
  readonly #text: string;

  constructor(sql: DurableObjectSql, text: string) {
    this.#sql = sql;
    this.#text = text;
  }

  run(...values: readonly SqliteValue[]): void {
    this.#sql.exec(this.#text, ...values);
  }

  get(...values: readonly SqliteValue[]): unknown {
    return this.all(...values)[0];
  }

  all(...values: readonly SqliteValue[]): readonly unknown[] {
    return this.#sql.exec(this.#text, ...values).toArray();
  }
}
