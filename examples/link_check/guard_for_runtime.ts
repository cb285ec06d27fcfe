import { type GuardOptions, RefusedUrlError, type ResolveHost } from "./guarded_fetch.ts";
import { resolveHost } from "./resolve_host.ts";

/** What tells one runtime from another: `globalThis`, or a stand-in for it. */
export interface Runtime {
  readonly Deno?: unknown;
  readonly navigator?: { readonly userAgent?: string };
}

/** How to guard a runtime's `fetch` from names of private addresses. Where names cannot be looked up, none passes. */
export function guardForRuntime(runtime: Runtime): GuardOptions {
  if ("Deno" in runtime) return { resolve: resolveHost };
  // Workers cannot look names up, and have nothing private to reach.
  if (runtime.navigator?.userAgent === "Cloudflare-Workers") return {};
  return { resolve: refuseHost };
}

const refuseHost: ResolveHost = () => Promise.reject(new RefusedUrlError("Cannot look up hosts on this runtime"));
