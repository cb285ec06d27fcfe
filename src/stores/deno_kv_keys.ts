import { toOrderedText } from "./ordered_text.ts";
import type { DenoKvKey } from "./deno_kv_database.ts";

/** What a run keeps beside its head: its snapshot, its records and its events. */
export type DenoKvKind = "snapshot" | "record" | "event";

/**
 * The keys of a store. What a run keeps is under its life, an id that a run gets when it is created: after a run was
 * deleted, another of its id may be created while what the first one kept is still being removed.
 */
export class DenoKvKeys {
  readonly #prefix: DenoKvKey;

  constructor(prefix: DenoKvKey) {
    this.#prefix = prefix;
  }

  version(): DenoKvKey {
    return [...this.#prefix, "version"];
  }

  head(runId: string): DenoKvKey {
    return [...this.#prefix, "run", runId];
  }

  /** All runs that have not ended, by the time they are due. */
  allDue(): DenoKvKey {
    return [...this.#prefix, "due"];
  }

  due(wakeAt: number, runId: string): DenoKvKey {
    return [...this.#prefix, "due", wakeAt, runId];
  }

  /** After the last of those that are due at that time: a number comes after all strings. */
  afterDue(wakeAt: number): DenoKvKey {
    return [...this.#prefix, "due", wakeAt, 0];
  }

  /** All runs by the time they were created. */
  allListed(): DenoKvKey {
    return [...this.#prefix, "list"];
  }

  /** Its value is the run id, which the key has only in the form that puts it into its place. */
  listed(createdAt: number, runId: string): DenoKvKey {
    return [...this.#prefix, "list", createdAt, toOrderedText(runId)];
  }

  /** The lives of a run that have no head: it is not there yet, or no more. */
  allLoose(runId: string): DenoKvKey {
    return [...this.#prefix, "loose", runId];
  }

  loose(runId: string, life: string): DenoKvKey {
    return [...this.#prefix, "loose", runId, life];
  }

  /** All that a life keeps. */
  life(runId: string, life: string): DenoKvKey {
    return [...this.#prefix, "data", runId, life];
  }

  /** All that a life keeps of one kind. */
  kind(runId: string, life: string, kind: DenoKvKind): DenoKvKey {
    return [...this.#prefix, "data", runId, life, kind];
  }

  /** A snapshot or a record by its revision, or events by the `seq` of the first. */
  kept(runId: string, life: string, kind: DenoKvKind, at: number): DenoKvKey {
    return [...this.#prefix, "data", runId, life, kind, at];
  }

  /** The pieces of what is too long for one value; each attempt to write it has its own. */
  chunks(runId: string, life: string, kind: DenoKvKind, at: number, attempt: string): DenoKvKey {
    return [...this.#prefix, "data", runId, life, "chunk", kind, at, attempt];
  }

  /** From which key on a life keeps the pieces of a kind. */
  firstChunk(runId: string, life: string, kind: DenoKvKind, at: number): DenoKvKey {
    return [...this.#prefix, "data", runId, life, "chunk", kind, at];
  }
}
