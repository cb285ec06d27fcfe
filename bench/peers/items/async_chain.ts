import { countEvents } from "../tools/read.ts";
import { timeCalls } from "../tools/time.ts";
import { assertSame, type Item } from "./item.ts";

/** A long chain of steps whose actions are asynchronous, though they have nothing to wait for. */
export const asyncChain: Item = {
  name: "async-chain",
  metrics: { perSecond: { title: "10 000-step chain of async actions, steps", unit: "/s" } },
  skill: "waitingChain",
  full: { count: 10_000, warmUpMs: 250, budgetMs: 400 },
  tiny: { count: 20, warmUpMs: 0, budgetMs: 0 },
  limitMs: 30_000,

  async measure({ waitingChain, isResult }, size) {
    // deno-lint-ignore require-await -- the engine has to wait for what an asynchronous function answers
    const start = waitingChain?.(size.count, async (n) => n + 1);
    if (start === undefined) return {};
    const ms = await timeCalls(async () => {
      assertSame("results", await countEvents(start, isResult), size.count);
    }, size);
    return { perSecond: size.count / ms * 1_000 };
  },
};
