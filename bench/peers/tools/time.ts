import { median } from "../../tools/measure.ts";
import type { Size } from "../items/item.ts";

/** A call that takes longer than this is its own measurement: warming up would not change it. */
const SLOW_MS = 1_500;

/** The median time of a call in ms, warm: the calls that fit into the time the size gives, at least one. */
export async function timeCalls(
  work: () => Promise<unknown>,
  { warmUpMs, budgetMs }: Size,
): Promise<number> {
  for (
    const stopAt = performance.now() + warmUpMs;
    performance.now() < stopAt;
  ) {
    const tookMs = await timeCall(work);
    if (tookMs > SLOW_MS) return tookMs;
  }
  const times: number[] = [];
  const stopAt = performance.now() + budgetMs;
  do times.push(await timeCall(work)); while (performance.now() < stopAt);
  return median(times);
}

async function timeCall(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
