import { type Clock, LONGEST_TIMER_MS } from "../core/clock.ts";
import { PayloadError } from "../core/errors.ts";
import type { Executor } from "../core/executor.ts";
import type { Result } from "../core/result.ts";
import { retryDelayMs, type RetryPolicy } from "../core/retry_policy.ts";
import type { SchemaResult, StandardSchema } from "../core/standard_schema.ts";
import type { Outcome } from "../core/state.ts";
import type { Step } from "../core/step.ts";
import type { Route, Token } from "../core/token.ts";
import { Attempt } from "./attempt.ts";
import { toInput } from "./check_input.ts";
import { Deadline } from "./deadline.ts";
import type { DecisionLine } from "./decision_line.ts";
import { drainGenerator, isGenerator } from "./generator_action.ts";
import type { RegisteredStep } from "./registered_step.ts";
import { Routes } from "./routes.ts";
import type { RunContext } from "./run_context.ts";
import { isThenable } from "./thenable.ts";

/** What a step is performed by: the run's loop, or whatever hosts it. */
export interface StepHost {
  readonly clock: Clock;
  readonly executor: Executor;
  readonly steps: ReadonlyMap<string, RegisteredStep>;
  /** True while somebody waits for an event, unless nothing is to begin any more. */
  readonly canBeginAgain: boolean;
  /** Settles when somebody asks for an event, or when the run ends. */
  demand(): Promise<void>;
  /** What steps get and leave behind. */
  readonly runContext: RunContext;
  /** Where tokens line up whose actions are done. */
  readonly decisions: DecisionLine;
  /** The result as it may be told: one that cannot be stored where it has to be is a failure. */
  toTellable(token: Token, result: Result): Result;
  /**
   * An outcome is there and not applied yet: until then nothing else starts, since it may have put tokens at the head.
   */
  holdStarts(): void;
  /** An outcome that was not there at once, or `null`: nothing came of the token. */
  applyLater(first: Attempt, outcome: Outcome | null): void;
  /** The decision that was to come of the token's action has failed. */
  failLater(first: Attempt, error: unknown): void;
  /** Tells that the attempt failed and how long it takes until the next. */
  tellRetry(failed: Attempt, error: unknown, delayMs: number): void;
  /** Begins the attempt, which is not the first. */
  beginAgain(attempt: Attempt): void;
}

const NO_ROUTES: readonly Route[] = [];
const NOTHING_DONE: Result = { ok: false, value: null, error: null };

/**
 * Runs a step's action, as often as its policy says, and then its decision, and answers what came of them as data.
 * `null` says that the token was dropped meanwhile and nothing came of it. A decision that throws makes this throw:
 * that ends the run.
 *
 * What is synchronous is done in the same call, with no promise in between. What is not is given to the host once it is
 * there, before the promise settles, which never rejects: to wait for an outcome by promises would cost as much as the
 * rest of a step.
 */
export function perform(registered: RegisteredStep, first: Attempt, host: StepHost): Outcome | null | Promise<void> {
  const { step } = registered;
  const begun = begin(step, first, host);
  if (isPromise(begun)) {
    return step.retry === undefined && !isTimed(step)
      ? performOnce(registered, first, host, begun)
      : performLater(registered, first, host, settleInTime(begun, step, first, host.clock));
  }
  if (!begun.ok && step.retry !== undefined) return performLater(registered, first, host, begun);
  const performed = decideInLine(registered, first, host, begun);
  return performed !== null && isPromise(performed) ? handOver(performed, first, host) : performed;
}

/** {@linkcode perform} after a delay, for an attempt that follows one of an earlier process. */
export function performAfter(
  delayMs: number,
  registered: RegisteredStep,
  attempt: Attempt,
  host: StepHost,
): Promise<void> {
  return performLater(registered, attempt, host, tryWhenDue(delayMs, registered.step, attempt, host));
}

async function tryWhenDue(delayMs: number, step: Step, attempt: Attempt, host: StepHost): Promise<Result> {
  if (delayMs > 0) await wait(attempt, delayMs, host.clock);
  while (!host.canBeginAgain && !Attempt.isDropped(attempt)) await host.demand();
  if (Attempt.isDropped(attempt)) return NOTHING_DONE;
  host.beginAgain(attempt);
  return await tryOnce(step, attempt, host);
}

/**
 * For an action with neither a second attempt nor a limit, as most are. On its own, so that `perform` has no variable
 * that a closure keeps: those are slower, at every step.
 */
function performOnce(
  registered: RegisteredStep,
  only: Attempt,
  host: StepHost,
  begun: Promise<unknown>,
): Promise<void> {
  return settle(begun, only, (result) => decideLater(registered, only, only, host, result));
}

