import { laterTurn } from "../tools/events.ts";

/** Waits for what other programs and the network bring about. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await laterTurn();
}
