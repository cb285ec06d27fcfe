import type { WorkflowEvent } from "./events.ts";
import type { Any } from "./inference.ts";

/** The key of {@linkcode ReadyEvents.[takeReady]}. */
export const takeReady: unique symbol = Symbol("takeReady");

/** Events of which those that need no waiting can be had without a promise, which costs more than most events. */
export interface ReadyEvents {
  /** True if others get the very same events: what is made of one for one reader will do for all. Default: false. */
  readonly areShared?: boolean;
  /** Takes the next event, as `next()` would, if it is there or can be made at once; else `undefined`. */
  [takeReady](): WorkflowEvent<Any, Any> | undefined;
}

/** True for events that can be taken so. */
export function hasReadyEvents(events: object): events is ReadyEvents {
  return takeReady in events;
}
