import { LocalServer } from "../tools/local_server.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";
import { bundledCases } from "./bundled_cases.ts";
import { runCase, serveSite } from "./cases/mod.ts";
import { siteCases } from "./cases/site_cases.ts";
import { findCommand, type NodeLike } from "../tools/find_command.ts";
import { loaderOf } from "./loader_of.ts";
import { RuntimeServer } from "./runtime_server.ts";
import { startCasesInWorkerd } from "./workerd.ts";

/** Serves the site in Node or what is like it; `null` where there is none. */
async function serveInNode(name: NodeLike, bundle: string, loader: string): Promise<RuntimeServer | null> {
  const command = await findCommand(name);
  if (command === null) return null;
  const [program, ...args] = command;
  return await RuntimeServer.start(program, ...args, loaderOf(loader), bundle);
}

/** A runtime that serves the site. */
interface ServingRuntime {
  readonly name: string;
  /** Whether runs go on between its requests. */
  readonly hasRunner: boolean;
  /** Starts it with the bundle of the cases; `null` where there is none. */
  readonly serve: (bundle: string) => Promise<RuntimeServer | null>;
}

const SERVING_RUNTIMES: readonly ServingRuntime[] = [
  { name: "node:http", hasRunner: true, serve: (bundle) => serveInNode("Node 20", bundle, "serve_node.mjs") },
  { name: "Bun.serve", hasRunner: true, serve: (bundle) => serveInNode("Bun", bundle, "serve_bun.mjs") },
  { name: "workerd", hasRunner: false, serve: startCasesInWorkerd },
];

/** Has each case be tried on the site, from here. */
async function trySite(t: Deno.TestContext, origin: string, hasRunner: boolean): Promise<void> {
  for (const { name, needsRunner } of siteCases) {
    if (needsRunner && !hasRunner) continue;
    await t.step(name, async () => {
      const finding = await runCase(name, { origin });
      if (finding !== null) throw new Error(finding);
    });
  }
}

Deno.test("Deno.serve serves runs to a client that leaves, is cut and comes back", async (t) => {
  await using site = new LocalServer((request) => serveSite(request));

  await trySite(t, site.origin, true);
});

for (const { name, hasRunner, serve } of SERVING_RUNTIMES) {
  Deno.test(`${name} serves runs to a client that leaves, is cut and comes back`, async (t) => {
    await using folder = await TemporaryFolder.create();
    await using server = await serve(await folder.write("cases.mjs", await bundledCases()));
    if (server === null) return;

    await trySite(t, server.line, hasRunner);
  });
}
