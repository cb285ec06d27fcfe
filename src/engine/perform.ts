import { type Clock, LONGEST_TIMER_MS } from "../core/clock.ts";
import { PayloadError } from "../core/errors.ts";
import type { Result } from "../core/result.ts";
import { retryDelayMs, type RetryPolicy } from "../core/retry_policy.ts";
import type { Outcome } from "../core/state.ts";
import type { Step } from "../core/step.ts";
import { Attempt } from "./attempt.ts";
import { decideInLine } from "./decide.ts";
import type { RegisteredStep } from "./registered_step.ts";
import type { StepHost } from "./step_host.ts";
import { isPromise } from "./thenable.ts";
import { begin, isTimed, NOTHING_DONE, settle, settleInTime, tryOnce } from "./try_action.ts";

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

/** Waits before the next attempt, or until the token is dropped. */
function wait(attempt: Attempt, delayMs: number, clock: Clock): Promise<void> {
  // A clock that was asked for it and getters that were read for the store may have ended the run.
  if (Attempt.isDropped(attempt)) return Promise.resolve();
  return new Promise((resolve) => {
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
