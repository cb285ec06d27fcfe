import type { Any, EventStepName, NoReturns, PayloadOf, StepChunk, StepValue } from "./inference.ts";
import type { Result } from "./result.ts";
import type { Where } from "./token.ts";

/** What every event has. */
export interface EventBase {
  /** The place in the run's one sequence of events: 1, 2, 3 … with none left out. */
  readonly seq: number;
  readonly runId: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** The first event: what was asked for. */
export interface RunStartEvent extends EventBase {
  readonly type: "run.start";
  /** The workflow's name. */
  readonly workflow: string;
  /** The workflow's version. */
  readonly version: string;
  /** The step the run starts at. */
  readonly start: string;
  readonly payload: unknown;
}

/** An attempt at a token begins. */
export interface StepStartEvent<Name extends string = string, Payload = unknown> extends EventBase {
  readonly type: "step.start";
  readonly token: number;
  /** The token whose decision routed here, `null` for the first. */
  readonly parent: number | null;
  readonly step: Name;
  readonly attempt: number;
  readonly payload: Payload;
}

/** `log.event(name, data)` of an action or a decision. */
export interface StepLogEvent<Name extends string = string> extends EventBase {
  readonly type: "step.log";
  readonly token: number;
  readonly step: Name;
  readonly attempt: number;
  readonly name: string;
  readonly data: unknown;
}

/** A generator action yielded. */
export interface StepChunkEvent<Name extends string = string, Chunk = unknown> extends EventBase {
  readonly type: "step.chunk";
  readonly token: number;
  readonly step: Name;
  readonly attempt: number;
  readonly value: Chunk;
}

/** A token that a step put into the queue. */
export interface RoutedToken<Name extends string = string> {
  readonly token: number;
  readonly step: Name;
  readonly where: Where;
}

/** A step is done, its decision included. */
export interface StepResultEvent<Name extends string = string, Payload = unknown, Value = unknown> extends EventBase {
  readonly type: "step.result";
  readonly token: number;
  readonly step: Name;
  readonly attempt: number;
  readonly payload: Payload;
  readonly result: Result<Value>;
  /** What the decision put into the queue, in its order. */
  readonly routed: readonly RoutedToken[];
  /** How many tokens wait now. */
  readonly queueLength: number;
  /** From the step's start to the end of its decision, in whole milliseconds of the clock. */
  readonly durationMs: number;
  /** How many of the step's log events the reader was too slow for. */
  readonly droppedLogs: number;
}

/** How a run ended. */
export type RunStatus = "completed" | "failed" | "cancelled";

/** The last event, always. */
export interface RunEndEvent extends EventBase {
  readonly type: "run.end";
  readonly status: RunStatus;
  /** Why it failed or was cancelled, `null` if it completed. */
  readonly error: unknown;
  /** How many steps the run finished. */
  readonly steps: number;
}

/** The events of one step, by its name. */
export type StepEvent<Payloads, Returns, Name> = Name extends string ?
    | StepStartEvent<Name, PayloadOf<Payloads, Name>>
    | StepLogEvent<Name>
    | StepChunkEvent<Name, StepChunk<Payloads, Returns, Name>>
    | StepResultEvent<Name, PayloadOf<Payloads, Name>, StepValue<Payloads, Returns, Name>>
  : never;

/** Whatever a run tells, in the order in which it happened. */
export type WorkflowEvent<Payloads = Any, Returns = NoReturns> =
  | RunStartEvent
  | StepEvent<Payloads, Returns, EventStepName<Payloads, Returns>>
  | RunEndEvent;
