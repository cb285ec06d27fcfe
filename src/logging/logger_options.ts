import type { Clock } from "../core/clock.ts";

/** Options of `StructuredLogger` and `JsonLogger`. */
export interface LoggerOptions {
  /** Where the timestamps come from. Default: the platform's clock. */
  readonly clock?: Pick<Clock, "now">;
}
