import type { RunStore } from "@stepstream/workflow";
import type { Load } from "./growth_loads.ts";

/** What is done at several sizes, by contestants that take turns. */
export interface Growth {
  readonly loads: Readonly<Record<string, Load>>;
  /** From the smallest to the largest. */
  readonly sizes: readonly number[];
  /** How many steps a sample has at least. */
  readonly steps: number;
  readonly rounds: number;
  /** Opens a new store for a sample, `null` for runs in process. */
  readonly open: (() => Promise<OpenedStore>) | null;
}

/** A store with what has to be closed after it. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: RunStore;
}

/** Nanoseconds a step, of each sample, by size. */
export type Costs = ReadonlyMap<number, readonly number[]>;

/** A sample that takes longer is taken once: others have their turns before it and after it. */
const LONG_MS = 30_000;

/** What a step costs each contestant at each size, in turns. */
export async function measureGrowth(
  { loads, sizes, steps, rounds, open }: Growth,
): Promise<ReadonlyMap<string, Costs>> {
  const contestants = Object.entries(loads).map(([name, load]) => ({
    name,
    load,
    costs: new Map<number, number[]>(sizes.map((size) => [size, []])),
  }));
  const long = new Set<number[]>();
  // The first round warms up, which a sample that takes long does by itself.
  for (let round = 0; round <= rounds; round += 1) {
    for (const size of sizes) {
      for (const { load, costs } of contestants) {
        const samples = costs.get(size) ?? [];
        if (long.has(samples)) continue;
        const { ms, done } = await sample(load, size, steps, open);
        if (ms > LONG_MS) long.add(samples);
        if (round > 0 || ms > LONG_MS) samples.push(ms * 1e6 / done);
      }
    }
  }
  return new Map(contestants.map(({ name, costs }) => [name, costs]));
}

async function sample(load: Load, size: number, steps: number, open: Growth["open"]) {
  await using opened = await open?.() ?? null;
  const startedAt = performance.now();
  const done = await load(size, steps, opened?.store ?? null);
  return { ms: performance.now() - startedAt, done };
}
