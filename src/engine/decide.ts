import type { Result } from "../core/result.ts";
import type { Outcome } from "../core/state.ts";
import type { Route } from "../core/token.ts";
import { Attempt } from "./attempt.ts";
import type { RegisteredStep } from "./registered_step.ts";
import { Routes } from "./routes.ts";
import type { StepHost } from "./step_host.ts";
import { isThenable } from "./thenable.ts";

const NO_ROUTES: readonly Route[] = [];

/** Decides once the decisions before this one are through. */
export function decideInLine(
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
