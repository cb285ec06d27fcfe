import type { Result } from "./result.ts";
import type { Route, Token } from "./token.ts";
import { TokenQueue } from "./token_queue.ts";

/** All that a run is, as plain data: enough to go on from. */
export interface RunState {
  /** What is to be done. A token leaves it when its outcome is applied, so one at work is still its head. */
  readonly queue: TokenQueue;
  readonly context: object;
  readonly counters: RunCounters;
}

/** What a run counts. */
export interface RunCounters {
  /** Tokens made so far: the last token's id. */
  readonly tokens: number;
  /** Steps finished so far. */
  readonly steps: number;
}

/** What a step came to, as plain data. What it wrote to the context is there already. */
export interface Outcome {
  readonly token: Token;
  readonly attempts: number;
  readonly result: Result;
  readonly routed: readonly Route[];
}

/** The state of a run before its first step. */
export function initialState(start: string, payload: unknown, context: object): RunState {
  return {
    queue: TokenQueue.empty.withTail({ id: 1, parent: null, step: start, payload }),
    context,
    counters: { tokens: 1, steps: 0 },
  };
}

/**
 * The state once a token has come to its outcome: the token has left the queue, the step is counted, and its routes are
 * tokens in the queue.
 */
export function apply(state: RunState, outcome: Outcome): RunState {
  let { queue } = state;
  let { tokens } = state.counters;
  // By id: an outcome that went through a journal has an equal token, not the same.
  if (queue.head?.id === outcome.token.id) queue = queue.withoutHead();
  for (const { step, payload, where } of outcome.routed) {
    tokens += 1;
    const token: Token = { id: tokens, parent: outcome.token.id, step, payload };
    queue = where === "head" ? queue.withHead(token) : queue.withTail(token);
  }
  return { queue, context: state.context, counters: { tokens, steps: state.counters.steps + 1 } };
}
