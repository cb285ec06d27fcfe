import { findVersion } from "./find_version.ts";
import { printLine } from "./print_line.ts";

/** A runtime that takes a file and has Node's modules. */
export type NodeLike = "Node" | "Node 22" | "Bun";

/** A program and its first arguments. */
export type Command = readonly [string, ...string[]];

const COMMANDS: Readonly<Record<NodeLike, Command>> = {
  "Node": ["node"],
  // The first one with `node:sqlite`.
  "Node 22": ["npx", "-y", "node@22"],
  "Bun": ["npx", "-y", "bun@1.4.5"],
};

/** How it is called; `null` where it is missing and need not be there. */
export async function findCommand(name: NodeLike): Promise<Command | null> {
  const command = COMMANDS[name];
  const version = await findVersion(name, command);
  if (version === null) return null;
  printLine(`${name} ${version}`);
  return command;
}
