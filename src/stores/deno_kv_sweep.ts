import type { DenoKvDatabase, DenoKvEntry, DenoKvKey } from "./deno_kv_database.ts";
import type { DenoKvHead } from "./deno_kv_head.ts";
import type { DenoKvKeys } from "./deno_kv_keys.ts";
import { deleteAll } from "./deno_kv_write.ts";

const KEYS_AT_ONCE = 500;

/** A snapshot takes the records before it out in the same write, unless they may be more. */
const MAX_RECORDS_AT_ONCE = 300;

/** What goes when a snapshot is written. */
export interface ReplacedState {
  /** What goes in the same write. */
  readonly removed: readonly DenoKvKey[];
  /** Whether there is more than that, for {@linkcode sweepState}. */
  readonly isSwept: boolean;
}

export const NOTHING_REPLACED: ReplacedState = { removed: [], isSwept: false };

/** The snapshot and the records of a head that another snapshot takes the place of. */
export function replacedState(
  keys: DenoKvKeys,
  { runId, life, snapshotAt, revision, hasChunks }: DenoKvHead,
): ReplacedState {
  const removed = [keys.kept(runId, life, "snapshot", snapshotAt)];
  const isSwept = hasChunks || revision - snapshotAt > MAX_RECORDS_AT_ONCE;
  for (let at = snapshotAt + 1; !isSwept && at <= revision; at += 1) removed.push(keys.kept(runId, life, "record", at));
  return { removed, isSwept };
}

/** Removes what lives without a head have kept, also those of a process that ended in between. */
export async function sweepLoose(
  database: DenoKvDatabase,
  keys: DenoKvKeys,
  runId: string,
  keyBytes: number,
): Promise<void> {
  for await (const { key, value, versionstamp } of database.list({ prefix: keys.allLoose(runId) })) {
    const life = String(key.at(-1));
    const mark = keys.loose(runId, life);
    if (value !== "deleted") {
      // It may be about to be created. With its mark changed it cannot be, so that its pieces may go.
      const changed = await database.atomic().check({ key: mark, versionstamp }).set(mark, "deleted").commit();
      if (!changed.ok) continue;
    }
    await sweep(database, database.list({ prefix: keys.life(runId, life) }, { batchSize: KEYS_AT_ONCE }), keyBytes);
    await database.atomic().delete(mark).commit();
  }
}

/** Removes the records before a snapshot, and the pieces of those and of the snapshots before. */
export async function sweepState(
  database: DenoKvDatabase,
  keys: DenoKvKeys,
  { runId, life, snapshotAt }: DenoKvHead,
  keyBytes: number,
): Promise<void> {
  try {
    const [start, end] = [keys.kept(runId, life, "record", 0), keys.kept(runId, life, "record", snapshotAt)];
    await sweep(database, database.list({ start, end }), keyBytes);
    for (const kind of ["record", "snapshot"] as const) {
      const start = keys.firstChunk(runId, life, kind, 0);
      await sweep(database, database.list({ start, end: keys.firstChunk(runId, life, kind, snapshotAt) }), keyBytes);
    }
  } catch {
    // The commit is done, and nobody reads what is left: it goes when the run is deleted.
  }
}

async function sweep(database: DenoKvDatabase, entries: AsyncIterable<DenoKvEntry>, keyBytes: number): Promise<void> {
  let found: DenoKvKey[] = [];
  for await (const { key } of entries) {
    // What a life keeps is found by texts and numbers only.
    found.push(key.map((part) => typeof part === "number" ? part : String(part)));
    if (found.length < KEYS_AT_ONCE) continue;
    await deleteAll(database, found, keyBytes);
    found = [];
  }
  await deleteAll(database, found, keyBytes);
}
