/**
 * Checks and runs the bench of durable work, `durable/main.ts`, with packages of its own: those of the engines that
 * StepStream is measured beside.
 *
 * `deno task bench:durable [--only=<engine>,…] [--rounds=<count>]`
 *
 * @module
 */

import { DENO_FLAGS, RESTATE_SERVER } from "./durable/deno_flags.ts";

const MAIN = "durable/main.ts";
const PERMISSIONS = [
  "--no-prompt",
  "--allow-read",
  "--allow-write=/tmp,DURABLE.md",
  "--allow-net=127.0.0.1",
  "--allow-run=deno,env,git",
  "--allow-env",
  "--allow-sys",
];

await deno("check", ...DENO_FLAGS, "durable");
await deno("cache", ...DENO_FLAGS, RESTATE_SERVER);
await deno("run", ...DENO_FLAGS, ...PERMISSIONS, MAIN, ...Deno.args);

async function deno(...args: readonly string[]): Promise<void> {
  const { code } = await new Deno.Command("deno", {
    args: [...args],
    cwd: new URL(".", import.meta.url),
    env: { TMPDIR: "/tmp" },
  }).spawn().status;
  if (code !== 0) Deno.exit(code);
}
