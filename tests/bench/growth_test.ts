import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { MemoryStore } from "@stepstream/workflow";
import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { DatabaseSync } from "node:sqlite";
import { getHeapStatistics } from "node:v8";
import { measureGrowth } from "../../bench/tools/growth.ts";
import { BY_HAND } from "../../bench/tools/growth_by_hand.ts";
import { chains, fanOuts, type Load, manyRuns } from "../../bench/tools/growth_loads.ts";
import { type Measured, toConclusion, toGrowthTable } from "../../bench/tools/growth_report.ts";
import { CountingDatabase } from "./counting_database.ts";

/** How many times as much a step may take of what is counted, which is the same on every machine. */
const MOST_COUNTED = 1.5;
/**
 * The same of what is timed, on a machine that does other things, too: what looks at all tokens takes many times more.
 */
const MOST_TIMED = 10;

const LOADS: readonly (readonly [name: string, load: Load, small: number, large: number])[] = [
  ["a chain of 10 000 tokens", chains, 100, 10_000],
  ["a fan-out of 10 000 tokens", fanOuts, 100, 10_000],
  ["10 000 runs at a time", manyRuns, 1, 10_000],
];

for (const [name, load, small, large] of LOADS) {
  Deno.test(`a step of ${name} allocates no more than one of ${small}`, async () => {
    const allocated = async (size: number) => {
      const before = allocatedBytes();
      const steps = await load(size, 10_000, null);
      return (allocatedBytes() - before) / steps;
    };
    // What is compiled on the way is allocated, too.
    for (const size of [small, large, small]) await allocated(size);

    const ratio = await allocated(large) / await allocated(small);

    assertLess(ratio, MOST_COUNTED);
  });

  Deno.test(`a step of ${name} takes no more time than one of ${small}`, async () => {
    const costs = await measureGrowth({
      loads: { ours: load },
      sizes: [small, large],
      steps: 10_000,
      rounds: 3,
      open: null,
    });

    const least = (size: number) => Math.min(...costs.get("ours")?.get(size) ?? []);
    assertLess(least(large) / least(small), MOST_TIMED);
  });

  Deno.test(`a step of ${name} writes no more to SQLite than one of ${small}`, async () => {
    const written = async (size: number) => {
      const database = new DatabaseSync(":memory:");
      const counting = new CountingDatabase(database);
      try {
        const steps = await load(size, 1, await SqliteStore.open(counting));
        return { statements: counting.statements / steps, characters: counting.characters / steps };
      } finally {
        database.close();
      }
    };
    const few = await written(small);
    const many = await written(large);

    assertLess(many.statements / few.statements, MOST_COUNTED);
    assertLess(many.characters / few.characters, MOST_COUNTED);
  });
}

Deno.test("measureGrowth() times every contestant at each size, in process and in a store", async () => {
  const openMemory = () =>
    Promise.resolve({ store: new MemoryStore(), [Symbol.asyncDispose]: () => Promise.resolve() });
  for (const [load, byHand] of BY_HAND) {
    for (const open of [null, openMemory]) {
      const all = await measureGrowth({ loads: { load, byHand }, sizes: [2, 6], steps: 12, rounds: 3, open });

      assertEquals([...all.keys()], ["load", "byHand"]);
      for (const costs of all.values()) {
        assertEquals([...costs].map(([size, samples]) => [size, samples.length]), [[2, 3], [6, 3]]);
        for (const ns of [...costs.values()].flat()) assertGreater(ns, 0);
      }
    }
  }
});

const CHAIN: Measured = {
  title: "A chain in process",
  unit: "tokens",
  costs: new Map([[100, [300, 290, 310]], [10_000, [450]], [1_000_000, [459, 600, 660]]]),
  byHand: new Map([[100, [100]], [10_000, [110]], [1_000_000, [200]]]),
};

Deno.test("toGrowthTable() tells the cost at each size, its spread, its ratio to the smallest, and whether that is flat", () => {
  assertEquals(
    toGrowthTable(CHAIN),
    `| tokens | ns/step | ratio | verdict | by hand, ns/step | ratio |
| --- | --- | --- | --- | --- | --- |
| 100 | 300 (290–310) | 1.00 × |  | 100 | 1.00 × |
| 10,000 | 450 | 1.50 × | flat | 110 | 1.10 × |
| 1,000,000 | 600 (459–660) | 2.00 × | 2.0 ×: **not flat** | 200 | 2.00 × |`,
  );
  assertEquals(toGrowthTable({ ...CHAIN, byHand: null }).split("\n")[2], "| 100 | 300 (290–310) | 1.00 × |  |");
});

Deno.test("toConclusion() names what is not flat", () => {
  const flat = { ...CHAIN, title: "A chain on SQLite", costs: new Map([[100, [300]], [10_000, [310]]]) };

  assertEquals(toConclusion([flat]), "All are flat, within 1.5 ×.");
  assertEquals(
    toConclusion([flat, CHAIN]),
    "Flat within 1.5 ×: all but a chain in process at 1,000,000 tokens (2.0 ×).",
  );
});

/** How many bytes this thread has allocated so far. */
function allocatedBytes(): number {
  const bytes: unknown = Reflect.get(getHeapStatistics(), "total_allocated_bytes");
  if (typeof bytes !== "number") throw new TypeError("Cannot count what is allocated: V8 does not tell it here");
  return bytes;
}
