import type { SqliteDatabase, SqliteStatement, SqliteValue } from "@stepstream/workflow/stores/sqlite";

/** A database that counts what it is asked to do. */
export class CountingDatabase implements SqliteDatabase {
  /** How many statements were run. */
  statements = 0;
  /** How many characters the texts had that were bound to them. */
  characters = 0;
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  prepare(sql: string): SqliteStatement {
    const statement = this.#database.prepare(sql);
    const count = (values: readonly SqliteValue[]) => {
      this.statements += 1;
      for (const value of values) if (typeof value === "string") this.characters += value.length;
      return values;
    };
    return {
      run: (...values) => statement.run(...count(values)),
      get: (...values) => statement.get(...count(values)),
      all: (...values) => statement.all(...count(values)),
    };
  }
}
