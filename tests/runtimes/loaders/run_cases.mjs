// node run_cases.mjs <bundle> <origin> <names as JSON> ["sqlite"]
// Runs the cases of these names, in Node or Bun, and prints what each has come to as a line of JSON.

import process from "node:process";

const [bundle, origin, names, sqlite] = process.argv.slice(2);
const { runCase } = await import(bundle);
const options = { origin };
if (sqlite === "sqlite") {
  const { DatabaseSync } = await import("node:sqlite");
  options.openDatabase = () => new DatabaseSync(":memory:");
}
for (const name of JSON.parse(names)) {
  process.stdout.write(`${JSON.stringify([name, await runCase(name, options)])}\n`);
}
