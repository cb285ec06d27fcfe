import { StoreError } from "../core/errors.ts";
import type { RunHead } from "../core/run_store.ts";
import { isStoredStatus } from "../core/stored_status.ts";
import type { DenoKvEntry } from "./deno_kv_database.ts";

/** What is kept of a run under its id. */
export interface DenoKvHead extends RunHead {
  /** Under which id it keeps the rest. */
  readonly life: string;
  /** The revision of its snapshot. */
  readonly snapshotAt: number;
  /** Whether its snapshot or a record is in pieces. */
  readonly hasChunks: boolean;
}

/** A head that was there at some time. */
export interface DenoKvSeen {
  readonly head: DenoKvHead;
  readonly versionstamp: string;
}

/** The value that a head is kept as. */
export function encodeHead({ runId: _runId, ...rest }: DenoKvHead): Readonly<Record<string, unknown>> {
  return rest;
}

/**
 * The head of an entry; `null` if there is none.
 *
 * @throws {StoreError} If it is no head.
 */
export function parseHead(runId: string, { value, versionstamp }: DenoKvEntry): DenoKvSeen | null {
  if (versionstamp === null) return null;
  if (!isKept(value)) throw new StoreError(runId, "read the head", "it is not what this store writes");
  return { head: { runId, ...value }, versionstamp };
}

/** What everybody may know of it. */
export function toRunHead(head: DenoKvHead): RunHead {
  const { life: _life, snapshotAt: _snapshotAt, hasChunks: _hasChunks, ...rest } = head;
  return rest;
}

const TEXTS = ["workflow", "version", "life"];
const TIMES = ["createdAt", "updatedAt"];
/** The least that each may be. */
const COUNTS = { revision: 1, lastSeq: 0, snapshotAt: 1 };

function isKept(value: unknown): value is Omit<DenoKvHead, "runId"> {
  if (typeof value !== "object" || value === null) return false;
  const of = (name: string): unknown => Reflect.get(value, name);
  return TEXTS.every((name) => typeof of(name) === "string") && TIMES.every((name) => isAtLeast(of(name), -Infinity)) &&
    Object.entries(COUNTS).every(([name, least]) => isAtLeast(of(name), least)) && isStoredStatus(of("status")) &&
    (of("wakeAt") === null || isAtLeast(of("wakeAt"), -Infinity)) && typeof of("hasChunks") === "boolean";
}

/** False for `NaN`, too. */
function isAtLeast(value: unknown, least: number): boolean {
  return typeof value === "number" && value >= least;
}
