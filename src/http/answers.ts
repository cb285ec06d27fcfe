import { negotiate } from "./negotiate.ts";
import { Problem } from "./problem.ts";

/** What every answer has that is no stream: runs change, so it is not to be kept. */
const HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

/** The media type to answer in. */
export function acceptable<Type extends string>(request: Request, offered: readonly Type[]): Type {
  const type = negotiate(request.headers.get("accept"), offered);
  if (type === null) {
    throw new Problem(406, `This comes as ${offered.join(", ")}`, { headers: { vary: "Accept" } });
  }
  return type;
}

/** An answer in JSON. */
export function jsonAnswer(value: unknown, status: number, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${JSON.stringify(value)}\n`, {
    status,
    headers: { ...HEADERS, ...headers, "content-type": "application/json" },
  });
}

/** An answer that is all in its status. */
export function emptyAnswer(status: number, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status, headers: { ...HEADERS, ...headers } });
}

export function unknownRun(): Problem {
  return new Problem(404, "There is no such run");
}

/** There is no place for it now. */
export function tooMany(detail: string): Problem {
  return new Problem(429, detail, { headers: { "retry-after": RETRY_AFTER_S } });
}

/** It is shutting down; another may have taken its place when the client asks again. */
export function unavailable(detail: string): Problem {
  return new Problem(503, detail, { headers: { "retry-after": RETRY_AFTER_S } });
}

/** When a client may ask again, in seconds. */
const RETRY_AFTER_S = "5";
