import type { ResolveHost } from "./guarded_fetch.ts";

/** Looks a host name up with Deno. */
export const resolveHost: ResolveHost = async (hostname, signal) => {
  const addresses = (await Promise.all([lookUp(hostname, "A", signal), lookUp(hostname, "AAAA", signal)])).flat();
  if (addresses.length === 0) throw new Error(`Cannot find host ${hostname}: it has no address`);
  return addresses;
};

async function lookUp(hostname: string, type: "A" | "AAAA", signal: AbortSignal | null): Promise<string[]> {
  try {
    return await Deno.resolveDns(hostname, type, signal === null ? {} : { signal });
  } catch (error) {
    // No address of this kind: there may be one of the other.
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
