/**
 * Measures every item with every peer, round after round, each in a process of its own, and writes `bench/RESULTS.md`
 * and the table of the README.
 * `--only chain`, `--only effect` or `--only chain/effect`, as often as you like, measures that much and prints it.
 * `--rounds 5` takes more rounds.
 */
import { parseArgs } from "node:util";
import { describeCommit } from "../tools/commit.ts";
import { describeMachine } from "../tools/machine.ts";
import { print } from "../tools/print.ts";
import { COLD_START, measureColdStarts } from "./cold_start.ts";
import { ITEMS } from "./items/all.ts";
import { PEER_FILES, REFERENCE } from "./peers.ts";
import { toFullTable, toMarkdown, toShortTable } from "./report.ts";
import { Samples } from "./samples.ts";
import type { Described } from "./tables.ts";
import { createFilter } from "./tools/filter.ts";
import { describePeer, runSample } from "./tools/run_sample.ts";

const CONFIG = new URL("./deno.json", import.meta.url).pathname;
const RESULTS = new URL("../RESULTS.md", import.meta.url);
const README = new URL("../../README.md", import.meta.url);
const COLD_STARTS_A_ROUND = 5;
/** A sample that takes longer than this is taken once: it differs from its peers by more than the machine's noise. */
const LONG_MS = 6_000;
/** After how long no further round's samples are taken, in ms: the first round is always whole. */
const BUDGET_MS = 7 * 60_000;

const { values: { only, rounds: roundsText } } = parseArgs({
  args: Deno.args,
  options: { only: { type: "string", multiple: true, default: [] }, rounds: { type: "string", default: "3" } },
});
const rounds = Number(roundsText);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`Cannot take rounds: ${roundsText}`);
const isWanted = createFilter(only, [...ITEMS.map(({ name }) => name), COLD_START.name], PEER_FILES);

const samples = new Samples();
const measuredOn = `${await describeCommit()}, on ${describeMachine()}`;
const stopAt = performance.now() + BUDGET_MS;
const taken = new Set<string>();
for (let round = 1; round <= rounds; round += 1) {
  for (const item of ITEMS) {
    for (const file of item.reference === undefined ? PEER_FILES : [REFERENCE, ...PEER_FILES]) {
      const name = `${item.name}/${file}`;
      if (taken.has(name) || !isWanted(item.name, file)) continue;
      if (round > 1 && performance.now() > stopAt) continue;
      const startedAt = performance.now();
      const measured = await runSample(item, file);
      const tookMs = performance.now() - startedAt;
      samples.add(item.name, file, measured);
      if (tookMs > LONG_MS || Object.keys(measured).length === 0) taken.add(name);
      print(`${round}/${rounds} ${name.padEnd(32)} ${(tookMs / 1_000).toFixed(1).padStart(5)} s`);
    }
  }
}
// A queue of tasks has no step to run.
const coldFiles = PEER_FILES.filter((file) => file !== "p_queue" && isWanted(COLD_START.name, file));
if (coldFiles.length > 0) {
  const coldStarts = await measureColdStarts(coldFiles, rounds * COLD_STARTS_A_ROUND, ["--config", CONFIG]);
  for (const [file, measured] of coldStarts) samples.add(COLD_START.name, file, measured);
}

const peers: Described[] = [];
for (const file of PEER_FILES) peers.push({ file, peer: await describePeer(file) });
if (only.length > 0) {
  print(`\n${toFullTable(samples, peers)}`);
} else {
  await Deno.writeTextFile(RESULTS, await toMarkdown(samples, peers, measuredOn));
  await replaceTable(README, toShortTable(samples, peers));
  await new Deno.Command("deno", { args: ["fmt", "--quiet", RESULTS.pathname, README.pathname] }).spawn().status;
  print(`\n${toFullTable(samples, peers)}\n\nWritten to ${RESULTS.pathname}`);
}

/** Puts the table in the place of the one between the marks. */
async function replaceTable(path: URL, table: string): Promise<void> {
  const text = await Deno.readTextFile(path);
  const marked = /(?<=<!-- bench:peers -->\n).*?(?=<!-- \/bench:peers -->)/s;
  if (!marked.test(text)) throw new Error(`Cannot find the marks of the table in ${path.pathname}`);
  await Deno.writeTextFile(path, text.replace(marked, () => `\n${table}\n\n`));
}
