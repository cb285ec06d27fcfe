/** One unit of work in a run's queue. */
export interface Token {
  /** Its number, counted from 1 in the order in which the run made its tokens. */
  readonly id: number;
  /** The token whose decision put this one into the queue, `null` for the first. */
  readonly parent: number | null;
  /** The step it is for. */
  readonly step: string;
  /** What the step gets. */
  readonly payload: unknown;
  /** The end of the queue it was put at. */
  readonly where: Where;
  /** Its place in the group that waits for it, `null` for none. */
  readonly member: Member | null;
}

/** A place in a group. */
export interface Member {
  /** The group's id. */
  readonly group: number;
  /** The place of the item among the group's payloads. */
  readonly index: number;
}

/** The end of the queue a token is put at: `head` is taken next, `tail` after all that wait. */
export type Where = "head" | "tail";

/** What becomes of a group when a path in it ends in a failure: it goes on, or it stops at once. */
export type GroupMode = "settle" | "fail-fast";

/** What a decision asked for and has no id yet: a token, or a group of them. */
export type Route = TokenRoute | GroupRoute;

/** A token that a decision asked for. */
export interface TokenRoute {
  readonly step: string;
  readonly payload: unknown;
  readonly where: Where;
  readonly fanOut: null;
}

/** The tokens of a group, all for one step. */
export interface GroupRoute {
  readonly step: string;
  /** One for each token. */
  readonly payload: readonly unknown[];
  readonly where: "tail";
  readonly fanOut: FanOut;
}

/** A group of tokens that a decision asked for. */
export interface FanOut {
  /** How many items it has. */
  readonly size: number;
  /** The step that gets their results. */
  readonly then: string;
  readonly mode: GroupMode;
}

/** True if the first comes before the second in a queue that holds both. */
export function isBefore(first: Token, second: Token): boolean {
  if (first.where !== second.where) return first.where === "head";
  // What was put at the head last is taken first.
  return first.where === "head" ? first.id > second.id : first.id < second.id;
}
