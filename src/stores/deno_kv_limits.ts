/** The longest value of Deno KV, in bytes. */
export const MAX_VALUE_BYTES = 65_536;

/** How many keys are read at once. */
export const MAX_KEYS_PER_READ = 10;

/** How much one atomic write holds, in bytes; Deno KV's limit is 819 200, and this leaves room for what it adds. */
export const MAX_ATOMIC_BYTES = 700_000;

/** The most mutations of one atomic write. */
export const MAX_MUTATIONS = 1000;

/** The longest prefix, in bytes: with the longest run id, too, no key passes Deno KV's 2 048 bytes. */
export const MAX_PREFIX_BYTES = 256;

/** The most bytes of a code unit of a run id in a key, but for a NUL. */
export const BYTES_PER_CODE_UNIT = 3;

/** The most bytes of a key beside its prefix and its run id. */
export const KEY_REST_BYTES = 160;

/** How long a prefix is in a key: UTF-8, with one byte more for each NUL, and two for each part. */
export function countPrefixBytes(prefix: readonly string[]): number {
  const encoder = new TextEncoder();
  return prefix.reduce((sum, part) => sum + encoder.encode(part.replaceAll("\0", "\0\0")).length + 2, 0);
}
