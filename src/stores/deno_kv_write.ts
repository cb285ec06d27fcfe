import { StoreError } from "../core/errors.ts";
import { createRunId } from "../core/run_id.ts";
import type { DenoKvAtomic, DenoKvCommit, DenoKvDatabase, DenoKvKey } from "./deno_kv_database.ts";
import type { DenoKvKeys, DenoKvKind } from "./deno_kv_keys.ts";
import { MAX_ATOMIC_BYTES, MAX_MUTATIONS, MAX_VALUE_BYTES } from "./deno_kv_limits.ts";

/** Where something is kept, and by what it is found. */
export interface DenoKvPlace {
  readonly runId: string;
  readonly life: string;
  readonly keys: DenoKvKeys;
  /** What a key may add to the size of an atomic write. */
  readonly keyBytes: number;
}

/** What stands for a value that is kept in pieces. */
export interface DenoKvChunked {
  /** Under which id its pieces are. */
  readonly attempt: string;
  readonly byteCount: number;
}

/** Up to here a value stays whole in a write that is too large for one atomic operation. */
const SMALL_VALUE_BYTES = 1024;

interface Mutation {
  readonly key: DenoKvKey;
  readonly value: unknown;
  readonly byteCount: number;
}

/**
 * What one commit writes to what a run keeps. If it fits, all of it is one atomic operation. If not, the pieces of what
 * is long are written first, where nobody looks for them, and one atomic operation makes them part of the run.
 */
export class DenoKvWrite {
  readonly #place: DenoKvPlace;
  readonly #values: { readonly kind: DenoKvKind; readonly at: number; readonly bytes: Uint8Array }[] = [];
  #byteCount = 0;

  constructor(place: DenoKvPlace) {
    this.#place = place;
  }

  /** Adds a value. */
  put(kind: DenoKvKind, at: number, bytes: Uint8Array): void {
    this.#values.push({ kind, at, bytes });
    this.#byteCount += bytes.length + this.#place.keyBytes;
  }

  /**
   * Writes the values with `others`, mutations that `toAtomic` makes: `false` if its checks failed, and then nothing of
   * the values is left. It gets to know whether a record or a snapshot is in pieces. `mark` is a key to hold while a
   * run that has no head yet has pieces.
   */
  async commit(
    database: DenoKvDatabase,
    toAtomic: (hasChunks: boolean) => DenoKvAtomic,
    options: { readonly others: number; readonly mark?: DenoKvKey },
  ): Promise<DenoKvCommit> {
    const { runId, keyBytes } = this.#place;
    const isBig = this.#byteCount + options.others * keyBytes > MAX_ATOMIC_BYTES;
    const { whole, chunks, hasChunks } = this.#split(isBig ? SMALL_VALUE_BYTES : MAX_VALUE_BYTES);
    if (whole.length + options.others + (isBig ? 1 : chunks.length) > MAX_MUTATIONS) {
      throw new StoreError(runId, "write a commit", `it has too many bytes for one: ${this.#byteCount}`);
    }
    if (!isBig) return await setAll(toAtomic(hasChunks), [...whole, ...chunks]).commit();

    const { mark } = options;
    const begun = mark && await database.atomic().set(mark, "created").commit();
    const written: Mutation[] = [];
    try {
      for (const batch of toBatches(chunks, keyBytes)) {
        written.push(...batch);
        await setAll(database.atomic(), batch).commit();
      }
    } catch (error) {
      await this.#remove(database, written, mark);
      throw error;
    }
    const atomic = setAll(toAtomic(hasChunks), whole);
    if (mark && begun?.ok) atomic.check({ key: mark, versionstamp: begun.versionstamp }).delete(mark);
    // If this throws, nobody knows whether it was done: the pieces must stay.
    const commit = await atomic.commit();
    if (!commit.ok) await this.#remove(database, written, mark);
    return commit;
  }

  #split(longest: number) {
    const { keys, runId, life } = this.#place;
    const attempt = createRunId();
    const whole: Mutation[] = [];
    const chunks: Mutation[] = [];
    let hasChunks = false;
    for (const { kind, at, bytes } of this.#values) {
      const key = keys.kept(runId, life, kind, at);
      if (bytes.length <= longest) {
        whole.push({ key, value: bytes, byteCount: bytes.length });
        continue;
      }
      if (kind !== "event") hasChunks = true;
      const chunked: DenoKvChunked = { attempt, byteCount: bytes.length };
      whole.push({ key, value: chunked, byteCount: 0 });
      const chunkKey = keys.chunks(runId, life, kind, at, attempt);
      for (let begin = 0; begin < bytes.length; begin += MAX_VALUE_BYTES) {
        const value = bytes.subarray(begin, begin + MAX_VALUE_BYTES);
        chunks.push({ key: [...chunkKey, begin / MAX_VALUE_BYTES], value, byteCount: value.length });
      }
    }
    return { whole, chunks, hasChunks };
  }

  async #remove(database: DenoKvDatabase, written: readonly Mutation[], mark: DenoKvKey | undefined): Promise<void> {
    await deleteAll(database, written.map(({ key }) => key), this.#place.keyBytes);
    if (mark) await database.atomic().delete(mark).commit();
  }
}

/** Deletes keys, in several atomic operations if one does not hold them. */
export async function deleteAll(
  database: DenoKvDatabase,
  keys: readonly DenoKvKey[],
  keyBytes: number,
): Promise<void> {
  for (const batch of toBatches(keys.map((key) => ({ key, byteCount: 0 })), keyBytes)) {
    const atomic = database.atomic();
    for (const { key } of batch) atomic.delete(key);
    await atomic.commit();
  }
}

function setAll(atomic: DenoKvAtomic, mutations: readonly Mutation[]): DenoKvAtomic {
  for (const { key, value } of mutations) atomic.set(key, value);
  return atomic;
}

/** Parts that an atomic operation can hold each. */
function* toBatches<M extends { readonly byteCount: number }>(
  mutations: readonly M[],
  keyBytes: number,
): Iterable<M[]> {
  let batch: M[] = [];
  let sum = 0;
  for (const mutation of mutations) {
    const byteCount = mutation.byteCount + keyBytes;
    if (batch.length > 0 && (sum + byteCount > MAX_ATOMIC_BYTES || batch.length === MAX_MUTATIONS)) {
      yield batch;
      batch = [];
      sum = 0;
    }
    batch.push(mutation);
    sum += byteCount;
  }
  if (batch.length > 0) yield batch;
}
