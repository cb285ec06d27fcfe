import { median } from "../../tools/measure.ts";
import { assertSame, type Item } from "./item.ts";

/** From the call that starts a run of one step to its first event, whatever that is, and to the step's result. */
export const firstEvent: Item = {
  name: "first-event",
  metrics: {
    event: { title: "first event, warm", unit: "µs" },
    result: { title: "first result, warm", unit: "µs" },
  },
  skill: "chain",
  full: { count: 1, warmUpMs: 500, budgetMs: 400 },
  tiny: { count: 1, warmUpMs: 0, budgetMs: 5 },
  limitMs: 20_000,

  async measure({ chain, isResult }, { count, warmUpMs, budgetMs }) {
    const start = chain?.(count, (n) => n + 1);
    if (start === undefined) return {};
    const events: number[] = [];
    const results: number[] = [];
    const warmAt = performance.now() + warmUpMs;
    for (let now = 0; now < warmAt + budgetMs;) {
      const startedAt = performance.now();
      let firstAt = 0;
      let resultAt = 0;
      for await (const event of await start()) {
        if (firstAt === 0) firstAt = performance.now();
        if (isResult(event)) resultAt = performance.now();
      }
      now = performance.now();
      if (now < warmAt) continue;
      events.push((firstAt - startedAt) * 1_000);
      results.push((resultAt - startedAt) * 1_000);
    }
    assertSame(
      "runs without a result",
      results.filter((us) => us < 0).length,
      0,
    );
    return { event: median(events), result: median(results) };
  },
};
