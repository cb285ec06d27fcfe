import { countEvents } from "../tools/read.ts";
import { timeCalls } from "../tools/time.ts";
import { assertSame, type Item } from "./item.ts";

const LOGS_A_STEP = 10;

/** Steps that say a lot while they are at work. */
export const logs: Item = {
  name: "logs",
  metrics: {
    perSecond: { title: "1 000 steps × 10 live logs, logs", unit: "/s" },
  },
  skill: "chatter",
  full: { count: 1_000, warmUpMs: 250, budgetMs: 400 },
  tiny: { count: 10, warmUpMs: 0, budgetMs: 0 },
  limitMs: 30_000,

  async measure({ chatter, isLog }, size) {
    const start = chatter?.(size.count, LOGS_A_STEP, (n) => n + 1);
    if (start === undefined || isLog === undefined) return {};
    const expected = size.count * LOGS_A_STEP;
    const ms = await timeCalls(async () => {
      assertSame("logs", await countEvents(start, isLog), expected);
    }, size);
    return { perSecond: expected / ms * 1_000 };
  },
};
