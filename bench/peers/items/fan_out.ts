import { countEvents } from "../tools/read.ts";
import { timeCalls } from "../tools/time.ts";
import { assertSame, type Item } from "./item.ts";

/** Many items, each a step of its own, and one step that gets what all of them came to. */
export const fanOut: Item = {
  name: "fan-out",
  metrics: {
    perSecond: { title: "10 000-way fan-out and merge, items", unit: "/s" },
  },
  skill: "fanOut",
  full: { count: 10_000, warmUpMs: 250, budgetMs: 400 },
  tiny: { count: 20, warmUpMs: 0, budgetMs: 0 },
  limitMs: 90_000,

  async measure({ fanOut, isResult }, size) {
    let merged = 0;
    const start = fanOut?.(size.count, (n) => n + 1, (values) => {
      merged += values.length;
      return values.length;
    });
    if (start === undefined) return {};
    const ms = await timeCalls(async () => {
      merged = 0;
      assertSame("results", await countEvents(start, isResult), size.count);
      assertSame("merged values", merged, size.count);
    }, size);
    return { perSecond: size.count / ms * 1_000 };
  },
};
