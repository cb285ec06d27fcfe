import { reportMissing } from "./missing.ts";
import { printLine } from "./print_line.ts";
import { runCommand } from "./run_command.ts";

/** A runtime that takes a file and has Node's modules. */
export type NodeLike = "Node 20" | "Node 22" | "Bun";

/** A program and its first arguments. */
export type Command = readonly [string, ...string[]];

/** By npx, so that each is what its name says, whichever Node a machine has. */
const PACKAGES: Readonly<Record<NodeLike, string>> = {
  // The oldest one that is supported.
  "Node 20": "node@20",
  // The first one that has `node:sqlite` without a flag.
  "Node 22": "node@22.13.0",
  "Bun": "bun@1.4.5",
};

const PROBE = "JSON.stringify([process.execPath, process.versions.bun ?? process.versions.node])";

/** Where a runtime is, and its version. */
interface Found {
  readonly path: string;
  readonly version: string;
}

const found = new Map<NodeLike, Promise<Found | null>>();

/** How it is called; `null` where it is missing and need not be there. */
export async function findCommand(name: NodeLike): Promise<Command | null> {
  const finding = found.get(name) ?? find(name);
  found.set(name, finding);
  const runtime = await finding;
  if (runtime === null) return null;
  printLine(`${name}: ${runtime.version}`);
  // The permission to run it would go by its path, which is another one on every machine.
  return ["env", runtime.path];
}

/** Asks npx for the program itself: at every start it would take half a second more. */
async function find(name: NodeLike): Promise<Found | null> {
  const npx = ["npx", "-y", PACKAGES[name]] as const;
  const { code, stdout, stderr } = await runCommand(...npx, "--print", PROBE);
  if (code !== 0) return reportMissing(name, `${npx.join(" ")} does not run: ${stderr.trim()}`);
  const [path, version] = JSON.parse(stdout);
  return { path, version };
}
