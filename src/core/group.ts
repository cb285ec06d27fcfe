import { describeError, isDescribed } from "./describe_error.ts";
import { GroupFailedError } from "./errors.ts";
import type { GroupResults } from "./group_results.ts";
import type { IntMap } from "./int_map.ts";
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
  /** By the place of an item whose path has split, how many tokens of it wait or are at work. */
  readonly splits: IntMap<number | undefined>;
}

/** The group once a token of it has come to its outcome, and `follow` tokens of it have come of that. */
export function withOutcome(group: Group, { index }: Member, result: Result, follow: number): Group {
  const { size, then, mode, member, canStop, open, results, splits } = group;
  const before = splits.get(index);
  const left = (before ?? 1) - 1 + follow;
  const isSplit = left > 1 || (before !== undefined && left > 0);
  // Written out: a spread with fields after it takes longer than all the rest.
  return {
    size,
    then,
    mode,
    member,
    canStop,
    open: open - 1 + follow,
    results: follow === 0 ? results.with(index, result) : results,
    // Most paths never split.
    splits: isSplit || before !== undefined ? splits.with(index, isSplit ? left : undefined) : splits,
  };
}

/**
 * The results in the order of the payloads: of each path the last. What was stopped failed because of `cause`, also
 * where a part of its path had come to its end; where the cause is described already, as in a store, so is that.
 */
export function groupResults({ results, splits }: Group, failed: number, cause: unknown): Result[] {
  const list = results.toList(() => stopped(cause));
  for (const [index] of splits.toJSON()) if (index !== failed) list[index] = stopped(cause);
  return list;
}

function stopped(cause: unknown): Result {
  const error = new GroupFailedError(cause);
  return { ok: false, value: null, error: isDescribed(cause) ? describeError(error) : error };
}
