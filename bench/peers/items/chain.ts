import { countEvents } from "../tools/read.ts";
import { timeCalls } from "../tools/time.ts";
import { assertSame, type Item } from "./item.ts";

/** A long chain of steps that have nothing to wait for. */
export const chain: Item = {
  name: "chain",
  metrics: { perSecond: { title: "10 000-step chain, steps", unit: "/s" } },
  skill: "chain",
  full: { count: 10_000, warmUpMs: 250, budgetMs: 400 },
  tiny: { count: 20, warmUpMs: 0, budgetMs: 0 },
  limitMs: 30_000,

  async measure({ chain, isResult }, size) {
    let actions = 0;
    const start = chain?.(size.count, (n) => {
      actions += 1;
      return n + 1;
    });
    if (start === undefined) return {};
    const ms = await timeCalls(async () => {
      actions = 0;
      assertSame("results", await countEvents(start, isResult), size.count);
      assertSame("actions", actions, size.count);
    }, size);
    return { perSecond: size.count / ms * 1_000 };
  },
};
