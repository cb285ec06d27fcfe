import { findWorkerd } from "../tools/workerd.ts";
import { loaderOf } from "./loader_of.ts";
import { RuntimeServer } from "./runtime_server.ts";

/** Starts workerd with the cases, from their bundle; `null` where there is none. */
export function startCasesInWorkerd(bundle: string): Promise<RuntimeServer | null> {
  return startWorkerd({ "loaders/worker.mjs": loaderOf("worker.mjs"), "cases/mod.ts": bundle });
}

/**
 * Starts the workerd of miniflare with these modules (name → file), the first of which is the Worker; `null` where
 * there is none. `tests/tools/workerd.ts` tells why tests of Durable Objects have one of their own.
 */
export async function startWorkerd(modules: Readonly<Record<string, string>>): Promise<RuntimeServer | null> {
  if (await findWorkerd() === null) return null;
  const named = Object.entries(modules).map(([name, file]) => `${name}=${file}`);
  return await RuntimeServer.start("deno", "run", "--quiet", "--allow-all", loaderOf("serve_workerd.ts"), ...named);
}
