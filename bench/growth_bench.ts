/**
 * How the cost of a step grows with the tokens of its run and with the runs at a time, in process and on SQLite. The
 * goal is that it does not: each size is printed with its cost as a multiple of the smallest one's.
 *
 * A million tokens on SQLite take minutes each time, so a hundred thousand have to do, unless `--large` is given.
 */
import { TemporaryFolder } from "../tests/tools/temporary_folder.ts";
import { type Growth, measureGrowth, type OpenedStore } from "./tools/growth.ts";
import { chains, fanOuts, type Load, manyRuns, STEPS_OF_MANY } from "./tools/growth_loads.ts";
import { print, printTitle } from "./tools/print.ts";
import { inSqlite } from "./tools/sqlite_contestant.ts";

const isLarge = Deno.args.includes("--large");
const TOKENS = [100, 10_000, 1_000_000];
const STORED_TOKENS = [100, 10_000, isLarge ? 1_000_000 : 100_000];
const RUNS = [1, 100, 10_000];
const ALL_RUNS = 10_000;

await using folder = await TemporaryFolder.create();

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

async function show(title: string, unit: string, growth: Growth): Promise<void> {
  printTitle(title);
  const costs = await measureGrowth(growth);
  const [smallest = NaN] = costs.values();
  for (const [size, ns] of costs) {
    const label = `${size.toLocaleString("en")} ${unit}`;
    print(`  ${label.padEnd(24)} ${`${ns.toFixed(0)} ns/step`.padStart(16)}   ${(ns / smallest).toFixed(2)} x`);
  }
}

const inProcess = (load: Load, sizes: readonly number[], steps: number): Growth => ({
  load,
  sizes,
  steps,
  rounds: 5,
  open: null,
});
const stored = (load: Load, sizes: readonly number[], steps: number): Growth => ({
  load,
  sizes,
  steps,
  rounds: isLarge ? 1 : 2,
  open: openSqlite,
});

await show("A chain, in process", "tokens", inProcess(chains, TOKENS, 1_000_000));
await show("A fan-out, in process", "tokens", inProcess(fanOuts, TOKENS, 1_000_000));
await show("Runs at a time, in process", "runs", inProcess(manyRuns, RUNS, ALL_RUNS * STEPS_OF_MANY));
await show("A chain on SQLite", "tokens", stored(chains, STORED_TOKENS, 10_000));
await show("A fan-out on SQLite", "tokens", stored(fanOuts, STORED_TOKENS, 10_000));
await show("Runs at a time on SQLite", "runs", stored(manyRuns, RUNS, ALL_RUNS * STEPS_OF_MANY));
