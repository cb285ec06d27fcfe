import type { RunObjectState, RunObjectStorage } from "@stepstream/workflow/hosts/durable-object";
import { DatabaseSync } from "node:sqlite";

/** The state of a Durable Object on this runtime: one that is woken by the test, and whose storage may fail. */
export class FakeObject implements RunObjectState, Disposable {
  readonly storage: RunObjectStorage;
  /** When it is to be woken, `null` for never. */
  alarmAt: number | null = null;
  /** Thrown by every statement that writes, if it is set. */
  failure: Error | null = null;
  #database = new DatabaseSync(":memory:");

  constructor() {
    const exec = (query: string, ...values: (string | number | null)[]) => {
      if (this.failure !== null && !query.trimStart().startsWith("SELECT")) throw this.failure;
      const isScript = values.length === 0 && query.includes(";");
      if (isScript) this.#database.exec(query);
      const rows = isScript ? [] : this.#database.prepare(query).all(...values);
      return { toArray: () => rows };
    };
    this.storage = {
      sql: { exec },
      transactionSync: (work) => this.#transact(work),
      setAlarm: (at) => this.#settle(() => this.alarmAt = at),
      deleteAlarm: () => this.#settle(() => this.alarmAt = null),
      deleteAll: () =>
        this.#settle(() => {
          this.#database.close();
          this.#database = new DatabaseSync(":memory:");
        }),
    };
  }

  /** How many tables it has. */
  get tables(): number {
    return this.#database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table'").all().length;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  // deno-lint-ignore require-await -- it rejects instead of throwing
  async #settle(work: () => unknown): Promise<void> {
    work();
  }

  #transact<T>(work: () => T): T {
    this.#database.exec("BEGIN");
    try {
      const value = work();
      this.#database.exec("COMMIT");
      return value;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}
