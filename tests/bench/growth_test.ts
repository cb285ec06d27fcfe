import { assertEquals, assertGreater } from "@std/assert";
import { MemoryStore } from "@stepstream/workflow";
import { measureGrowth } from "../../bench/tools/growth.ts";
import { chains, fanOuts, manyRuns } from "../../bench/tools/growth_loads.ts";

const SIZES = [2, 6];
const STEPS = 12;

for (const [name, load] of Object.entries({ chains, fanOuts, manyRuns })) {
  Deno.test(`measureGrowth() times ${name} of each size, in process and in a store`, async () => {
    const openMemory = () =>
      Promise.resolve({ store: new MemoryStore(), [Symbol.asyncDispose]: () => Promise.resolve() });
    const growth = { load, sizes: SIZES, steps: STEPS, rounds: 1 };

    const costs = [
      await measureGrowth({ ...growth, open: null }),
      await measureGrowth({ ...growth, open: openMemory }),
    ];

    for (const cost of costs) {
      assertEquals([...cost.keys()], SIZES);
      for (const ns of cost.values()) assertGreater(ns, 0);
    }
  });
}
