/** What ids made from keys begin with; no client may choose such an id. */
export const KEY_PREFIX = "key_";

/**
 * The id of the run that an `Idempotency-Key` stands for, the same on every machine: the SHA-256 of the key and of
 * whose it is. So a key neither meets an id that somebody chose, nor the same key of somebody else.
 */
export async function runIdOfKey(key: string, scope: string): Promise<string> {
  // As a JSON list, so that no scope and key read like others when put together.
  const text = JSON.stringify(["stepstream.idempotency-key", scope, key]);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return KEY_PREFIX + Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
