import { StoreError } from "../core/errors.ts";
import type { RunHead, StoredRecord } from "../core/run_store.ts";
import { isStoredStatus } from "../core/stored_status.ts";
import { fromOrderedText } from "./ordered_text.ts";
import { parseText } from "./stored_text.ts";

/** A run as its row tells it. */
export interface RunRow {
  readonly head: RunHead;
  /** What stands for it in the other tables. */
  readonly number: number;
  readonly snapshotAt: number;
  readonly recordCount: number;
}

/** Reads a row with all columns of a run. */
export function readRun(row: unknown): RunRow {
  const ordered = field(row, "run_id");
  const runId = typeof ordered === "string" ? fromOrderedText(ordered) : null;
  if (runId === null) throw unreadable(null, "the row", "run_id", ordered);
  const text = (name: string) => readText(runId, "the row", row, name);
  const whole = (name: string, from: number) => readWhole(runId, "the row", row, name, from);
  const status = field(row, "status");
  if (!isStoredStatus(status)) throw unreadable(runId, "the row", "status", status);
  const head = {
    runId,
    workflow: text("workflow"),
    version: text("version"),
    status,
    revision: whole("revision", 1),
    lastSeq: whole("last_seq", 0),
    wakeAt: field(row, "wake_at") === null ? null : whole("wake_at", -Infinity),
    createdAt: whole("created_at", -Infinity),
    updatedAt: whole("updated_at", -Infinity),
  };
  return {
    head,
    number: readNumber(runId, row),
    snapshotAt: whole("snapshot_at", 1),
    recordCount: whole("record_count", 0),
  };
}

/** Reads the rows of a run's snapshot and of the records after it. */
export function readState(
  { head, snapshotAt, recordCount }: RunRow,
  rows: readonly unknown[],
): { readonly snapshot: string; readonly records: readonly StoredRecord[] } {
  const { runId, revision: last } = head;
  const records = rows.map((row): StoredRecord => {
    const revision = readWhole(runId, "a record", row, "revision", 1);
    return { revision, text: readText(runId, `record ${revision}`, row, "text") };
  });
  const first = records.shift();
  if (first?.revision !== snapshotAt) {
    throw new StoreError(runId, `read record ${snapshotAt}`, "it is the last snapshot, and it is missing");
  }
  if (records.length !== recordCount || (records.at(-1)?.revision ?? last) > last) {
    const found = records.map((record) => record.revision).join(", ") || "none";
    const wanted = `there should be ${recordCount} after ${snapshotAt}, up to ${last}`;
    throw new StoreError(runId, `read records ${snapshotAt + 1} to ${last}`, `${wanted}: there are ${found}`);
  }
  return { snapshot: first.text, records };
}

/** Reads the number that stands for a run in the other tables. */
export function readNumber(runId: string, row: unknown): number {
  return readWhole(runId, "the row", row, "number", -Infinity);
}

/** Reads a whole number that may not be less than `from`. */
export function readWhole(runId: string | null, what: string, row: unknown, name: string, from: number): number {
  const value = field(row, name);
  // A database that was opened with `readBigInts` gives bigints.
  const number = typeof value === "bigint" ? Number(value) : value;
  if (!Number.isSafeInteger(number) || typeof number !== "number" || number < from) {
    throw unreadable(runId, what, name, value);
  }
  return number;
}

/** Reads a text. */
export function readText(runId: string, what: string, row: unknown, name: string): string {
  const value = field(row, name);
  if (typeof value !== "string") throw unreadable(runId, what, name, value);
  try {
    return parseText(value);
  } catch (cause) {
    throw unreadable(runId, what, name, value, { cause });
  }
}

/** The value of a column. */
export function field(row: unknown, name: string): unknown {
  return isRow(row) ? row[name] : undefined;
}

function isRow(row: unknown): row is Readonly<Record<string, unknown>> {
  return typeof row === "object" && row !== null;
}

function unreadable(
  runId: string | null,
  what: string,
  name: string,
  value: unknown,
  options?: ErrorOptions,
): StoreError {
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : String(value);
  return new StoreError(runId, `read ${what}`, `its ${name} is ${shown}`, options);
}
