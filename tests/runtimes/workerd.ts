import { reportMissing } from "../tools/missing.ts";
import { loaderOf } from "./loader_of.ts";
import { RuntimeServer } from "./runtime_server.ts";

/** Starts workerd with the cases, from their bundle; `null` where there is none. */
export function startCasesInWorkerd(bundle: string): Promise<RuntimeServer | null> {
  return startWorkerd({ "loaders/worker.mjs": loaderOf("worker.mjs"), "cases/mod.ts": bundle });
}

/** Starts workerd with these modules (name → file), the first of which is the Worker; `null` where there is none. */
export async function startWorkerd(modules: Readonly<Record<string, string>>): Promise<RuntimeServer | null> {
  const named = Object.entries(modules).map(([name, file]) => `${name}=${file}`);
  const server = await RuntimeServer.start(
    "deno",
    "run",
    "--quiet",
    "--allow-all",
    loaderOf("serve_workerd.ts"),
    ...named,
  );
  if (server.line.startsWith("http://")) return server;
  await server[Symbol.asyncDispose]();
  return reportMissing("workerd", server.line);
}
