import { StoreError, WorkflowError } from "../core/errors.ts";
import { toText } from "../core/to_text.ts";

/** A row of a result. */
export type PostgresRow = Readonly<Record<string, unknown>>;

/** The result of a query: the rows, or an object that has them as `rows`, as with `pg` and PGlite. */
export type PostgresResult = readonly PostgresRow[] | { readonly rows: readonly PostgresRow[] };

/** A value that is bound to a query. */
export type PostgresValue = string | number | null;

/**
 * Runs one statement, whose values stand for `$1`, `$2` and so on, on any connection of a pool. With `pg` and PGlite it
 * is `(text, values) => pool.query(text, values)`, with `postgres` it is `(text, values) => sql.unsafe(text, values)`.
 */
export type PostgresQuery = (text: string, values: PostgresValue[]) => Promise<PostgresResult>;

/** Another transaction was in the way: nothing was done, and the same again may succeed. */
const RETRIABLE: ReadonlySet<unknown> = new Set(["40001", "40P01"]);
const MAX_ATTEMPTS = 10;

/** Runs statements, and tells with what run it did not work. */
export class PostgresConnection {
  readonly #query: PostgresQuery;

  constructor(query: PostgresQuery) {
    this.#query = query;
  }

  /** Runs a statement; `runId` and `what` are for the error, e.g. "write a commit". */
  async run(
    runId: string | null,
    what: string,
    text: string,
    values: PostgresValue[] = [],
  ): Promise<readonly PostgresRow[]> {
    for (let attempt = 1;; attempt += 1) {
      try {
        const result = await this.#query(text, values);
        if (Array.isArray(result)) return result;
        if ("rows" in result && Array.isArray(result.rows)) return result.rows;
        throw new StoreError(runId, what, "query gives neither rows nor an object with rows");
      } catch (error) {
        if (error instanceof WorkflowError) throw error;
        if (RETRIABLE.has(codeOf(error)) && attempt < MAX_ATTEMPTS) continue;
        throw new StoreError(runId, what, toText(error), { cause: error });
      }
    }
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined;
}
