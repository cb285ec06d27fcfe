import type { CheckedLink } from "./checked_link.ts";

/** What a {@linkcode TemporaryError} may know besides the link. */
export interface TemporaryErrorOptions extends ErrorOptions {
  /** The text of the answer's `Retry-After` header. Default: the answer has none. */
  readonly retryAfter?: string | null;
}

/** Thrown for a link that may work at the next attempt: its server is busy, broken or unreachable. */
export class TemporaryError extends Error {
  override readonly name = "TemporaryError";
  /** The outcome of the link if there is no next attempt. */
  readonly checked: CheckedLink;
  /** How long the engine waits, which looks for this name: ms, or the text of a `Retry-After` header. */
  readonly retryAfterMs: string | null;

  constructor(checked: CheckedLink, { retryAfter = null, ...options }: TemporaryErrorOptions = {}) {
    super(checked.reason ?? "No answer", options);
    this.checked = checked;
    this.retryAfterMs = retryAfter;
  }
}

/** Whether another attempt may help. A link that timed out is not tried again: it would take just as long again. */
export function isTemporary(error: unknown): boolean {
  return error instanceof TemporaryError;
}

/** Whether the status says that the server is asked too often, or that the fault is its own. */
export function isTemporaryStatus(status: number): boolean {
  return status === 429 || status >= 500;
}
