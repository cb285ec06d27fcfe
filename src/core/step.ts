import type { Executor } from "./executor.ts";
import type { Any, PayloadOf, StepName, StepTaking, ValueOf } from "./inference.ts";
import type { Result } from "./result.ts";
import type { StepLogHelper } from "./step_logger.ts";

/** What an action may know of the run around it. */
export interface StepScope {
  /** The run the step belongs to. */
  readonly runId: string;
  /** The id of the token at work, as in the events. */
  readonly token: number;
  /** Counts the tries of this token from 1. */
  readonly attempt: number;
  /** Aborts when the run is cancelled before the step is done: pass it on to `fetch` and the like. */
  readonly signal: AbortSignal;
  /** The same for every attempt at this token, on every machine: for services that must not act twice. */
  readonly idempotencyKey: string;
}

/** Does a step's work: a plain, async, generator or async generator function. */
export type Action<Payload = Any, Context = Any, Returned = Any> = (
  ctx: Context,
  payload: Payload,
  log: StepLogHelper,
  scope: StepScope,
) => Returned;

/**
 * Says what comes after a step. It may be async; what it returns is not used. One that throws ends the run as failed, and
 * its step has no `step.result`.
 */
export type Decision<Payloads = Any, Context = Any, Value = Any> = (
  ctx: Context,
  result: Result<Value>,
  enqueue: Enqueue<Payloads, Value>,
  log: StepLogHelper,
) => unknown;

/**
 * Exists only in types: the steps that take the result's value as their payload. It is a property of its own so that the
 * compiler works it out only where a routing helper meets an `enqueue`, not at every decision.
 */
export interface Taking<Name extends string> {
  /** Never there. */
  readonly "~takes"?: (step: Name) => void;
}

/**
 * Puts tokens into the run's queue, for as long as the decision it was given to has not settled. Call the methods as such:
 * `enqueue.tail(…)`.
 */
export interface Enqueue<Payloads = Any, Value = Any> {
  /** Puts a token before all that waits. Without a payload, or with `undefined`, the result's value is the payload. */
  head<Name extends StepName<Payloads>>(step: Name, ...payload: RoutePayload<PayloadOf<Payloads, Name>, Value>): void;
  /** Puts a token after all that waits. Without a payload, or with `undefined`, the result's value is the payload. */
  tail<Name extends StepName<Payloads>>(step: Name, ...payload: RoutePayload<PayloadOf<Payloads, Name>, Value>): void;
  /** Never there: see {@linkcode Taking}. */
  readonly "~takes"?: <Name extends StepName<Payloads>>(step: StepTaking<Payloads, Name, Value>) => void;
}

/** A payload may be left out where the result's value fits in its place. That of a failed step is `null`. */
export type RoutePayload<Payload, Value> = [Value] extends [Payload] ? [payload?: Payload]
  : [payload: Exclude<Payload, undefined>];

/** A named unit of a workflow. */
export interface Step<
  Payloads = Any,
  Context = Any,
  Name extends StepName<Payloads> = StepName<Payloads>,
  Returned = Any,
> {
  /** The name that tokens are routed by. */
  readonly name: Name;
  /** Does the work. What it returns is the step's value; what it throws makes the step fail, not the run. */
  readonly action: Action<PayloadOf<Payloads, Name>, Context, Returned>;
  /** Routes on. Default: the step leads nowhere. */
  readonly decision?: Decision<Payloads, Context, ValueOf<NoInfer<Returned>>> | undefined;
  /** Runs this step's action, before the run's and the workflow's executor. */
  readonly executor?: Executor | undefined;
  /**
   * The only steps that the decision may route to: another ends the run with an `UndeclaredRouteError`, and one that the
   * workflow lacks throws when a run starts. Default: any.
   */
  readonly routes?: readonly StepName<Payloads>[] | undefined;
}
