import type { RunStore } from "@stepstream/workflow";
import type { Load } from "./growth_loads.ts";
import { measure } from "./measure.ts";

/** A load at several sizes. */
export interface Growth {
  readonly load: Load;
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

/** Median nanoseconds a step at each size, in turns. */
export async function measureGrowth(
  { load, sizes, steps, rounds, open }: Growth,
): Promise<ReadonlyMap<number, number>> {
  const done = new Map<number, number>();
  const sample = async (size: number) => {
    if (open === null) return void done.set(size, await load(size, steps, null));
    await using opened = await open();
    done.set(size, await load(size, steps, opened.store));
  };
  const medians = await measure(Object.fromEntries(sizes.map((size) => [size, () => sample(size)])), rounds, 1);
  return new Map(sizes.map((size) => [size, (medians[size] ?? NaN) * 1e6 / (done.get(size) ?? NaN)]));
}
