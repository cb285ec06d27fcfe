import { laterTurn } from "./events.ts";
import type { ManualClock } from "./manual_clock.ts";

/** Waits for the promise and moves the time on, again and again, to whatever is due first. */
export async function settleTicking<Value>(promise: Promise<Value>, clock: ManualClock): Promise<Value> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise.then(settle, settle);
  while (true) {
    await laterTurn();
    if (isSettled) return promise;
    clock.tick(clock.nextDueMs);
  }
}
