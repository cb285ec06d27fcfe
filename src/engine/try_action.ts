import type { Clock } from "../core/clock.ts";
import type { Result } from "../core/result.ts";
import type { SchemaResult, StandardSchema } from "../core/standard_schema.ts";
import type { Step } from "../core/step.ts";
import { Attempt } from "./attempt.ts";
import { toInput } from "./check_input.ts";
import { Deadline } from "./deadline.ts";
import { drainGenerator, isGenerator } from "./generator_action.ts";
import type { StepHost } from "./step_host.ts";
import { isPromise, isThenable } from "./thenable.ts";

/** What an attempt at a token comes to that was dropped before its action was called. */
export const NOTHING_DONE: Result = { ok: false, value: null, error: null };

/** One attempt at the action. It never rejects. */
export function tryOnce(step: Step, attempt: Attempt, host: StepHost): Result | Promise<Result> {
  const begun = begin(step, attempt, host);
  return isPromise(begun) ? settleInTime(begun, step, attempt, host.clock) : begun;
}

/**
 * Calls the action. It never throws. What did not finish in the call is a promise, perhaps of a generator: whether an
 * object of the user's is one is looked at only once, since it need not say the same the second time.
 */
export function begin(step: Step, attempt: Attempt, host: StepHost): Result | Promise<unknown> {
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
export async function settle<Followed>(
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

/** Whether the step limits how long an attempt takes. */
export function isTimed({ timeoutMs, idleTimeoutMs }: Step): boolean {
  return timeoutMs !== undefined || idleTimeoutMs !== undefined;
}

/** What the attempt comes to, or its timeout, whichever is first. */
export function settleInTime(begun: Promise<unknown>, step: Step, attempt: Attempt, clock: Clock): Promise<Result> {
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
