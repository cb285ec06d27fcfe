import { assertIs, isBoolean, isObject } from "../workflow/assertions.ts";

/** Which other sites' pages may use the routes. */
export interface CorsOptions {
  /** Their origins as browsers send them, e.g. `https://app.example.com`; `*` is not allowed. */
  readonly origins: readonly string[];
  /** Whether their requests may carry cookies. Default: false. */
  readonly credentials?: boolean | undefined;
}

/** How long a browser may remember what it was allowed, in seconds. */
const MAX_AGE_S = 600;

/** Whose pages may change something. */
export interface SiteSettings {
  readonly cors: CorsOptions | null;
  /** Where clients find the routes, if that is not where the requests come in. */
  readonly publicUrl: string | null;
}

/**
 * Whether a request that changes something comes from a page of a site that may not do so. Programs send neither field.
 *
 * @see {@link https://www.w3.org/TR/fetch-metadata/}
 */
export function isForeign(request: Request, { cors, publicUrl }: SiteSettings): boolean {
  const origin = request.headers.get("origin");
  if (origin !== null && cors?.origins.includes(origin)) return false;
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  // Behind a proxy that ends TLS the schemes differ, so only the hosts are compared. Behind one that names itself in the
  // Host field, the site is where it says it is.
  if (origin === null) return false;
  const host = hostOf(origin);
  return host === null || (host !== new URL(request.url).host && host !== hostOf(publicUrl ?? ""));
}

/** Lets pages of the listed origins read the answer. */
export function allowOrigin(request: Request, headers: Headers, cors: CorsOptions): void {
  // Also where nothing is allowed: a cache must not give one origin the answer to another.
  headers.append("vary", "Origin");
  const origin = request.headers.get("origin");
  if (origin === null || !cors.origins.includes(origin)) return;
  headers.set("access-control-allow-origin", origin);
  if (cors.credentials === true) headers.set("access-control-allow-credentials", "true");
  if (request.method !== "OPTIONS") {
    headers.set("access-control-expose-headers", "Location, Content-Location, Retry-After");
    return;
  }
  headers.set("access-control-allow-methods", headers.get("allow") ?? "");
  headers.set("access-control-allow-headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID");
  headers.set("access-control-max-age", String(MAX_AGE_S));
}

/** @throws {TypeError | RangeError} If it is of the wrong kind, or one of the origins is none; `*` is none either. */
export function assertCors(cors: CorsOptions): void {
  assertIs(cors, (value) => isObject(value) && ["an object with origins", TypeError], "cors");
  const { origins, credentials = false } = cors;
  assertIs(origins, (value) => Array.isArray(value) ? null : ["an array of origins", TypeError], "cors.origins");
  assertIs(credentials, isBoolean, "cors.credentials");
  for (const origin of origins) {
    if (originOf(origin) === origin) continue;
    throw new RangeError(
      `Cannot allow an origin, because it must be like "https://app.example.com": it is ${JSON.stringify(origin)}`,
    );
  }
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

function originOf(text: string): string | null {
  return URL.canParse(text) ? new URL(text).origin : null;
}
