import type { Context } from "hono";

/** The statuses that a problem of the app may have. */
export type ProblemStatus = keyof typeof TITLES;

/** What a problem may tell besides its detail. */
export interface ProblemOptions {
  /** Fields of its own. Default: none. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * An answer that says in JSON what went wrong.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457}
 */
export function problem(
  c: Context,
  status: ProblemStatus,
  detail: string,
  { extensions, headers }: ProblemOptions = {},
): Response {
  const body = JSON.stringify({ title: TITLES[status], status, detail, ...extensions });
  return c.body(`${body}\n`, status, { ...headers, "content-type": "application/problem+json" });
}

const TITLES = {
  403: "Forbidden",
  404: "Not Found",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
} as const;
