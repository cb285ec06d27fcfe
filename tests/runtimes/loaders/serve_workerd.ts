/**
 * `deno run -A serve_workerd.ts <name>=<file> …` starts workerd with these modules, of which the first one is the
 * Worker, and ends it when its input ends. It prints the address.
 *
 * @module
 */

import { Miniflare } from "miniflare";
import { printLine } from "../../tools/print_line.ts";
import { WORKER_FLAGS } from "../../tools/workerd.ts";
import { readWranglerConfig } from "../../tools/wrangler_config.ts";

const modules = await Promise.all(Deno.args.map(async (arg) => {
  const [name = "", file = ""] = arg.split("=");
  return { type: "ESModule" as const, path: name, contents: await Deno.readTextFile(file) };
}));
const { compatibility_date: compatibilityDate } = await readWranglerConfig();
const miniflare = new Miniflare({
  modules,
  host: "127.0.0.1",
  port: 0,
  cf: false,
  compatibilityDate,
  compatibilityFlags: [...WORKER_FLAGS],
});
printLine((await miniflare.ready).origin);
for await (const _ of Deno.stdin.readable);
await miniflare.dispose();
