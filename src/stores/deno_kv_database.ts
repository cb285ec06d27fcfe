/** A key of Deno KV, of the kinds of parts that this store uses. */
export type DenoKvKey = readonly (string | number)[];

/** A key with its value; both are `null` where there is none. */
export interface DenoKvEntry {
  /** The key. */
  readonly key: readonly unknown[];
  /** The value, `null` for none. */
  readonly value: unknown;
  /** Changes with each write to the key; `null` while there is no value. */
  readonly versionstamp: string | null;
}

/** Which keys to list, in their order: those under a prefix, or from `start` until before `end`. */
export type DenoKvSelector =
  | { readonly prefix: DenoKvKey }
  | { readonly prefix: DenoKvKey; readonly end: DenoKvKey }
  | { readonly start: DenoKvKey; readonly end: DenoKvKey };

/** How to list. */
export interface DenoKvListOptions {
  /** How many at most. */
  readonly limit?: number;
  /** Whether the last key comes first. */
  readonly reverse?: boolean;
  /** How many to fetch at a time. */
  readonly batchSize?: number;
}

/** The outcome of an atomic write. */
export type DenoKvCommit = { readonly ok: true; readonly versionstamp: string } | { readonly ok: false };

/** A write of several keys: all of them or none. */
export interface DenoKvAtomic {
  /** Makes the write conditional on these versionstamps. */
  check(...checks: { readonly key: DenoKvKey; readonly versionstamp: string | null }[]): DenoKvAtomic;
  /** Sets a key. */
  set(key: DenoKvKey, value: unknown): DenoKvAtomic;
  /** Deletes a key. */
  delete(key: DenoKvKey): DenoKvAtomic;
  /** Carries out the write. */
  commit(): Promise<DenoKvCommit>;
}

/** What the store uses of a `Deno.Kv`; that of the npm package `@deno/kv` fits too. */
export interface DenoKvDatabase {
  /** Reads a key. */
  get(key: DenoKvKey): Promise<DenoKvEntry>;
  /** Reads up to ten keys, all at the same moment. */
  getMany(keys: readonly DenoKvKey[]): Promise<readonly DenoKvEntry[]>;
  /** Reads keys in their order. */
  list(selector: DenoKvSelector, options?: DenoKvListOptions): AsyncIterable<DenoKvEntry>;
  /** Begins an atomic write. */
  atomic(): DenoKvAtomic;
}
