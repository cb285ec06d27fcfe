import { RedirectError } from "./follow_redirects.ts";
import { RefusedUrlError } from "./guarded_fetch.ts";

/**
 * Why there was no answer, in words that are the same on every runtime. The runtime's own words are not passed on: they
 * may name private addresses.
 */
export function describeNetworkError(error: unknown): string {
  for (let cause = error, depth = 0; depth < 5 && cause instanceof Error; cause = cause.cause, depth += 1) {
    if (cause instanceof RefusedUrlError || cause instanceof RedirectError) return cause.message;
    const known = REASONS.find(([pattern]) => pattern.test(`${codeOf(cause)} ${cause.message}`));
    if (known !== undefined) return known[1];
  }
  return "No connection";
}

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED|connection ?refused/i, "Connection refused"],
  [/ENOTFOUND|EAI_AGAIN|dns error|no records found|NXDOMAIN|has no address/i, "Host not found"],
  [/certificate|UnknownIssuer|self.signed|ERR_TLS|ssl/i, "No secure connection"],
  [/ECONNRESET|UND_ERR_SOCKET|connection (?:reset|closed)|before message completed|unexpected eof/i, "Connection lost"],
  [/ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|timed out/i, "Connection timed out"],
  [/EHOSTUNREACH|ENETUNREACH|unreachable/i, "Host not reachable"],
  [/are blocked|bad port/i, "Port not allowed"],
];

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
