/** A new run's id, which nobody can guess: a random UUID (RFC 9562), or as many random digits where there is none. */
export function createRunId(): string {
  // A page that came over plain http has no `randomUUID`; it is kept for secure contexts.
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
