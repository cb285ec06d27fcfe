import { assertSame, type Item, type Measured } from "./item.ts";

/** How often to look, in steps: looking costs more than a step. */
const LOOK_EVERY = 1_000;
/** After how long to give up, in ms. */
const GIVE_UP_MS = 30_000;

/** The largest resident set size of a process that runs one chain. */
export const memory: Item = {
  name: "memory",
  metrics: { peak: { title: "peak RSS, 1 000 000 steps", unit: "MB" } },
  skill: "chain",
  full: { count: 1_000_000, warmUpMs: 0, budgetMs: 0 },
  tiny: { count: 20, warmUpMs: 0, budgetMs: 0 },
  limitMs: 45_000,

  async measure({ chain, isResult }, { count }) {
    let peak = 0;
    const start = chain?.(count, (n) => {
      if (n % LOOK_EVERY === 0) peak = Math.max(peak, look());
      return n + 1;
    });
    if (start === undefined) return {};
    const stopAt = performance.now() + GIVE_UP_MS;
    let results = 0;
    for await (const event of await start()) {
      if (!isResult(event)) continue;
      results += 1;
      if (results % LOOK_EVERY === 0 && performance.now() > stopAt) {
        return unfinished(peak, results);
      }
    }
    assertSame("results", results, count);
    return { peak };
  },
  reference: {
    name: "bare loop",
    measure({ count }) {
      let peak = 0;
      for (let n = 0; n < count;) {
        if (n % LOOK_EVERY === 0) peak = Math.max(peak, look());
        n += 1;
      }
      return Promise.resolve({ peak });
    },
  },
};

function look(): number {
  return Deno.memoryUsage().rss / 2 ** 20;
}

function unfinished(peak: number, results: number): Measured {
  return {
    peak: `${peak.toFixed(0)} MB at ${(results / 1_000).toFixed(0)} k steps, all it did in ${GIVE_UP_MS / 1_000} s`,
  };
}
