import type { RunStatus } from "../core/events.ts";

/** How a run came to its end. */
export interface RunEnding {
  readonly status: RunStatus;
  /** Why it failed or was cancelled, `null` if it completed. */
  readonly error: unknown;
  /** Settles when nothing of the run is at work any more, or the time for that is over; `null` if nothing was. */
  readonly cleanup: Promise<void> | null;
}
