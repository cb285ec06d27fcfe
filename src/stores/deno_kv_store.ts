/**
 * Keeps runs in Deno KV, which Deno Deploy provides.
 *
 * @example Usage
 * ```ts
 * import { DenoKvStore } from "@stepstream/workflow/stores/deno-kv";
 *
 * const kv = await Deno.openKv(":memory:");
 * const store = await DenoKvStore.open(kv);
 * console.log(await store.list({ limit: 10 }));
 * kv.close();
 * ```
 *
 * @module
 */

import { StoreError, WorkflowError } from "../core/errors.ts";
import { createRunId } from "../core/run_id.ts";
import type {
  NewRun,
  RunClaim,
  RunCommit,
  RunHead,
  RunQuery,
  RunStore,
  StoredEvent,
  StoredRun,
} from "../core/run_store.ts";
import { toText } from "../core/to_text.ts";
import { assertHandle } from "./assert_handle.ts";
import { assertOpenedWith } from "./assert_opened_with.ts";
import { CommitListeners } from "./commit_listeners.ts";
import type { DenoKvDatabase, DenoKvKey } from "./deno_kv_database.ts";
import { type DenoKvHead, type DenoKvSeen, toRunHead } from "./deno_kv_head.ts";
import { DenoKvHeads } from "./deno_kv_heads.ts";
import { DenoKvKeys } from "./deno_kv_keys.ts";
import { BYTES_PER_CODE_UNIT, countPrefixBytes, KEY_REST_BYTES, MAX_PREFIX_BYTES } from "./deno_kv_limits.ts";
import { encodePages, encodeValue } from "./deno_kv_pages.ts";
import { DenoKvGap, readEvents, readState } from "./deno_kv_read.ts";
import { NOTHING_REPLACED, replacedState, sweepLoose, sweepState } from "./deno_kv_sweep.ts";
import { DenoKvWrite } from "./deno_kv_write.ts";
import { nullIfTorn } from "./readable_heads.ts";
import { refuseRunId } from "./refuse_run_id.ts";

export type { RunStatus } from "../core/events.ts";
export type {
  NewRun,
  RunClaim,
  RunCommit,
  RunHead,
  RunQuery,
  RunStore,
  StoredEvent,
  StoredRecord,
  StoredRun,
  StoredRunStatus,
} from "../core/run_store.ts";
export type {
  DenoKvAtomic,
  DenoKvCommit,
  DenoKvDatabase,
  DenoKvEntry,
  DenoKvKey,
  DenoKvListOptions,
  DenoKvSelector,
} from "./deno_kv_database.ts";

/** Options of {@linkcode DenoKvStore.open}. */
export interface DenoKvStoreOptions {
  /** The beginning of all keys of the store, up to 256 bytes. Default: `["stepstream"]`. */
  readonly prefix?: readonly string[] | undefined;
}

/** The form of what is stored. */
const SCHEMA_VERSION = 1;

/** How often a read that others write over is begun anew. */
const MAX_READS = 100;

/**
 * Keeps runs in Deno KV. Texts may be longer than a value of Deno KV, and commits larger than its atomic writes: what
 * is too large is stored in pieces. A run id has up to 512 UTF-16 code units.
 *
 * The store does not close the database. A local file is for one process: if several write at once, some get "database
 * is locked", where SQLite would wait. `onCommit` tells only of what this object has written, since `Deno.Kv.watch`
 * does not hear of other processes on a local file.
 */
export class DenoKvStore implements RunStore {
  readonly #database: DenoKvDatabase;
  readonly #keys: DenoKvKeys;
  readonly #heads: DenoKvHeads;
  readonly #prefixBytes: number;
  readonly #listeners = new CommitListeners();

  private constructor(database: DenoKvDatabase, prefix: readonly string[]) {
    this.#database = database;
    this.#keys = new DenoKvKeys(prefix);
    this.#heads = new DenoKvHeads(database, this.#keys);
    this.#prefixBytes = countPrefixBytes(prefix);
  }

  /**
   * Opens the store in a database, e.g. that of `Deno.openKv()`.
   *
   * @throws {TypeError} If it is given no database, or a prefix that is no array of strings.
   * @throws {RangeError} If the prefix is too long.
   * @throws {StoreError} If another version of this package has made the store there, or it cannot be read.
   */
  static async open(kv: DenoKvDatabase, options: DenoKvStoreOptions = {}): Promise<DenoKvStore> {
    assertHandle(kv, "a Deno.Kv, as Deno.openKv() answers it", "get", "list", "atomic");
    const { prefix = ["stepstream"] } = options;
    const isPrefix = Array.isArray(prefix) && prefix.every((part) => typeof part === "string");
    assertOpenedWith(isPrefix, "prefix to be an array of strings", prefix);
    const byteCount = countPrefixBytes(prefix);
    if (byteCount > MAX_PREFIX_BYTES) {
      throw new RangeError(
        `Cannot open a store, because prefix is longer than ${MAX_PREFIX_BYTES} bytes: ${byteCount}`,
      );
    }
    const store = new DenoKvStore(kv, prefix);
    await store.#try(null, "open the store", () => store.#assertVersion());
    return store;
  }

