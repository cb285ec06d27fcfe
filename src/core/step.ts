import type { Executor } from "./executor.ts";
import type { Any, PayloadOf, RoutedPayloads, StepName, StepTaking, TakingResults, ValueOf } from "./inference.ts";
import type { Result } from "./result.ts";
import type { RetryPolicy } from "./retry_policy.ts";
import type { StandardSchema } from "./standard_schema.ts";
import type { StepLogHelper } from "./step_logger.ts";
import type { GroupMode } from "./token.ts";

/** What an action may know of the run around it. */
export interface StepScope {
  /** The run the step belongs to. */
  readonly runId: string;
  /** The id of the token at work, as in the events. */
  readonly token: number;
  /** Counts the tries of this token from 1. */
  readonly attempt: number;
  /**
   * Aborts when the run is cancelled, the attempt took too long or its `fail-fast` group stopped: pass it on to `fetch`
   * and the like.
   */
  readonly signal: AbortSignal;
  /** The same for every attempt at this token, on every machine: for services that must not act twice. */
  readonly idempotencyKey: string;
  /** Shows that the action is alive, for the step's `idleTimeoutMs`. A log event or a chunk shows it too. */
  heartbeat(): void;
}

/** Does a step's work: a plain, async, generator or async generator function. */
export type Action<Payload = Any, Context = Any, Returned = Any> = (
  ctx: Context,
  payload: Payload,
  log: StepLogHelper,
  scope: StepScope,
) => Returned;

/**
 * Says what comes after a step. It may be async; what it returns is not used. One that throws ends the run as failed,
 * and its step has no `step.result`.
 */
export type Decision<Payloads = Any, Context = Any, Value = Any> = (
  ctx: Context,
  result: Result<Value>,
  enqueue: Enqueue<Payloads, Value>,
  log: StepLogHelper,
) => unknown;

/**
 * Exists only in types: the steps that take the result's value as their payload. It is a property of its own so that
 * the compiler works it out only where a routing helper meets an `enqueue`, not at every decision.
 */
export interface Taking<Name extends string> {
  /** Never there. */
  readonly "~takes"?: (step: Name) => void;
}

/**
 * Puts tokens into the run's queue, for as long as the decision it was given to has not settled.
 */
export interface Enqueue<Payloads = Any, Value = Any> {
  /** Puts a token before all that waits. Without a payload, or with `undefined`, the result's value is the payload. */
  head<Name extends StepName<Payloads>>(step: Name, ...payload: RoutePayload<PayloadOf<Payloads, Name>, Value>): void;
  /** Puts a token after all that waits. Without a payload, or with `undefined`, the result's value is the payload. */
  tail<Name extends StepName<Payloads>>(step: Name, ...payload: RoutePayload<PayloadOf<Payloads, Name>, Value>): void;
  /**
   * Fans out: puts a token for each payload after all that waits. When every one of them, and all that came of them, is
   * finished, one token for `then` follows at the tail. Its payload is the list of their results in the order of the
   * payloads; of a path of several steps it is the last one's. Groups may be made inside groups.
   */
  all<Name extends StepName<Payloads>, Then extends StepName<Payloads>>(
    step: Name,
    payloads: readonly PayloadOf<Payloads, Name>[],
    options: FanOutOptions<TakingResults<Payloads, Then>>,
  ): void;
  /** Never there: see {@linkcode Taking}. */
  readonly "~takes"?: <Name extends StepName<Payloads>>(step: StepTaking<Payloads, Name, Value>) => void;
}

/** What becomes of a fan-out. */
export interface FanOutOptions<Then extends string = string> {
  /** The step that gets the results. */
  readonly then: Then;
  /**
   * `"settle"` waits for all, whatever they come to. `"fail-fast"` stops the group as soon as one path ends in a
   * failure: what waits is dropped, what is at work is aborted, and the result of both is a `GroupFailedError`.
   * Default: `"settle"`.
   */
  readonly mode?: GroupMode | undefined;
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
  Input = PayloadOf<Payloads, Name>,
  Routes extends StepName<Payloads> = StepName<Payloads>,
> {
  /** The name that tokens are routed by. */
  readonly name: Name;
  /**
   * Checks the payload, and may convert it: the action gets what the schema answers. A payload that it refuses makes
   * the step fail with a `PayloadError`, and its action never runs; that of the start step makes the run not start. Any
   * validator of the Standard Schema will do. Default: none.
   */
  readonly input?: StandardSchema<Input> | undefined;
  /** Does the work. What it returns is the step's value; what it throws makes the step fail, not the run. */
  readonly action: Action<NoInfer<Input>, Context, Returned>;
  /** Routes on. Default: the step leads nowhere. */
  readonly decision?:
    | Decision<RoutedPayloads<Payloads, NoInfer<Routes>>, Context, ValueOf<NoInfer<Returned>>>
    | undefined;
  /** Tries a failed action again. Default: it is tried once. */
  readonly retry?: RetryPolicy | undefined;
  /**
   * How long one attempt of an asynchronous action may take, in ms; the time a generator waits for its reader does not
   * count. Default: as long as it likes.
   */
  readonly timeoutMs?: number | undefined;
  /** How long an attempt may go without a log event, a chunk or a heartbeat, in ms. Default: as long as it likes. */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * How many of this step may be at work at once, within the run's own limit; a token that waits for another attempt is
   * at work. A workflow that runs as a step counts for itself. Default: as many as the run allows.
   */
  readonly concurrency?: number | undefined;
  /** Runs this step's action, before the run's and the workflow's executor. */
  readonly executor?: Executor | undefined;
  /**
   * The only steps that the decision may route to: another ends the run with an `UndeclaredRouteError`, and one that
   * the workflow lacks throws when a run starts. Default: any.
   */
  readonly routes?: readonly Routes[] | undefined;
}
