import type { RunHead } from "../core/run_store.ts";
import type { DenoKvAtomic, DenoKvDatabase } from "./deno_kv_database.ts";
import { type DenoKvHead, type DenoKvSeen, encodeHead, parseHead } from "./deno_kv_head.ts";
import type { DenoKvKeys } from "./deno_kv_keys.ts";
import { MAX_KEYS_PER_READ } from "./deno_kv_limits.ts";
import { readableHeads } from "./readable_heads.ts";

/** Of so many runs the head is remembered, so that a commit need not read it. */
const MAX_REMEMBERED = 1000;

/** A place in the list of runs. */
type ListedPlace = Pick<RunHead, "createdAt" | "runId">;

/** The heads of runs, and the indexes that they are found by: the list, and what is due when. */
export class DenoKvHeads {
  readonly #database: DenoKvDatabase;
  readonly #keys: DenoKvKeys;
  /** What the heads were when they were seen last. One that has changed since makes a write fail, not go wrong. */
  readonly #seen = new Map<string, DenoKvSeen>();

  constructor(database: DenoKvDatabase, keys: DenoKvKeys) {
    this.#database = database;
    this.#keys = keys;
  }

  /** The head as it is now, `null` if there is none. */
  async read(runId: string): Promise<DenoKvSeen | null> {
    const seen = parseHead(runId, await this.#database.get(this.#keys.head(runId)));
    if (seen === null) this.forget(runId);
    return seen;
  }

  /** The heads that can be read after a place, the newest first; those of the same time by id, the greatest first. */
  async *list(after: ListedPlace | undefined): AsyncGenerator<DenoKvHead, void, undefined> {
    const prefix = this.#keys.allListed();
    const selector = after ? { prefix, end: this.#keys.listed(after.createdAt, after.runId) } : { prefix };
    let places: ListedPlace[] = [];
    for await (const { key, value } of this.#database.list(selector, { reverse: true })) {
      places.push({ createdAt: Number(key.at(-2)), runId: String(value) });
      if (places.length < MAX_KEYS_PER_READ) continue;
      yield* await this.#readMany(places);
      places = [];
    }
    if (places.length > 0) yield* await this.#readMany(places);
  }

  /** The runs that are due by then, those first that have been for longest, each with the name of its workflow. */
  async *due(until: number): AsyncGenerator<Pick<RunHead, "runId" | "workflow">, void, undefined> {
    const prefix = this.#keys.allDue();
    const selector = until === Infinity ? { prefix } : { prefix, end: this.#keys.afterDue(until) };
    for await (const { key, value } of this.#database.list(selector)) {
      yield { runId: String(key.at(-1)), workflow: String(value) };
    }
  }

  /** The head as it was written last from here, if it is remembered; it may be another by now. */
  remembered(runId: string): DenoKvSeen | undefined {
    return this.#seen.get(runId);
  }

  /** Remembers a head that was written, unless the run has ended. */
  remember(seen: DenoKvSeen): void {
    const { runId, wakeAt } = seen.head;
    // Goes to the end, so that the first one is the one that was written to longest ago.
    this.forget(runId);
    if (wakeAt === null) return;
    this.#seen.set(runId, seen);
    if (this.#seen.size <= MAX_REMEMBERED) return;
    const [first] = this.#seen.keys();
    if (first !== undefined) this.forget(first);
  }

  /** Remembers it no more. */
  forget(runId: string): void {
    this.#seen.delete(runId);
  }

  /** A write of a head and its places in the indexes, if the one before is still what was seen; `null` for none. */
  set(seen: DenoKvSeen | null, head: DenoKvHead): DenoKvAtomic {
    const { runId, wakeAt, createdAt, workflow } = head;
    const key = this.#keys.head(runId);
    const atomic = this.#database.atomic().check({ key, versionstamp: seen?.versionstamp ?? null });
    atomic.set(key, encodeHead(head));
    if (seen === null) atomic.set(this.#keys.listed(createdAt, runId), runId);
    const wasDue = seen?.head.wakeAt ?? null;
    if (wasDue === wakeAt) return atomic;
    if (wasDue !== null) atomic.delete(this.#keys.due(wasDue, runId));
    if (wakeAt !== null) atomic.set(this.#keys.due(wakeAt, runId), workflow);
    return atomic;
  }

  /** Takes a run out of sight; `false` if it was written to meanwhile. What it kept is loose from then on. */
  async remove({ head, versionstamp }: DenoKvSeen): Promise<boolean> {
    const { runId, life, createdAt, wakeAt } = head;
    const key = this.#keys.head(runId);
    const atomic = this.#database.atomic().check({ key, versionstamp }).delete(key);
    atomic.delete(this.#keys.listed(createdAt, runId)).set(this.#keys.loose(runId, life), "deleted");
    if (wakeAt !== null) atomic.delete(this.#keys.due(wakeAt, runId));
    this.forget(runId);
    return (await atomic.commit()).ok;
  }

  /** The heads of places in the list, without those that are somewhere else by now or cannot be read. */
  async #readMany(places: readonly ListedPlace[]): Promise<readonly DenoKvHead[]> {
    const entries = await this.#database.getMany(places.map(({ runId }) => this.#keys.head(runId)));
    return readableHeads([...places.entries()], ([index, { createdAt, runId }]) => {
      const entry = entries[index];
      const seen = entry ? parseHead(runId, entry) : null;
      return seen !== null && seen.head.createdAt === createdAt ? seen.head : null;
    });
  }
}
