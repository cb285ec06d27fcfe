import type { Executor } from "../core/executor.ts";
import type { Result } from "../core/result.ts";
import type { Outcome } from "../core/state.ts";
import type { Route, Token } from "../core/token.ts";
import { Attempt } from "./attempt.ts";
import { drainGenerator, isGenerator } from "./generator_action.ts";
import type { RegisteredStep } from "./registered_step.ts";
import { Routes } from "./routes.ts";
import { isThenable } from "./thenable.ts";

const NO_ROUTES: readonly Route[] = [];

/**
 * Runs a step's action and then its decision, and answers what came of them as data. `null` says that the attempt was
 * closed meanwhile and nothing came of it. A decision that throws makes this throw (or reject): that ends the run.
 *
 * What is synchronous is done in the same call, with no promise in between.
 */
export function perform(
  registered: RegisteredStep,
  token: Token,
  context: Record<string, unknown>,
  executor: Executor,
  attempt: Attempt,
): Outcome | null | Promise<Outcome | null> {
  let result: Result;
  try {
    const returned = executor.execute(registered.step, context, token.payload, attempt, attempt);
    if (isThenable(returned) || isGenerator(returned)) {
      return settle(returned, attempt).then((settled) => decide(registered, token, context, settled, attempt));
    }
    result = { ok: true, value: returned, error: null };
  } catch (error) {
    result = { ok: false, value: null, error };
  }
  return decide(registered, token, context, result, attempt);
}

async function settle(returned: unknown, attempt: Attempt): Promise<Result> {
  try {
    // An executor may answer a promise of a generator, so the look for one comes after the wait.
    const awaited = await returned;
    const value = isGenerator(awaited) ? await drainGenerator(awaited, attempt) : awaited;
    return { ok: true, value, error: null };
  } catch (error) {
    return { ok: false, value: null, error };
  }
}

function decide(
  registered: RegisteredStep,
  token: Token,
  context: Record<string, unknown>,
  result: Result,
  attempt: Attempt,
): Outcome | null | Promise<Outcome | null> {
  if (attempt.isClosed) return null;
  context[registered.resultKey] = result.value;
  const { step } = registered;
  if (step.decision === undefined) return toOutcome(token, result, NO_ROUTES, attempt);

  const routes = new Routes(step, result.value);
  let isPending = false;
  try {
    const decided = step.decision(context, result, routes, attempt);
    if (!isThenable(decided)) return attempt.isClosed ? null : toOutcome(token, result, routes.routed, attempt);
    isPending = true;
    return decideLater(decided, token, result, routes, attempt);
  } finally {
    if (!isPending) routes.close();
  }
}

async function decideLater(
  decided: PromiseLike<unknown>,
  token: Token,
  result: Result,
  routes: Routes,
  attempt: Attempt,
): Promise<Outcome | null> {
  try {
    await decided;
    return attempt.isClosed ? null : toOutcome(token, result, routes.routed, attempt);
  } finally {
    routes.close();
  }
}

function toOutcome(token: Token, result: Result, routed: readonly Route[], attempt: Attempt): Outcome {
  Attempt.close(attempt);
  return { token, attempts: attempt.attempt, result, routed };
}
