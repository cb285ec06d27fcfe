import { describeError, isDescribed } from "./describe_error.ts";
import { GroupFailedError } from "./errors.ts";
import type { GroupResults } from "./group_results.ts";
import type { Result } from "./result.ts";
import type { FanOut, Member } from "./token.ts";

/** The tokens of one fan-out, from when they are routed until all that came of them is finished. Immutable. */
export interface Group extends FanOut {
  /** The place that its `then` token has in a group around it. */
  readonly member: Member | null;
  /** Whether it, or a group around it, may stop before its end. */
  readonly canStop: boolean;
  /** How many tokens, waiting or at work, it is made of now; a group inside it counts as one. */
  readonly open: number;
  /** By the place of the item, the result of the last token that led nowhere. */
  readonly results: GroupResults;
}

/**
 * The results in the order of the payloads: of each path the last. What was stopped failed because of `cause`; where
 * that is described already, as in a store, so is what was stopped.
 */
export function groupResults({ results }: Group, cause: unknown): Result[] {
  return results.toList(() => stopped(cause));
}

function stopped(cause: unknown): Result {
  const error = new GroupFailedError(cause);
  return { ok: false, value: null, error: isDescribed(cause) ? describeError(error) : error };
}
