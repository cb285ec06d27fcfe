/** One unit of work in a run's queue. */
export interface Token {
  /** Counts from 1 in the order in which the run made its tokens. */
  readonly id: number;
  /** The token whose decision put this one into the queue, `null` for the first. */
  readonly parent: number | null;
  readonly step: string;
  readonly payload: unknown;
}

/** The end of the queue a token is put at: `head` is taken next, `tail` after all that waits. */
export type Where = "head" | "tail";

/** A token that a decision asked for and that has no id yet. */
export interface Route {
  readonly step: string;
  readonly payload: unknown;
  readonly where: Where;
}
