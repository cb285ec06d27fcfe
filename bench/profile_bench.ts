/**
 * Where the time goes and what is allocated in a chain, or in what is named: the functions that have most of it by
 * themselves. The whole profiles go to a folder of their own, for the performance and memory panels of DevTools.
 *
 * `deno task bench:profile [chain|fan-out|runs] [<steps>]`
 */
import { chains, fanOuts, type Load, manyRuns } from "./tools/growth_loads.ts";
import { print, printTitle } from "./tools/print.ts";
import { type CpuProfile, type HeapProfile, profileCpu, profileHeap } from "./tools/profile.ts";
import { byBytes, byTime, type Share, toLines } from "./tools/profile_report.ts";

const SHOWN = 20;
const WORK: Readonly<Record<string, readonly [load: Load, size: number]>> = {
  "chain": [chains, 10_000],
  "fan-out": [fanOuts, 10_000],
  "runs": [manyRuns, 10_000],
};

const [name = "chain", stepsText = "1000000"] = Deno.args;
const work = WORK[name];
if (work === undefined) throw new RangeError(`Cannot profile ${name}: there are ${Object.keys(WORK).join(", ")}`);
const [load, size] = work;
const steps = Number(stepsText);
if (!Number.isInteger(steps) || steps < 1) throw new RangeError(`Cannot profile so many steps: ${stepsText}`);
const folder = await Deno.makeTempDir({ prefix: "stepstream_profile_" });
await load(size, steps, null);
// One after the other: to watch the heap takes time.
const cpu = await profileCpu(() => load(size, steps, null));
const heap = await profileHeap(() => load(size, steps, null));
await show("time", "cpuprofile", cpu, byTime(cpu), (us) => `${(us * 1_000).toFixed(1)} ns`);
await show("bytes allocated", "heapprofile", heap, byBytes(heap), (bytes) => `${bytes.toFixed(0)} B`);

async function show(
  what: string,
  extension: string,
  profile: CpuProfile | HeapProfile,
  shares: readonly Share[],
  format: (self: number) => string,
): Promise<void> {
  const path = `${folder}/${name}.${extension}`;
  await Deno.writeTextFile(path, JSON.stringify(profile));
  printTitle(`${name}: ${what} a step, by function`);
  for (const line of toLines(shares.slice(0, SHOWN), steps, format)) print(line);
  print(`  all of it: ${path}`);
}