/** Tries as often as the step's policy says. Of a token that is dropped meanwhile nothing is decided. */
async function performLater(
  registered: RegisteredStep,
  first: Attempt,
  host: StepHost,
  firstResult: Result | Promise<Result>,
): Promise<void> {
  const { step } = registered;
  let attempt = first;
  let result: Result;
  try {
    result = await firstResult;
    for (let retry = retryOf(step, result, attempt); retry !== null; retry = retryOf(step, result, attempt)) {
      const delayMs = retryDelayMs(retry, result.error, attempt.attempt, host.clock.now());
      // The policy and the error are the user's code too: they may have ended the run.
      if (Attempt.isDropped(attempt)) break;
      Attempt.close(attempt);
      host.tellRetry(attempt, result.error, delayMs);
      await wait(attempt, delayMs, host.clock);
      while (!host.canBeginAgain && !Attempt.isDropped(attempt)) await host.demand();
      if (Attempt.isDropped(attempt)) break;
      attempt = Attempt.follow(attempt, attempt.attempt + 1);
      host.beginAgain(attempt);
      result = await tryOnce(step, attempt, host);
    }
    // One that was stopped by its timeout may still log and write; the decision has a log and a context of its own.
    if (Attempt.isClosed(attempt) && !Attempt.isDropped(attempt)) {
      host.runContext.partContext(Attempt.tokenOf(attempt));
      attempt = Attempt.follow(attempt, attempt.attempt);
    }
  } catch (error) {
    host.failLater(first, error);
    return;
  }
  await decideLater(registered, first, attempt, host, result);
}

/**
 * Decides, and gives the host what came of it in the same call, unless the decision takes its time: of what is decided
 * one after the other nothing may come in another order.
 */
function decideLater(
  registered: RegisteredStep,
  first: Attempt,
  last: Attempt,
  host: StepHost,
  result: Result,
): void | Promise<void> {
  let performed: Outcome | null | Promise<Outcome | null>;
  try {
    performed = decideInLine(registered, last, host, result);
  } catch (error) {
    return host.failLater(first, error);
  }
  return performed !== null && isPromise(performed)
    ? handOver(performed, first, host)
    : host.applyLater(first, performed);
}

async function handOver(performed: Promise<Outcome | null>, first: Attempt, host: StepHost): Promise<void> {
  let outcome: Outcome | null;
  try {
    outcome = await performed;
  } catch (error) {
    host.failLater(first, error);
    return;
  }
  host.applyLater(first, outcome);
}

/** Not by its class: where a tracer has put one of its own in the place of `Promise`, `async` answers the old one. */
function isPromise<Value>(value: object | Promise<Value>): value is Promise<Value> {
  return "then" in value;
}

/** One attempt at the action. It never rejects. */
function tryOnce(step: Step, attempt: Attempt, host: StepHost): Result | Promise<Result> {
  const begun = begin(step, attempt, host);
  return isPromise(begun) ? settleInTime(begun, step, attempt, host.clock) : begun;
}

/**
 * Calls the action. It never throws. What did not finish in the call is a promise, perhaps of a generator: whether an
 * object of the user's is one is looked at only once, since it need not say the same the second time.
 */
function begin(step: Step, attempt: Attempt, host: StepHost): Result | Promise<unknown> {
  try {
    const payload = host.runContext.payloadOf(Attempt.tokenOf(attempt));
    // To tell of the start has asked a clock and, where it is stored, getters of the payload: they may have ended it.
    if (Attempt.isDropped(attempt)) return NOTHING_DONE;
    const returned = step.input === undefined
      ? execute(step, payload, attempt, host)
      : executeChecked(step, step.input, payload, attempt, host);
    const isUnsettled = isThenable(returned) || isGenerator(returned);
    return isUnsettled ? Promise.resolve(returned) : { ok: true, value: returned, error: null };
  } catch (error) {
    return { ok: false, value: null, error };
  }
}

function execute(step: Step, input: unknown, attempt: Attempt, host: StepHost): unknown {
  return (step.executor ?? host.executor).execute(
    step,
    host.runContext.contextOf(Attempt.tokenOf(attempt)),
    input,
    attempt,
    attempt,
  );
}

/** Runs the action on what the step's schema makes of the payload. */
function executeChecked(
  step: Step,
  input: StandardSchema,
  payload: unknown,
  attempt: Attempt,
  host: StepHost,
): unknown {
  const executeOn = (result: SchemaResult<unknown>) =>
    // A schema may take so long that the attempt is over: then nothing starts any more.
    Attempt.isClosed(attempt) ? undefined : execute(step, toInput(step, result), attempt, host);
  const checked = input["~standard"].validate(payload);
  return isThenable(checked) ? checked.then(executeOn) : executeOn(checked);
}

/** Waits for what the action comes to, and answers what `follow` makes of it. */
async function settle<Followed>(
  begun: Promise<unknown>,
  attempt: Attempt,
  follow: (result: Result) => Followed | Promise<Followed>,
): Promise<Followed> {
  let result: Result;
  try {
    // An executor may answer a promise of a generator, so that is looked for after the wait.
    const awaited = await begun;
    const value = isGenerator(awaited) ? await drainGenerator(awaited, attempt) : awaited;
    result = { ok: true, value, error: null };
  } catch (error) {
    result = { ok: false, value: null, error };
  }
  return follow(result);
}

