import type { Start } from "../contract.ts";

/** Reads a run to its end and answers how many of its events are of the kind asked for. */
export async function countEvents(
  start: Start,
  isCounted: (event: unknown) => boolean,
): Promise<number> {
  let count = 0;
  for await (const event of await start()) {
    if (isCounted(event)) count += 1;
  }
  return count;
}
