/** What a problem may tell besides its detail. */
export interface ProblemOptions {
  /** Fields of its own. Default: none. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Header fields of its response. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Thrown to refuse a request. The words are for the client: nothing goes into them that it should not know.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457}
 */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: ProblemStatus;
  readonly options: ProblemOptions;

  constructor(status: ProblemStatus, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.status = status;
    this.options = options;
  }

  toResponse(): Response {
    const { extensions, headers } = this.options;
    return problemResponse(this.status, { detail: this.message, ...extensions }, headers);
  }
}

/** The answer to a request that met an error nobody thought of: it tells nothing. */
export function unexpectedResponse(): Response {
  return problemResponse(500, {});
}

/** The statuses that a problem may have. */
export type ProblemStatus = keyof typeof TITLES;

const TITLES = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
} as const;

function problemResponse(
  status: ProblemStatus,
  fields: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(`${JSON.stringify({ type: "about:blank", title: TITLES[status], status, ...fields })}\n`, {
    status,
    headers: {
      ...headers,
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}
