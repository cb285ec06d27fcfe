import type { Any, EventStepName, NoReturns, PayloadOf, StepChunk, StepName, StepValue } from "./inference.ts";
import type { Result } from "./result.ts";
import type { Where } from "./token.ts";

/** What every event has. */
export interface EventBase {
  /** The place in the run's one sequence of events: 1, 2, 3 … with none left out. */
  readonly seq: number;
  /** The run it belongs to. */
  readonly runId: string;
  /**
   * When it happened, in epoch milliseconds. In a long chain of synchronous steps one reading of the clock may serve
   * for the end of a step and the start of the next.
   */
  readonly at: number;
}

/** The first event: what was asked for. */
export interface RunStartEvent extends EventBase {
  /** Tells the kinds of events apart. */
  readonly type: "run.start";
  /** The workflow's name. */
  readonly workflow: string;
  /** The workflow's version. */
  readonly version: string;
  /** The step the run starts at. */
  readonly start: string;
  /** The payload of the first token. */
  readonly payload: unknown;
}

/** What every event of a step has. */
export interface StepEventBase<Name extends string = string> extends EventBase {
  /** The id of the token at work. */
  readonly token: number;
  /** The step's name. */
  readonly step: Name;
  /** Counts the tries of the token from 1. */
  readonly attempt: number;
  /** The steps around it, outermost first, if it is a step of a workflow inside the workflow; else it is not there. */
  readonly path?: readonly string[];
}

/** An attempt at a token begins. */
export interface StepStartEvent<Name extends string = string, Payload = unknown> extends StepEventBase<Name> {
  /** Tells the kinds of events apart. */
  readonly type: "step.start";
  /** The token whose decision routed here, `null` for the first. */
  readonly parent: number | null;
  /** The token's payload. */
  readonly payload: Payload;
}

/** `log.event(name, data)` of an action or a decision. */
export interface StepLogEvent<Name extends string = string> extends StepEventBase<Name> {
  /** Tells the kinds of events apart. */
  readonly type: "step.log";
  /**
   * What happened, in a word. `logger.failed` comes from the engine: a logger threw, as `data.error` tells. It comes
   * once a run, at once, or when an asynchronous sink has failed.
   */
  readonly name: string;
  /** Whatever was logged with it. */
  readonly data: unknown;
}

/** A generator action yielded. */
export interface StepChunkEvent<Name extends string = string, Chunk = unknown> extends StepEventBase<Name> {
  /** Tells the kinds of events apart. */
  readonly type: "step.chunk";
  /** What was yielded. */
  readonly value: Chunk;
}

/** An attempt failed and there will be another; the chunks of the failed one are void. */
export interface StepRetryEvent<Name extends string = string> extends StepEventBase<Name> {
  /** Tells the kinds of events apart. */
  readonly type: "step.retry";
  /** What the action threw. */
  readonly error: unknown;
  /** How long until the next attempt, in ms. */
  readonly delayMs: number;
}

/** A token that a step put into the queue. */
export interface RoutedToken<Name extends string = string> {
  /** The id the token got. */
  readonly token: number;
  /** The step it is for. */
  readonly step: Name;
  /** The end of the queue it was put at. */
  readonly where: Where;
}

/** A step is done, its decision included. */
export interface StepResultEvent<Name extends string = string, Payload = unknown, Value = unknown>
  extends StepEventBase<Name> {
  /** Tells the kinds of events apart. */
  readonly type: "step.result";
  /** The token's payload. */
  readonly payload: Payload;
  /** What the action came to. */
  readonly result: Result<Value>;
  /** What the decision put into the queue, in its order. */
  readonly routed: readonly RoutedToken[];
  /** How many tokens wait now. */
  readonly queueLength: number;
  /** From the start of the last attempt to the end of the decision, in whole milliseconds of the clock. */
  readonly durationMs: number;
  /** How many of the step's log events the reader was too slow for. */
  readonly droppedLogs: number;
}

/** A stored run is left for later: nobody works on it until somebody resumes it. What was at work is void. */
export interface RunSuspendEvent extends EventBase {
  /** Tells the kinds of events apart. */
  readonly type: "run.suspend";
  /** Why it was left, in a word or a sentence. */
  readonly reason: string;
  /** When it is due again, in epoch ms, `null` for as soon as somebody can. */
  readonly until: number | null;
}

/**
 * Somebody has taken a stored run over and goes on with it. What was at work then is void and starts anew, under the
 * same tokens and attempts.
 */
export interface RunResumeEvent extends EventBase {
  /** Tells the kinds of events apart. */
  readonly type: "run.resume";
  /** The `seq` of the last event before the run was taken over. */
  readonly from: number;
}

/** How a run ended. */
export type RunStatus = "completed" | "failed" | "cancelled";

/** The last event, always. */
export interface RunEndEvent extends EventBase {
  /** Tells the kinds of events apart. */
  readonly type: "run.end";
  /** How it ended. */
  readonly status: RunStatus;
  /** Why it failed or was cancelled, `null` if it completed. */
  readonly error: unknown;
  /** How many steps the run finished. */
  readonly steps: number;
}

/** The events of one step, by its name. */
export type StepEvent<Payloads, Returns, Name> = Name extends StepName<Payloads> ?
    | StepStartEvent<Name, PayloadOf<Payloads, Name>>
    | StepLogEvent<Name>
    | StepChunkEvent<Name, StepChunk<Payloads, Returns, Name>>
    | StepRetryEvent<Name>
    | StepResultEvent<Name, PayloadOf<Payloads, Name>, StepValue<Payloads, Returns, Name>>
  : never;

/** Whatever a run tells, in the order in which it happened. */
export type WorkflowEvent<Payloads = Any, Returns = NoReturns> =
  | RunStartEvent
  | StepEvent<Payloads, Returns, EventStepName<Payloads>>
  | RunSuspendEvent
  | RunResumeEvent
  | RunEndEvent;
