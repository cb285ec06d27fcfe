import type { Executor } from "./executor.ts";
import type { Any, PayloadOf, RoutedPayloads, StepName, StepTaking, TakingResults, ValueOf } from "./inference.ts";
import type { Result } from "./result.ts";
import type { RetryPolicy } from "./retry_policy.ts";
import type { StandardSchema } from "./standard_schema.ts";
import type { StepLogHelper } from "./step_logger.ts";
import type { GroupMode } from "./token.ts";

/** What an action can learn about its run. */
export interface StepScope {
  /** The id of the run that the step belongs to. */
  readonly runId: string;
  /** The id of the token at work, as in the events. */
  readonly token: number;
  /** The number of this attempt at the token, from 1 on. */
  readonly attempt: number;
  /**
   * Aborts when the run ends early, the attempt takes too long or its `fail-fast` group stops: pass it on to `fetch`
   * and the like.
   */
  readonly signal: AbortSignal;
  /** The same for every attempt at this token, on every machine: give it to services that must not act twice. */
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
 * Says what comes after a step. It may be async; its return value is ignored. If it throws, the run ends as failed, and
 * the step has no `step.result`.
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
 * Puts tokens into the run's queue. Its methods throw a `TypeError` once the decision that they were given to has
 * settled, and an `UndeclaredRouteError` for a step that `routes` does not declare. A token for a step that the
 * workflow lacks ends the run as failed, with an `UnknownStepError`, when its turn comes.
 */
export interface Enqueue<Payloads = Any, Value = Any> {
  /** Puts a token first in the queue. Without a payload, or with `undefined`, the payload is the result's value. */
  head<Name extends StepName<Payloads>>(step: Name, ...payload: RoutePayload<PayloadOf<Payloads, Name>, Value>): void;
  /** Puts a token last in the queue. Without a payload, or with `undefined`, the payload is the result's value. */
  tail<Name extends StepName<Payloads>>(step: Name, ...payload: RoutePayload<PayloadOf<Payloads, Name>, Value>): void;
  /**
   * Fans out: puts a token for each payload last in the queue. When all of them, and everything that came of them, are
   * finished, one token for `then` follows at the tail. Its payload is the list of their results, in the order of the
   * payloads; where an item led through several steps, it is the last step's result. With no payloads, `then` gets an
   * empty list. Groups may be nested.
   *
   * @throws {UnknownStepError} If the workflow lacks one of the steps.
   * @throws {TypeError | RangeError} If the payloads are no array, or `mode` is neither word.
   */
  all<Name extends StepName<Payloads>, Then extends StepName<Payloads>>(
    step: Name,
    payloads: readonly PayloadOf<Payloads, Name>[],
    options: FanOutOptions<TakingResults<Payloads, Then>>,
  ): void;
  /** Never there: see {@linkcode Taking}. */
  readonly "~takes"?: <Name extends StepName<Payloads>>(step: StepTaking<Payloads, Name, Value>) => void;
}

/** How a fan-out ends. */
export interface FanOutOptions<Then extends string = string> {
  /** The step that gets the results. */
  readonly then: Then;
  /**
   * `"settle"` waits for all items, whether they succeed or fail. `"fail-fast"` stops the group as soon as one path
   * ends in a failure: tokens that wait are dropped, actions in progress are aborted, and the result of both is a
   * `GroupFailedError`.
   * Default: `"settle"`.
   */
  readonly mode?: GroupMode | undefined;
}

/** The payload of a route: it may be left out where the result's value fits. The value of a failed step is `null`. */
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
   * Checks the payload, and may convert it: the action gets the schema's output. If the schema refuses a payload, the
   * step fails with a `PayloadError` and its action does not run; a refused start payload starts no run. Any Standard
   * Schema validator will do. Default: none.
   */
  readonly input?: StandardSchema<Input> | undefined;
  /** Does the work. What it returns is the step's value; if it throws, the step fails, but not the run. */
  readonly action: Action<NoInfer<Input>, Context, Returned>;
  /** Says what comes next. Default: nothing does. */
  readonly decision?:
    | Decision<RoutedPayloads<Payloads, NoInfer<Routes>>, Context, ValueOf<NoInfer<Returned>>>
    | undefined;
  /** When and how often to retry a failed action. Default: never. */
  readonly retry?: RetryPolicy | undefined;
  /**
   * How long one attempt of an asynchronous action may take, in ms; after that it fails with a `StepTimeoutError`. The
   * time a generator waits for its reader does not count. Default: no limit.
   */
  readonly timeoutMs?: number | undefined;
  /** How long an attempt may go without a log event, a chunk or a heartbeat, in ms. Default: no limit. */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * How many actions of this step may run at once, within the run's own limit. A token that waits for its next attempt
   * counts. A workflow that runs as a step counts on its own. Default: as many as the run allows.
   */
  readonly concurrency?: number | undefined;
  /** Runs this step's action. Default: the run's executor, or else the workflow's. */
  readonly executor?: Executor | undefined;
  /**
   * The only steps that the decision may route to. Any other route ends the run with an `UndeclaredRouteError`; a name
   * that the workflow lacks throws an `UnknownStepError` when a run starts. Default: any step.
   */
  readonly routes?: readonly Routes[] | undefined;
}
