/**
 * What a cold Node pays to import what npm installs, over an empty module: each time in a process of its own, all in
 * turns.
 */
import { NpmProject } from "../tests/npm/npm_project.ts";
import { measureImports } from "../tests/tools/measure_imports.ts";
import { runCommand } from "../tests/tools/run_command.ts";
import { median } from "./tools/measure.ts";
import { print, printTitle } from "./tools/print.ts";

const ROUNDS = 41;
const GOAL_MS = 5;

await using project = await NpmProject.create();
const files = {
  "root": "node/mod.js",
  "client": "node/src/client/mod.js",
  "runner": "node/src/runner/mod.js",
  "root, a file a module": "mod.js",
};
const empty = await project.write("empty.mjs", "");
const { stdout: version } = await runCommand("node", "--version");

printTitle(`Cold import in Node ${version.trim()} over an empty module, median of ${ROUNDS}`);
const paths = Object.values(files).map((path) => `${project.packagePath}/${path}`);
const [empties = [], ...times] = await measureImports([empty, ...paths], ROUNDS);
for (const [index, name] of Object.keys(files).entries()) {
  const own = times[index] ?? [];
  const ms = median(own) - median(empties);
  const shortest = (own[0] ?? NaN) - (empties[0] ?? NaN);
  const verdict = index > 0 ? "" : `   goal: ${GOAL_MS} ms, ${ms <= GOAL_MS ? "met" : "NOT MET"}`;
  print(`  ${name.padEnd(34)} ${`${ms.toFixed(1)} ms`.padStart(16)}   shortest ${shortest.toFixed(1)} ms${verdict}`);
}
