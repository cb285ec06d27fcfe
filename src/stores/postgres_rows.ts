import { StoreError } from "../core/errors.ts";
import type { RunHead } from "../core/run_store.ts";
import { isStoredStatus } from "../core/stored_status.ts";
import { toText } from "../core/to_text.ts";
import type { PostgresRow } from "./postgres_connection.ts";
import { parseText } from "./stored_text.ts";

const HEAD_COLUMN_LIST: readonly string[] = [
  "run_id",
  "workflow",
  "version",
  "status",
  "revision",
  "last_seq",
  "wake_at",
  "created_at",
  "updated_at",
];

/** The columns of a head, as they stand in a statement. */
export const HEAD_COLUMNS: string = HEAD_COLUMN_LIST.join(", ");

/** As many columns with nothing in them, but for a revision. */
export const NO_HEAD_COLUMNS: string = HEAD_COLUMN_LIST.map((name) => name === "revision" ? "record.revision" : "NULL")
  .join(", ");

/**
 * The head of a row.
 *
 * @throws {StoreError} If it is none.
 */
export function toHead(row: PostgresRow): RunHead {
  const runId = typeof row.run_id === "string" ? row.run_id : null;
  const what = "read the head";
  const { status } = row;
  if (runId === null || !isStoredStatus(status)) throw new StoreError(runId, what, `its status is ${toText(status)}`);
  return {
    runId,
    workflow: readText(runId, what, row.workflow),
    version: readText(runId, what, row.version),
    status,
    revision: readNumber(runId, what, row.revision, 1),
    lastSeq: readNumber(runId, what, row.last_seq, 0),
    wakeAt: row.wake_at === null ? null : readNumber(runId, what, row.wake_at),
    createdAt: readNumber(runId, what, row.created_at),
    updatedAt: readNumber(runId, what, row.updated_at),
  };
}

/**
 * The text in a column.
 *
 * @throws {StoreError} If it is none.
 */
export function readText(runId: string, what: string, value: unknown): string {
  if (typeof value !== "string") throw new StoreError(runId, what, `a text is ${toText(value)}`);
  try {
    return parseText(value);
  } catch (error) {
    throw new StoreError(runId, what, toText(error), { cause: error });
  }
}

/**
 * The number in a column, which a driver gives as a number, a text or a bigint.
 *
 * @throws {StoreError} If it is none, or less than `least`.
 */
export function readNumber(runId: string, what: string, value: unknown, least = -Infinity): number {
  const isNumeric = typeof value === "number" || typeof value === "bigint" ||
    (typeof value === "string" && value !== "");
  const number = isNumeric ? Number(value) : NaN;
  if (Number.isNaN(number) || number < least) throw new StoreError(runId, what, `a number is ${toText(value)}`);
  return number;
}

/** The texts as an array of Postgres in one text, which every driver binds alike; it is read by `::text[]`. */
export function toArrayText(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}
