/**
 * Prints what every entry point weighs beside what `tests/size_budget.json` says, and with `--write` says so there.
 *
 * @module
 */

import { readExports } from "./entry_points.ts";
import { measureSize, type Size } from "./measure_size.ts";
import { printLine } from "./print_line.ts";

/** What an entry point weighed when it was last looked at, and what it is to come to. */
export interface SizeBudget extends Size {
  /** What `first` is to come to. Once it has, it must not go above that again. */
  readonly goal: number | null;
}

/** Anything by what an entry point is imported as. */
export type BySubpath<Value> = Readonly<Record<string, Value>>;

const BUDGET_URL = new URL("../size_budget.json", import.meta.url);
/** How far a size may be off its number, upwards and downwards. */
const TOLERANCE = 0.05;
const REWRITE = "deno task sizes --write";

/** The committed numbers. */
export async function readSizeBudget(): Promise<BySubpath<SizeBudget>> {
  return JSON.parse(await Deno.readTextFile(BUDGET_URL));
}

/** Measures every entry point, as many at once as there are cores. */
export async function measureSizes(): Promise<BySubpath<Size>> {
  const waiting = Object.entries(await readExports());
  const sizes: [string, Size][] = [];
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      sizes.push([next[0], await measureSize(next[1])]);
    }
  }));
  return Object.fromEntries(sizes.toSorted(([a], [b]) => a < b ? -1 : 1));
}

/** What is wrong with the sizes, a line each. */
export function findSizeMisses(budgets: BySubpath<SizeBudget>, sizes: BySubpath<Size>): readonly string[] {
  const subpaths = [...new Set([...Object.keys(budgets), ...Object.keys(sizes)])];
  return subpaths.flatMap((subpath) => {
    const [budget, size] = [budgets[subpath], sizes[subpath]];
    if (budget === undefined) return [`${subpath} has no budget: ${REWRITE}`];
    if (size === undefined) return [`${subpath} has a budget, but is no entry point: ${REWRITE}`];
    const { first, goal } = budget;
    const isLost = goal !== null && first <= goal && size.first > goal;
    return [
      ...isLost ? [`${subpath} has ${size.first} bytes, which is above its goal of ${goal} that was met`] : [],
      ...compare(subpath, "first", first, size.first),
      ...compare(subpath, "all", budget.all, size.all),
    ];
  });
}

function compare(subpath: string, which: keyof Size, budget: number, size: number): readonly string[] {
  const name = `${subpath}, ${which}: ${size} bytes`;
  if (size > budget * (1 + TOLERANCE)) {
    return [`${name} instead of ${budget}: make it smaller, or ${REWRITE} and say why`];
  }
  if (size < budget * (1 - TOLERANCE)) return [`${name} instead of ${budget}: well done, now ${REWRITE}`];
  return [];
}

/** The sizes and goals as lines to be read. */
export function formatSizes(budgets: BySubpath<SizeBudget>, sizes: BySubpath<Size>): readonly string[] {
  const rows = Object.entries(sizes).map(([subpath, { first, all }]) => {
    const goal = budgets[subpath]?.goal ?? null;
    const verdict = goal === null ? "" : first <= goal ? "met" : `NOT MET, ${first - goal} bytes too large`;
    return formatRow(subpath, String(first), String(all), String(goal ?? ""), verdict);
  });
  return [formatRow("min+gz, bytes", "first", "all", "goal", ""), ...rows];
}

function formatRow(subpath: string, first: string, all: string, goal: string, verdict: string): string {
  const columns = [subpath.padEnd(20), first.padStart(8), all.padStart(8), goal.padStart(8), ` ${verdict}`];
  return columns.join("").trimEnd();
}

if (import.meta.main) {
  const [budgets, sizes] = [await readSizeBudget(), await measureSizes()];
  for (const line of formatSizes(budgets, sizes)) printLine(line);
  if (Deno.args[0] === "--write") {
    const entries = Object.entries(sizes).map(([subpath, size]) =>
      `  ${JSON.stringify(subpath)}: ${
        JSON.stringify({ ...size, goal: budgets[subpath]?.goal ?? null }, null, 1).replaceAll(/\n\s*/g, " ")
      }`
    );
    await Deno.writeTextFile(BUDGET_URL, `{\n${entries.join(",\n")}\n}\n`);
  }
}
