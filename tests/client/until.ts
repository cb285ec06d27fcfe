import { laterTurn } from "../tools/events.ts";

/** What takes longer than that never happens. */
const PATIENCE_MS = 60_000;

/** Waits for what other programs and the network bring about; throws if it takes so long that it never will. */
export async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error(`Waited ${PATIENCE_MS} ms for ${condition}`);
    await laterTurn();
  }
}
