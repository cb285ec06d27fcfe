import type { WorkflowEvent } from "../core/events.ts";

/** Where a run's events go. */
export interface EventSink {
  /** True once nobody wants them: they need not even be made. */
  readonly isDrained: boolean;
  /** How many wait for the reader. */
  readonly size: number;
  /** The number of the next event, which has to be pushed then. */
  nextSeq(): number;
  push(event: WorkflowEvent): void;
}
