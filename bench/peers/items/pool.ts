import { timeCalls } from "../tools/time.ts";
import { assertSame, type Item } from "./item.ts";

const CONCURRENCY = 50;
const ITEM_MS = 5;

function wait(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ITEM_MS));
}

/** Items that wait, some at a time. A timer fires late on a busy machine, so the ideal is a row of such timers. */
export const pool: Item = {
  name: "pool",
  metrics: { ms: { title: "1 000 × 5 ms, 50 at a time", unit: "ms" } },
  skill: "pool",
  full: { count: 1_000, warmUpMs: 300, budgetMs: 600 },
  tiny: { count: 100, warmUpMs: 0, budgetMs: 0 },
  limitMs: 20_000,

  async measure({ pool }, size) {
    let working = 0;
    let most = 0;
    let done = 0;
    const runAll = pool?.(size.count, CONCURRENCY, async (n) => {
      working += 1;
      most = Math.max(most, working);
      await wait();
      working -= 1;
      done += 1;
      return n;
    });
    if (runAll === undefined) return {};
    const ms = await timeCalls(async () => {
      most = done = 0;
      await runAll();
      assertSame("items", done, size.count);
      assertSame("items at once", most, CONCURRENCY);
    }, size);
    return { ms };
  },
  reference: {
    name: "20 timers in a row",
    async measure(size) {
      const ms = await timeCalls(async () => {
        for (let batch = 0; batch < size.count / CONCURRENCY; batch += 1) {
          await wait();
        }
      }, size);
      return { ms };
    },
  },
};
