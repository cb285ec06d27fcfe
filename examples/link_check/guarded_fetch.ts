import ipaddr from "ipaddr.js";
import type { Fetch } from "./follow_redirects.ts";

/** Resolves a host name to its IP addresses. */
export type ResolveHost = (hostname: string, signal: AbortSignal | null) => Promise<readonly string[]>;

/** Options of {@linkcode createGuardedFetch}. */
export interface GuardOptions {
  /** Does the fetching. Default: the platform's `fetch`. */
  readonly fetch?: Fetch;
  /** Looks up host names, so that names of private addresses are refused. Default: names are not looked up. */
  readonly resolve?: ResolveHost;
  /** Origins that may be fetched wherever they are, e.g. a demo on `http://127.0.0.1:8000`. Default: none. */
  readonly allowedOrigins?: readonly string[];
  /** Whether private addresses may be fetched. Default: false. */
  readonly allowPrivate?: boolean;
}

/** Thrown instead of fetching what a stranger must not make this machine fetch. */
export class RefusedUrlError extends Error {
  override readonly name = "RefusedUrlError";
}

/**
 * A `fetch` for URLs that strangers chose. Only `http:` and `https:` to public addresses pass, and redirects are never
 * followed: whoever follows one asks again and is guarded again.
 *
 * Between the look-up of a name and the request its owner can change the address, since `fetch` cannot be told which
 * one to take. Where that matters, keep the machine's private network out of its reach as well.
 */
export function createGuardedFetch(options: GuardOptions = {}): Fetch {
  const { fetch: fetchPlainly = (url, init) => fetch(url, init) } = options;
  return async (url, init) => {
    const refusal = await refusalOf(url, options, init.signal ?? null);
    if (refusal !== null) throw new RefusedUrlError(`Refused: ${refusal}`);
    return await fetchPlainly(url, { ...init, redirect: "manual" });
  };
}

async function refusalOf(url: URL, options: GuardOptions, signal: AbortSignal | null): Promise<string | null> {
  const { resolve, allowedOrigins = [], allowPrivate = false } = options;
  if (url.protocol !== "http:" && url.protocol !== "https:") return `${url.protocol} is neither http: nor https:`;
  if (url.username !== "" || url.password !== "") return "the URL holds credentials";
  if (allowPrivate || allowedOrigins.includes(url.origin)) return null;

  const host = url.hostname.replace(/^\[|\]$|\.$/g, "");
  if (ipaddr.isValid(host)) return isPublic(host) ? null : `${host} is not a public address`;
  if (isLocalName(host)) return `${host} is a local name`;
  if (resolve === undefined) return null;
  const addresses = await resolve(host, signal);
  // The message leaves the address out: a stranger should not learn it.
  return addresses.length > 0 && addresses.every(isPublic) ? null : `${host} does not lead to a public address`;
}

/** True for what the whole internet can reach; every other range, known or new, is refused. */
function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // `process` takes an IPv4 address out of the IPv6 address it is mapped to.
  const parsed = ipaddr.process(address);
  if (parsed.range() !== "unicast") return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_IPV6);
}

/** All of IPv6 that has been allocated: what lies outside it, such as `::127.0.0.1`, is not the internet. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");

/** Names that only a local resolver answers: those without a dot and those reserved for it. */
function isLocalName(host: string): boolean {
  return !host.includes(".") || /\.(?:localhost|local|internal|intranet|lan|home|home\.arpa)$/.test(host);
}
