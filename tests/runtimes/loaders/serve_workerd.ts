/**
 * `deno run -A serve_workerd.ts <name>=<file> …` starts workerd with these modules, of which the first one is the Worker,
 * and ends it when its input ends. It prints the address, or `missing` and why there is no workerd.
 *
 * @module
 */

import { Miniflare } from "miniflare";
import { createRequire } from "node:module";
import { printLine } from "../../tools/print_line.ts";

const modules = await Promise.all(Deno.args.map(async (arg) => {
  const [name = "", file = ""] = arg.split("=");
  return { type: "ESModule" as const, path: name, contents: await Deno.readTextFile(file) };
}));
const missing = findMissing();
if (missing !== null) printLine(`missing: ${missing}`);
else {
  const miniflare = new Miniflare({
    modules,
    host: "127.0.0.1",
    port: 0,
    cf: false,
    compatibilityDate: "2026-07-30",
    compatibilityFlags: ["enable_request_signal"],
  });
  printLine((await miniflare.ready).origin);
  for await (const _ of Deno.stdin.readable);
  await miniflare.dispose();
}

/** The program comes in a package of its own for each platform, which may not have been installed. */
function findMissing(): string | null {
  try {
    return typeof createRequire(import.meta.resolve("miniflare"))("workerd").default === "string" ? null : "no path";
  } catch (error) {
    return error instanceof Error ? error.message.split("\n")[0] ?? "" : String(error);
  }
}
