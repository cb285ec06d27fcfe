/**
 * How the cost of a step grows with the tokens of its run and with the runs at a time, in process, beside a generator
 * written by hand, and on SQLite. The promise is that it does not. Writes `bench/GROWTH.md`.
 * `--only chain` or `--only sqlite/fan-out`, as often as you like, measures that much and prints it.
 */
import { parseArgs } from "node:util";
import { TemporaryFolder } from "../tests/tools/temporary_folder.ts";
import { describeCommit } from "./tools/commit.ts";
import { type Growth, measureGrowth, type OpenedStore } from "./tools/growth.ts";
import { BY_HAND } from "./tools/growth_by_hand.ts";
import { chains, fanOuts, manyRuns, STEPS_OF_MANY } from "./tools/growth_loads.ts";
import { FLAT, type Measured, toConclusion, toGrowthTable } from "./tools/growth_report.ts";
import { describeMachine } from "./tools/machine.ts";
import { print } from "./tools/print.ts";
import { inSqlite } from "./tools/sqlite_contestant.ts";

const REPORT = new URL("./GROWTH.md", import.meta.url);
const TOKENS = [100, 10_000, 1_000_000];
const RUNS = [1, 100, 10_000];

const WORK = [
  { name: "chain", title: "A chain", unit: "tokens", load: chains, sizes: TOKENS },
  { name: "fan-out", title: "A fan-out", unit: "tokens", load: fanOuts, sizes: TOKENS },
  { name: "runs", title: "Runs at a time", unit: "runs", load: manyRuns, sizes: RUNS },
];

/** Where it is done, and how many steps make a sample and samples a median there. */
const PLACES: readonly (Pick<Growth, "rounds" | "open"> & { name: string; title: string; steps: number })[] = [
  { name: "process", title: "in process", steps: 500_000, rounds: 5, open: null },
  { name: "sqlite", title: "on SQLite", steps: 10_000, rounds: 3, open: openSqlite },
];

const { values: { only } } = parseArgs({
  args: Deno.args,
  options: { only: { type: "string", multiple: true, default: [] } },
});
const words = [...PLACES, ...WORK].map(({ name }) => name);
for (const word of only.flatMap((pair) => pair.split("/"))) {
  if (!words.includes(word)) throw new RangeError(`Cannot measure only ${word}: there are ${words.join(", ")}`);
}

await using folder = await TemporaryFolder.create();
const measuredOn = `${await describeCommit()}, on ${describeMachine()}`;
const startedAt = performance.now();
const all: Measured[] = [];
for (const place of PLACES) {
  for (const { name, title, unit, load, sizes } of WORK) {
    const isWanted = only.length === 0 ||
      only.some((pair) => pair.split("/").every((word) => word === name || word === place.name));
    if (!isWanted) continue;
    const byHand = place.open === null ? BY_HAND.get(load) : undefined;
    // Many short runs take turns; a sample of them need not be as long as that of one.
    const steps = load === manyRuns ? Math.min(place.steps, Math.max(...RUNS) * STEPS_OF_MANY) : place.steps;
    const loads = { ours: load, ...(byHand === undefined ? {} : { byHand }) };
    const costs = await measureGrowth({ loads, sizes, steps, rounds: place.rounds, open: place.open });
    const measured = {
      title: `${title} ${place.title}`,
      unit,
      costs: costs.get("ours") ?? new Map(),
      byHand: costs.get("byHand") ?? null,
    };
    all.push(measured);
    print(`\n## ${measured.title}\n\n${toGrowthTable(measured)}`);
  }
}
print(`\n${toConclusion(all)}`);
if (only.length === 0) {
  const tookS = Math.round((performance.now() - startedAt) / 1_000);
  await Deno.writeTextFile(REPORT, toMarkdown(all, tookS));
  await new Deno.Command("deno", { args: ["fmt", "--quiet", REPORT.pathname] }).output();
  print(`\nWritten to ${REPORT.pathname}`);
}

/** A new file each time: what an earlier sample has left in it would cost the later ones. */
async function openSqlite(): Promise<OpenedStore> {
  const file = `${folder.path}/${crypto.randomUUID()}.sqlite`;
  const { store, [Symbol.asyncDispose]: close } = await inSqlite(file, "NORMAL");
  return {
    store,
    [Symbol.asyncDispose]: async () => {
      await close();
      await Deno.remove(file);
    },
  };
}

function toMarkdown(all: readonly Measured[], tookS: number): string {
  const [inProcess, onSqlite] = PLACES.map(({ rounds }) => rounds);
  return `# How the cost of a step grows

Measured ${new Date().toISOString().slice(0, 10)} by \`deno task bench:growth\` in ${tookS} s, at ${measuredOn}.

A step should cost the same in a long run as in a short one, and beside many runs as alone: within ${FLAT} × of what it
costs at the smallest size. ${toConclusion(all)}

All sizes take turns, and so does a generator written by hand that runs the same actions over an array queue: if it
grows, too, that is due to the machine's caches and the garbage collector. Medians of ${inProcess} samples in process and of
${onSqlite} on SQLite (\`synchronous\` is NORMAL, one commit per step), with the least and the most in brackets; what took
longer than half a minute was measured once. The actions do nothing. Those of the runs at a time wait for a microtask,
so that each run has an action in progress while the others continue; every run has ${STEPS_OF_MANY} steps.

${all.map((measured) => `## ${measured.title}\n\n${toGrowthTable(measured)}`).join("\n\n")}
`;
}
