import type { Any, EventStepName, NoReturns, PayloadOf, StepChunk, StepName, StepValue } from "./inference.ts";
import type { Result } from "./result.ts";
import type { Where } from "./token.ts";

/** What every event has. */
export interface EventBase {
  /** Its place in the run's sequence of events: 1, 2, 3 … with no gap. */
  readonly seq: number;
  /** The run it belongs to. */
  readonly runId: string;
  /**
   * When it happened, in epoch milliseconds. In a long chain of synchronous steps the end of a step and the start of
   * the next may share one reading of the clock.
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
  /** The number of the attempt at the token, from 1 on. */
  readonly attempt: number;
  /** For a step of an inner workflow, the steps that enclose it, outermost first; otherwise absent. */
  readonly path?: readonly string[];
}

/** An attempt at a token begins. */
export interface StepStartEvent<Name extends string = string, Payload = unknown> extends StepEventBase<Name> {
  /** Tells the kinds of events apart. */
  readonly type: "step.start";
  /** The id of the token whose decision routed here, `null` for the first token. */
  readonly parent: number | null;
  /** The token's payload. */
  readonly payload: Payload;
}

/** `log.event(name, data)` of an action or a decision. */
export interface StepLogEvent<Name extends string = string> extends StepEventBase<Name> {
  /** Tells the kinds of events apart. */
  readonly type: "step.log";
  /**
   * What happened, in a word. `logger.failed` comes from the engine, once per run at most: a logger threw or its sink
   * rejected, with the error in `data.error`.
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

/** A step has finished, including its decision. */
export interface StepResultEvent<Name extends string = string, Payload = unknown, Value = unknown>
  extends StepEventBase<Name> {
  /** Tells the kinds of events apart. */
  readonly type: "step.result";
  /** The token's payload. */
  readonly payload: Payload;
  /** The action's value, or the error of its last attempt. */
  readonly result: Result<Value>;
  /** The tokens that the decision put into the queue, in the order in which it did. */
  readonly routed: readonly RoutedToken[];
  /** How many tokens wait in the queue now. */
  readonly queueLength: number;
  /**
   * The time from the start of the last attempt to the end of the decision, in whole milliseconds; 0 if the clock was
   * set back meanwhile.
   */
  readonly durationMs: number;
  /** How many of the step's log events were dropped because the reader was too slow. */
  readonly droppedLogs: number;
}

/** A stored run is left for later: nobody works on it until somebody resumes it. What was in progress is void. */
export interface RunSuspendEvent extends EventBase {
  /** Tells the kinds of events apart. */
  readonly type: "run.suspend";
  /** Why it was left, in a word or a sentence. */
  readonly reason: string;
  /** When it is due again, in epoch ms, `null` for as soon as somebody can. */
  readonly until: number | null;
}

/**
 * Somebody has taken over a stored run and continues it. What was in progress is void and starts anew, with the same
 * tokens and attempts.
 */
export interface RunResumeEvent extends EventBase {
  /** Tells the kinds of events apart. */
  readonly type: "run.resume";
  /** The `seq` of the last event before the run was taken over. */
  readonly from: number;
}

/** How a run ended. */
export type RunStatus = "completed" | "failed" | "cancelled";

/** The last event of a run. There is exactly one. */
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

/** Any event of a run. */
export type WorkflowEvent<Payloads = Any, Returns = NoReturns> =
  | RunStartEvent
  | StepEvent<Payloads, Returns, EventStepName<Payloads>>
  | RunSuspendEvent
  | RunResumeEvent
  | RunEndEvent;
