import type { Outcome } from "../core/state.ts";
import type { Token } from "../core/token.ts";

/** What a run's steps get and what they leave behind: the very objects, or what a store will give back of them. */
export interface RunContext {
  /** The context as it is now, as a whole. */
  readonly whole: Record<string, unknown>;
  /** The context that the token's action works on. */
  contextOf(token: Token): Record<string, unknown>;
  /** The same, when the action is done: what it has only looked at is as others have left it. */
  contextToDecide(token: Token): Record<string, unknown>;
  /**
   * The action may still be at work though its time is over: what it does to the context from now on does not count.
   */
  partContext(token: Token): void;
  /** What the action gets of the token's payload. */
  payloadOf(token: Token): unknown;
  /** What the token has changed in the context does not count: it was stopped from outside. */
  forgetChanges(token: Token): void;
  /**
   * Takes in what a token came to, and answers it as it goes on from here; `null` if a getter in it has ended the run.
   *
   * @throws {SerializationError | ContextConflictError} If it cannot be stored.
   */
  record(outcome: Outcome): Outcome | null;
}

/** A context that nobody stores: all steps share one object, and everything stays what it is. */
export class SharedContext implements RunContext {
  readonly whole: Record<string, unknown>;

  constructor(context: Record<string, unknown>) {
    this.whole = context;
  }

  contextOf(): Record<string, unknown> {
    return this.whole;
  }

  partContext(): void {
    // What is done to an object is done.
  }

  contextToDecide(): Record<string, unknown> {
    return this.whole;
  }

  payloadOf({ payload }: Token): unknown {
    return payload;
  }

  forgetChanges(): void {
    // What is done to an object is done.
  }

  record(outcome: Outcome): Outcome {
    return outcome;
  }
}