function isTimed({ timeoutMs, idleTimeoutMs }: Step): boolean {
  return timeoutMs !== undefined || idleTimeoutMs !== undefined;
}

/** What the attempt comes to, or its timeout, whichever is first. */
function settleInTime(begun: Promise<unknown>, step: Step, attempt: Attempt, clock: Clock): Promise<Result> {
  const settled = settle(begun, attempt, (result) => result);
  // An action may have ended its own run by now: there is nothing left to time.
  if (!isTimed(step) || Attempt.isClosed(attempt)) return settled;
  return new Promise((resolve) => {
    const expire = (error: unknown) => {
      Attempt.abort(attempt, error);
      resolve({ ok: false, value: null, error });
    };
    const deadline = new Deadline(step, clock, expire);
    Attempt.limit(attempt, deadline);
    settled.then((result) => {
      deadline.stop();
      resolve(result);
    });
  });
}

/** Waits before the next attempt, or until the token is dropped. */
function wait(attempt: Attempt, delayMs: number, clock: Clock): Promise<void> {
  // A clock that was asked for it and getters that were read for the store may have ended the run.
  if (Attempt.isDropped(attempt)) return Promise.resolve();
  return new Promise((resolve) => {
    // What told of the wait may have ended the run.
    if (Attempt.isDropped(attempt)) return resolve();
    const timer = clock.setTimeout(resolve, Math.min(delayMs, LONGEST_TIMER_MS));
    Attempt.wakeBy(attempt, () => {
      clock.clearTimeout(timer);
      resolve();
    });
  });
}

/** The step's policy if the attempt failed and is to be followed by another, else `null`. */
function retryOf({ retry }: Step, { ok, error }: Result, attempt: Attempt): RetryPolicy | null {
  // A payload is not better the second time.
  if (
    ok || Attempt.isDropped(attempt) || retry === undefined || isPayloadError(error) ||
    attempt.attempt >= retry.maxAttempts
  ) return null;
  return retry.when?.(error, attempt.attempt) === false ? null : retry;
}

function isPayloadError(error: unknown): boolean {
  try {
    return error instanceof PayloadError;
  } catch {
    // A proxy that throws at every look, which an action may throw like anything else.
    return false;
  }
}

/** Decides once the decisions before this one are through. */
function decideInLine(
  registered: RegisteredStep,
  attempt: Attempt,
  host: StepHost,
  result: Result,
): Outcome | null | Promise<Outcome | null> {
  if (Attempt.isDropped(attempt)) return null;
  const turn = host.decisions.wait(Attempt.tokenOf(attempt));
  return turn === null
    ? decide(registered, attempt, host, result)
    : decideInTurn(turn, registered, attempt, host, result);
}

async function decideInTurn(
  turn: Promise<void>,
  registered: RegisteredStep,
  attempt: Attempt,
  host: StepHost,
  result: Result,
): Promise<Outcome | null> {
  await turn;
  return Attempt.isDropped(attempt) ? null : await decide(registered, attempt, host, result);
}

function decide(
  { step, resultKey }: RegisteredStep,
  attempt: Attempt,
  host: StepHost,
  performed: Result,
): Outcome | null | Promise<Outcome | null> {
  const token = Attempt.tokenOf(attempt);
  const result = host.toTellable(token, performed);
  const context = host.runContext.contextToDecide(token);
  context[resultKey] = result.value;
  // A getter in what the action has returned, or a setter of the context, may have ended the run.
  if (Attempt.isDropped(attempt)) return null;
  if (step.decision === undefined) return toOutcome(attempt, host, result, NO_ROUTES);

  const routes = new Routes(step, result.value, host.steps);
  let isPending = false;
  try {
    const decided = step.decision(context, result, routes, attempt);
    if (!isThenable(decided)) return toOutcome(attempt, host, result, routes.routed);
    isPending = true;
    host.decisions.hold(token);
    return finish(decided, attempt, host, result, routes);
  } finally {
    if (!isPending) routes.close();
  }
}

async function finish(
  decided: PromiseLike<unknown>,
  attempt: Attempt,
  host: StepHost,
  result: Result,
  routes: Routes,
): Promise<Outcome | null> {
  try {
    await decided;
    return toOutcome(attempt, host, result, routes.routed);
  } finally {
    routes.close();
  }
}

function toOutcome(attempt: Attempt, host: StepHost, result: Result, routed: readonly Route[]): Outcome | null {
  if (Attempt.isDropped(attempt)) return null;
  Attempt.close(attempt);
  host.holdStarts();
  return { token: Attempt.tokenOf(attempt), attempts: attempt.attempt, result, routed };
}