  /**
   * Stores a new run as `running`; `false` if there is already one of this id.
   *
   * @throws {StoreError} If the id is longer than 512 code units or holds half a surrogate pair.
   */
  async create({ runId, workflow, version, snapshot, events, wakeAt, now }: NewRun): Promise<boolean> {
    const refusal = refuseId(runId);
    if (refusal !== null) throw new StoreError(runId, "store the start", refusal);
    return await this.#try(runId, "store the start", async () => {
      const text = encodeValue(snapshot);
      const pages = encodePages(events);
      while (true) {
        const life = createRunId();
        const write = this.#write(runId, life);
        write.put("snapshot", 1, text);
        for (const { first, bytes } of pages) write.put("event", first, bytes);
        const head: DenoKvHead = {
          ...{ runId, workflow, version, status: "running", revision: 1, lastSeq: events.at(-1)?.seq ?? 0, wakeAt },
          ...{ createdAt: now, updatedAt: now, life, snapshotAt: 1, hasChunks: false },
        };
        const made = await this.#commit(write, null, head, { mark: this.#keys.loose(runId, life) });
        if (made) return true;
        if (await this.#heads.read(runId) !== null) return false;
        // Somebody deleted a run of this id meanwhile, and with it the pieces of this one.
      }
    });
  }

  /** Finds a run, whatever its status; `null` if there is none. */
  async find(runId: string): Promise<RunHead | null> {
    if (refuseId(runId) !== null) return null;
    const seen = await this.#try(runId, "read the head", () => this.#heads.read(runId));
    return seen && toRunHead(seen.head);
  }

  /** Reads a run with its state; `null` if there is none. */
  async load(runId: string): Promise<StoredRun | null> {
    return await this.#readAll(runId, "load the state", null, async (head) => {
      const state = await readState(this.#database, this.#keys, head);
      return { ...toRunHead(head), ...state };
    });
  }

  /** Writes to a run; `false` if its revision is not the writer's, or the run is gone. */
  async commit(commit: RunCommit): Promise<boolean> {
    const { runId, revision, createdAt, version, status, record, snapshot, events, wakeAt, now } = commit;
    if (refuseId(runId) !== null) return false;
    return await this.#try(runId, "write a commit", async () => {
      const next = revision + 1;
      let remembered = this.#heads.remembered(runId);
      while (true) {
        const seen = remembered?.head.revision === revision ? remembered : await this.#heads.read(runId);
        remembered = undefined;
        if (seen?.head.revision !== revision || seen.head.createdAt !== createdAt) return false;
        const { head } = seen;
        const write = this.#write(runId, head.life);
        if (snapshot !== null) write.put("snapshot", next, encodeValue(snapshot));
        else if (record !== null) write.put("record", next, encodeValue(record));
        for (const { first, bytes } of encodePages(events)) write.put("event", first, bytes);
        const lastSeq = events.at(-1)?.seq ?? head.lastSeq;
        const snapshotAt = snapshot === null ? head.snapshotAt : next;
        const to = { ...head, version, status, revision: next, lastSeq, wakeAt, updatedAt: now, snapshotAt };
        if (await this.#commit(write, seen, to)) return true;
      }
    });
  }

  /** Reads the events with a `seq` above `after`, in order, `limit` at most. */
  async events(runId: string, after: number, limit: number): Promise<readonly StoredEvent[]> {
    return await this.#readAll(
      runId,
      "read events",
      [],
      (head) => readEvents(this.#database, this.#keys, head, after, limit),
    );
  }

  /** Takes over runs that have not ended, those that have been due the longest first. */
  async claim(claim: RunClaim): Promise<readonly RunHead[]> {
    const { runId, workflows, isForced = false, limit, now } = claim;
    if (limit <= 0) return [];
    if (runId !== undefined) {
      if (refuseId(runId) !== null) return [];
      const head = await this.#try(runId, "claim the lease", () => this.#claim(runId, claim));
      return head === null ? [] : [head];
    }
    return await this.#try(null, "claim runs", async () => {
      const claimed = new Map<string, RunHead>();
      for await (const due of this.#heads.due(isForced ? Infinity : now)) {
        // A run that was claimed is further down in the list now.
        if (claimed.has(due.runId) || (workflows !== undefined && !workflows.includes(due.workflow))) continue;
        const head = await this.#claim(due.runId, claim).catch(nullIfTorn);
        if (head !== null) claimed.set(due.runId, head);
        if (claimed.size >= limit) break;
      }
      return [...claimed.values()];
    });
  }

  /** Lists runs, the newest first; those created at the same time by id, the greatest first. */
  async list({ status, workflow, after, limit }: RunQuery): Promise<readonly RunHead[]> {
    if (limit <= 0) return [];
    return await this.#try(null, "list runs", async () => {
      const heads: RunHead[] = [];
      for await (const head of this.#heads.list(after)) {
        if (status !== undefined && head.status !== status) continue;
        if (workflow !== undefined && head.workflow !== workflow) continue;
        heads.push(toRunHead(head));
        if (heads.length === limit) break;
      }
      return heads;
    });
  }

  /** Deletes a run and all of its events; `false` if there was none. */
  async delete(runId: string): Promise<boolean> {
    if (refuseId(runId) !== null) return false;
    return await this.#try(runId, "delete the events", async () => {
      let seen = await this.#heads.read(runId);
      while (seen !== null && !await this.#heads.remove(seen)) seen = await this.#heads.read(runId);
      const isThere = seen !== null;
      await sweepLoose(this.#database, this.#keys, runId, this.#keyBytes(runId));
      if (isThere) this.#listeners.tell(runId);
      return isThere;
    });
  }

  /** Calls back on every write that this object makes. Returns a function that stops it. */
  onCommit(listener: (runId: string) => void): () => void {
    return this.#listeners.add(listener);
  }

  async #assertVersion(): Promise<void> {
    const key = this.#keys.version();
    let { value, versionstamp } = await this.#database.get(key);
    if (versionstamp === null) {
      await this.#database.atomic().check({ key, versionstamp: null }).set(key, SCHEMA_VERSION).commit();
      ({ value, versionstamp } = await this.#database.get(key));
    }
    if (value === SCHEMA_VERSION) return;
    const because = `its schema has version ${toText(value)}, and this package knows version ${SCHEMA_VERSION}`;
    throw new StoreError(null, "open the store", because);
  }

  /** Writes a head and what goes with it; `false` if the one before was another than `seen` by then. */
  async #commit(
    write: DenoKvWrite,
    seen: DenoKvSeen | null,
    head: DenoKvHead,
    options: { readonly mark?: DenoKvKey } = {},
  ): Promise<boolean> {
    const { runId } = head;
    const keys = this.#keys;
    const before = seen?.head ?? null;
    const isSnapshot = head.snapshotAt === head.revision;
    const { removed, isSwept } = before !== null && isSnapshot ? replacedState(keys, before) : NOTHING_REPLACED;
    let next = head;
    const toAtomic = (hasChunks: boolean) => {
      next = { ...head, hasChunks: hasChunks || (head.hasChunks && !isSnapshot) };
      const atomic = this.#heads.set(seen, next);
      for (const key of removed) atomic.delete(key);
      return atomic;
    };
    const done = await write.commit(this.#database, toAtomic, { ...options, others: removed.length + 4 });
    if (!done.ok) {
      this.#heads.forget(runId);
      return false;
    }
    this.#heads.remember({ head: next, versionstamp: done.versionstamp });
    if (isSwept) await sweepState(this.#database, this.#keys, next, this.#keyBytes(runId));
    this.#listeners.tell(runId);
    return true;
  }

  async #claim(runId: string, { workflows, isForced, until, now }: RunClaim): Promise<RunHead | null> {
    while (true) {
      const seen = await this.#heads.read(runId);
      if (seen === null) return null;
      const { head } = seen;
      if (head.wakeAt === null || (head.wakeAt > now && !isForced)) return null;
      if (workflows !== undefined && !workflows.includes(head.workflow)) return null;
      const next = { ...head, revision: head.revision + 1, wakeAt: until };
      const done = await this.#heads.set(seen, next).commit();
      if (!done.ok) continue;
      this.#heads.remember({ head: next, versionstamp: done.versionstamp });
      this.#listeners.tell(runId);
      return toRunHead(next);
    }
  }

  /** What `read` makes of a head; it is called again if the run was written to meanwhile. */
  async #readAll<T>(runId: string, what: string, none: T, read: (head: DenoKvHead) => Promise<T>): Promise<T> {
    if (refuseId(runId) !== null) return none;
    return await this.#try(runId, what, async () => {
      let seen = await this.#heads.read(runId);
      for (let readsLeft = MAX_READS; seen !== null; readsLeft -= 1) {
        try {
          return await read(seen.head);
        } catch (error) {
          if (!(error instanceof DenoKvGap)) throw error;
          const now = await this.#heads.read(runId);
          if (now?.versionstamp === seen.versionstamp || readsLeft === 0) {
            throw new StoreError(runId, error.what, error.message, { cause: error });
          }
          seen = now;
        }
      }
      return none;
    });
  }

  #write(runId: string, life: string): DenoKvWrite {
    return new DenoKvWrite({ runId, life, keys: this.#keys, keyBytes: this.#keyBytes(runId) });
  }

  /** The most bytes of a key of a run. */
  #keyBytes(runId: string): number {
    return this.#prefixBytes + runId.length * BYTES_PER_CODE_UNIT + KEY_REST_BYTES;
  }

  async #try<T>(runId: string | null, what: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof WorkflowError) throw error;
      throw new StoreError(runId, what, toText(error), { cause: error });
    }
  }
}

/** Why there can be no run of this id, `null` if there can. */
function refuseId(runId: string): string | null {
  return refuseRunId(runId, "Deno KV");
}
