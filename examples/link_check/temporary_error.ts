import type { CheckedLink } from "./checked_link.ts";

/** What a {@linkcode TemporaryError} may know besides the link. */
export interface TemporaryErrorOptions extends ErrorOptions {
  /** The text of the answer's `Retry-After` header. Default: the answer has none. */
  readonly retryAfter?: string | null;
}

/** Thrown for a link that may do better at the next attempt: its server is busy or broken, or cannot be reached. */
export class TemporaryError extends Error {
  override readonly name = "TemporaryError";
  /** What the link is if there is no next attempt. */
  readonly checked: CheckedLink;
  /** The engine looks for it by this name, and waits as long as it says: ms, or the text of a `Retry-After` header. */
  readonly retryAfterMs: string | null;

  constructor(checked: CheckedLink, { retryAfter = null, ...options }: TemporaryErrorOptions = {}) {
    super(checked.reason ?? "No answer", options);
    this.checked = checked;
    this.retryAfterMs = retryAfter;
  }
}

/** Whether another attempt may help. A link that took all its time is not asked again: it would take it all again. */
export function isTemporary(error: unknown): boolean {
  return error instanceof TemporaryError;
}

/** Whether the server is asked too often, or says that it is to blame. */
export function isTemporaryStatus(status: number): boolean {
  return status === 429 || status >= 500;
}
