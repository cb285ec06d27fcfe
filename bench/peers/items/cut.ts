import type { Item } from "./item.ts";

const WORK_MS = 5;
/** How long to look for what still happens after the reader has left. */
const LOOK_MS = 400;

/** The reader leaves by one `break` at the first event it gets while an action is at work; what happens after that? */
export const cut: Item = {
  name: "cut",
  metrics: {
    actions: { title: "actions that start after a `break`", unit: "actions" },
    aborted: {
      title: "the running action is told by its signal",
      unit: "yes or no",
    },
  },
  skill: "waitingChain",
  full: { count: 50, warmUpMs: 0, budgetMs: LOOK_MS },
  tiny: { count: 10, warmUpMs: 0, budgetMs: 80 },
  limitMs: 20_000,

  async measure({ waitingChain }, { count, budgetMs }) {
    let started = 0;
    let finished = 0;
    let hadSignal = false;
    let aborted = 0;
    const start = waitingChain?.(count, async (n, signal) => {
      started += 1;
      hadSignal = signal !== undefined;
      signal?.addEventListener("abort", () => aborted += 1, { once: true });
      await wait(WORK_MS);
      finished += 1;
      return n + 1;
    });
    if (start === undefined) return {};
    // What a run does after its reader has left may fail with nobody there to hear it; that is not what is asked here.
    const ignore = (event: Event): void => event.preventDefault();
    addEventListener("unhandledrejection", ignore);

    let startedBefore = 0;
    for await (const _event of await start()) {
      startedBefore = started;
      if (started > finished) break;
    }
    const wasAborted = aborted > 0;
    await wait(budgetMs);

    removeEventListener("unhandledrejection", ignore);
    return {
      actions: started - startedBefore,
      aborted: wasAborted ? "yes" : hadSignal ? "no" : "no signal",
    };
  },
};

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
