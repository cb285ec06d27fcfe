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
const NUMBERS = ["revision", "lastSeq", "createdAt", "updatedAt", "snapshotAt"];

function isKept(value: unknown): value is Omit<DenoKvHead, "runId"> {
  if (typeof value !== "object" || value === null) return false;
  const wakeAt: unknown = Reflect.get(value, "wakeAt");
  return TEXTS.every((name) => typeof Reflect.get(value, name) === "string") &&
    NUMBERS.every((name) => typeof Reflect.get(value, name) === "number") &&
    isStoredStatus(Reflect.get(value, "status")) && (wakeAt === null || typeof wakeAt === "number") &&
    typeof Reflect.get(value, "hasChunks") === "boolean";
}
