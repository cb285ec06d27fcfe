import { launchChromium } from "../tools/launch_chromium.ts";
import { runCommand } from "../tools/run_command.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";
import { bundledCases } from "./bundled_cases.ts";
import { runCase } from "./cases/mod.ts";
import { findCommand, type NodeLike } from "../tools/find_command.ts";
import { loaderOf } from "./loader_of.ts";
import { startCasesInWorkerd } from "./workerd.ts";

/** What cases have come to by their names: what went wrong, `null` for nothing. */
export type Findings = ReadonlyMap<string, string | null>;

/** A runtime that the package claims to run in. */
export interface CaseRuntime {
  readonly name: string;
  /** Whether it has `node:sqlite` for the cases about a database. Those of Deno are run by the store's own test. */
  readonly hasSqlite: boolean;
  /** Runs the cases of these names against the site at `origin`; `null` where there is no such runtime. */
  readonly run: (names: readonly string[], origin: string) => Promise<Findings | null>;
}

/** How cases are run in each of them. */
export const CASE_RUNTIMES: readonly CaseRuntime[] = [
  { name: "Deno", hasSqlite: false, run: runInDeno },
  { name: "Node 20", hasSqlite: false, run: (names, origin) => runInNode("Node 20", names, origin) },
  { name: "Node 22", hasSqlite: true, run: (names, origin) => runInNode("Node 22", names, origin, "sqlite") },
  { name: "Bun", hasSqlite: true, run: (names, origin) => runInNode("Bun", names, origin, "sqlite") },
  { name: "workerd", hasSqlite: false, run: runInWorkerd },
  { name: "Chromium", hasSqlite: false, run: runInChromium },
];

async function runInNode(
  name: NodeLike,
  names: readonly string[],
  origin: string,
  ...features: readonly "sqlite"[]
): Promise<Findings | null> {
  const command = await findCommand(name);
  if (command === null) return null;
  await using folder = await TemporaryFolder.create();
  const bundle = await folder.write("cases.mjs", await bundledCases());
  const loaderArgs = [bundle, origin, JSON.stringify(names), ...features];
  const { code, stdout, stderr } = await runCommand(...command, loaderOf("run_cases.mjs"), ...loaderArgs);
  const lines = stdout.split("\n").filter((line) => line !== "");
  const told: [string, string | null][] = lines.map((line) => JSON.parse(line));
  // It did not come to them.
  const untold = names.slice(told.length).map((its): [string, string] => [its, `It ended with ${code}: ${stderr}`]);
  return new Map([...told, ...untold]);
}

async function runInDeno(names: readonly string[], origin: string): Promise<Findings> {
  const findings = new Map<string, string | null>();
  for (const name of names) findings.set(name, await runCase(name, { origin }));
  return findings;
}

async function runInWorkerd(names: readonly string[], origin: string): Promise<Findings | null> {
  await using folder = await TemporaryFolder.create();
  const bundle = await folder.write("cases.mjs", await bundledCases());
  await using server = await startCasesInWorkerd(bundle);
  if (server === null) return null;
  const findings = new Map<string, string | null>();
  for (const name of names) {
    const response = await fetch(`${server.line}/case?${new URLSearchParams({ name, origin })}`);
    const text = await response.text();
    findings.set(name, response.ok ? JSON.parse(text) : text);
  }
  return findings;
}

/** The page is one of the site's, which has to serve `/cases.mjs` and an empty page. */
async function runInChromium(names: readonly string[], origin: string): Promise<Findings | null> {
  await using browser = await launchChromium();
  if (browser === null) return null;
  const page = await browser.newPage();
  await page.goto(origin);
  const findings = new Map<string, string | null>();
  for (const name of names) {
    const run = `import("/cases.mjs").then(({ runCase }) => runCase(${
      JSON.stringify(name)
    }, { origin: location.origin }))`;
    findings.set(name, await page.evaluate(run));
  }
  return findings;
}
