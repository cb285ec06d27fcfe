import type { RoutedToken } from "./events.ts";
import { type Group, groupResults, withOutcome } from "./group.ts";
import { GroupResults } from "./group_results.ts";
import { IntMap } from "./int_map.ts";
import type { Result } from "./result.ts";
import type { Member, Route, Token } from "./token.ts";
import { TokenQueue } from "./token_queue.ts";
import { TokenRange } from "./token_range.ts";

/** What a run is, as plain data. With the tokens that are at work or held back it is enough to go on from. */
export interface RunState {
  /**
   * What is to be done. A token leaves it when its outcome is applied, or when it is taken to be at work or held back.
   */
  readonly queue: TokenQueue;
  readonly context: object;
  readonly counters: RunCounters;
  /** The groups that are not finished, by id. */
  readonly groups: IntMap<Group | undefined>;
}

/** What a run counts. */
export interface RunCounters {
  /** Tokens made so far: the last token's id. */
  readonly tokens: number;
  /** Steps finished so far. */
  readonly steps: number;
  /** Groups made so far: the last group's id. */
  readonly groups: number;
}

/** What a step came to, as plain data. What it wrote to the context is there already. */
export interface Outcome {
  readonly token: Token;
  readonly attempts: number;
  readonly result: Result;
  readonly routed: readonly Route[];
}

const NOTHING_ROUTED: readonly RoutedToken[] = [];

/** The state of a run before its first step. */
export function initialState(first: Pick<Token, "id" | "parent" | "step" | "payload">, context: object): RunState {
  return {
    queue: TokenQueue.empty.withTail({ ...first, where: "tail", member: null }),
    context,
    counters: { tokens: first.id, steps: 0, groups: 0 },
    groups: IntMap.empty,
  };
}

/**
 * The state once a token has come to its outcome: the token has left the queue, the step is counted, its routes are
 * tokens in the queue, and the group it is in knows.
 */
export function apply(state: RunState, outcome: Outcome): RunState {
  const { token, routed, result } = outcome;
  const { member } = token;
  let { queue, groups } = state;
  let { tokens, groups: lastGroup } = state.counters;
  /** How many tokens of the same group come of this one; a group inside counts as its `then` token. */
  let follow = 0;
  // By id: an outcome that went through a journal has an equal token, not the same.
  if (queue.head?.id === token.id) queue = queue.withoutHead();
  for (const { step, payload, where, fanOut } of routed) {
    follow += 1;
    const firstId = tokens + 1;
    if (fanOut === null) {
      const next: Token = { id: firstId, parent: token.id, step, payload, where, member };
      queue = where === "head" ? queue.withHead(next) : queue.withTail(next);
      tokens += 1;
    } else {
      lastGroup += 1;
      const { size, then, mode } = fanOut;
      const canStop = mode === "fail-fast" || groupOf(groups, member)?.canStop === true;
      groups = groups.with(lastGroup, {
        size,
        then,
        mode,
        member,
        canStop,
        open: size,
        results: GroupResults.of(size),
        splits: IntMap.empty,
      });
      const range = new TokenRange({ firstId, parent: token.id, step, group: lastGroup, payloads: payload });
      queue = queue.withRange(range);
      tokens += size;
    }
  }
  const group = groupOf(groups, member);
  if (member === null) {
    // Most tokens are in no group.
  } else if (group === undefined || !isGroupLive(groups, group.member)) groups = withoutDead(groups, member);
  else {
    const now = withOutcome(group, member, result, follow);
    const isStopped = stopsGroup(state, outcome);
    const isOver = isStopped || now.open === 0;
    groups = groups.with(member.group, isOver ? undefined : now);
    if (isStopped) ({ queue, groups } = withoutStopped(queue, groups));
    if (isOver) {
      tokens += 1;
      const payload = groupResults(now, member.index, result.error);
      const { then: step } = group;
      queue = queue.withTail({ id: tokens, parent: token.id, step, payload, where: "tail", member: group.member });
    }
  }
  const counters = { tokens, steps: state.counters.steps + 1, groups: lastGroup };
  return { queue, context: state.context, counters, groups };
}

/** On its own, so that `apply` has no variable that a closure keeps: those are slower, at every step. */
function withoutStopped(queue: TokenQueue, groups: RunState["groups"]): Pick<RunState, "queue" | "groups"> {
  let left = queue;
  const swept = sweepGroups(groups, (isLive) => {
    left = left.filter(isLive);
  });
  return { queue: left, groups: swept };
}

/** The tokens that an outcome put into the queue, in their order. */
export function routedTokens({ token, routed }: Outcome, before: RunState, after: RunState): readonly RoutedToken[] {
  const last = after.counters.tokens;
  let id = before.counters.tokens;
  if (last === id) return NOTHING_ROUTED;
  const [only] = routed;
  // One route is by far the most common; a literal is cheaper than a list that grows.
  if (last === id + 1 && only !== undefined) return [{ token: last, step: only.step, where: only.where }];
  const tokens: RoutedToken[] = [];
  for (const { step, where, fanOut } of routed) {
    const end = id + (fanOut?.size ?? 1);
    while (id < end) {
      id += 1;
      tokens.push({ token: id, step, where });
    }
  }
  // One more is that of the group which the outcome has finished.
  if (id < last) tokens.push({ token: last, step: groupOf(before.groups, token.member)?.then ?? "", where: "tail" });
  return tokens;
}

/** True if the outcome stops the group that its token is in. */
export function stopsGroup({ groups }: RunState, { token: { member }, result, routed }: Outcome): boolean {
  return !result.ok && routed.length === 0 && groupOf(groups, member)?.mode === "fail-fast" &&
    isGroupLive(groups, member);
}

/** True while all the groups that a place lies in go on. */
export function isGroupLive(groups: RunState["groups"], member: Member | null): boolean {
  let group = groupOf(groups, member);
  let place = member;
  while (place !== null) {
    if (group === undefined) return false;
    if (!group.canStop) return true;
    place = group.member;
    group = groupOf(groups, place);
  }
  return true;
}

/** Lets tokens be sorted out that lie in a group which has stopped, and forgets the groups around them. */
export function sweepGroups(
  groups: RunState["groups"],
  sort: (isLive: (token: Token) => boolean) => void,
): RunState["groups"] {
  let left = groups;
  sort(({ member }) => {
    if (isGroupLive(left, member)) return true;
    left = withoutDead(left, member);
    return false;
  });
  return left;
}

/** Forgets the groups around a place that lie in a group that has stopped. */
function withoutDead(groups: RunState["groups"], member: Member | null): RunState["groups"] {
  let left = groups;
  let place = member;
  for (let group = groupOf(left, place); place !== null && group !== undefined; group = groupOf(left, place)) {
    left = left.with(place.group, undefined);
    place = group.member;
  }
  return left;
}

function groupOf(groups: RunState["groups"], member: Member | null): Group | undefined {
  return member === null ? undefined : groups.get(member.group);
}
