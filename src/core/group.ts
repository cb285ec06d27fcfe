import { GroupFailedError } from "./errors.ts";
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
  readonly results: IntMap<Result>;
}

/** The results in the order of the payloads: of each path the last. What was stopped failed because of `cause`. */
export function groupResults({ size, results }: Group, cause: unknown): Result[] {
  return Array.from(
    { length: size },
    (_, index) => results.get(index) ?? { ok: false, value: null, error: new GroupFailedError(cause) },
  );
}
