import type { Peer } from "../contract.ts";
import type { Item, Measured } from "../items/item.ts";

const SAMPLE = new URL("../sample.ts", import.meta.url).pathname;
const CONFIG = new URL("../deno.json", import.meta.url).pathname;
// What a library asks for when it is loaded; it reaches nothing but loopback.
const PERMISSIONS = ["--allow-read", "--allow-env", "--allow-sys", "--allow-net=127.0.0.1"];
const DESCRIBE_LIMIT_MS = 30_000;

/**
 * Measures in a process of its own, which is stopped when it takes too long. A failure is told in the place of numbers.
 */
export async function runSample(item: Item, file: string): Promise<Measured> {
  const outcome = await run([item.name, file], item.limitMs);
  return outcome.ok ? outcome.value as Measured : tellAll(item, outcome.why);
}

/** What a peer says of itself, without what it does. */
export async function describePeer(file: string): Promise<Peer> {
  const outcome = await run(["describe", file], DESCRIBE_LIMIT_MS);
  if (!outcome.ok) throw new Error(`Cannot load the peer ${file}: ${outcome.why}`);
  return outcome.value as Peer;
}

type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string };

async function run(args: readonly string[], limitMs: number): Promise<Outcome> {
  const child = new Deno.Command("deno", {
    args: ["run", "--no-prompt", "--unstable-no-legacy-abort", "--config", CONFIG, ...PERMISSIONS, SAMPLE, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, limitMs);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);

  if (isLate) return { ok: false, why: `not done in ${limitMs / 1_000} s` };
  if (code !== 0) return { ok: false, why: `failed: ${new TextDecoder().decode(stderr).split("\n")[0]}` };
  // A library may have printed something before.
  return { ok: true, value: JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1) ?? "null") };
}

function tellAll({ metrics }: Item, why: string): Measured {
  return Object.fromEntries(Object.keys(metrics).map((metric) => [metric, why]));
}
