/** What a step does: it is given what the one before came to, and answers at once. */
export type Action = (n: number) => number;

/** What a step does that takes its time; the signal is whatever the engine gives to its actions, if it gives one. */
export type Work = (n: number, signal?: AbortSignal) => Promise<number>;

/** Starts one run and answers its events, whatever shape the engine gives them. */
export type Start = () =>
  | AsyncIterable<unknown>
  | Promise<AsyncIterable<unknown>>;

/** What a peer may be unable to do. */
export type Skill =
  | "chain"
  | "chatter"
  | "fanOut"
  | "pool"
  | "waitingChain"
  | "respond";

/**
 * One engine, used as its documentation says. Each method defines a workflow, outside of what is timed, and answers
 * what starts a run of it. A peer leaves out what its engine has no means for, and says so in `lacks`: nothing is
 * emulated.
 */
export interface Peer {
  /** Its name in the tables. */
  readonly name: string;
  /** The package whose version the report tells; none for code written by hand. */
  readonly package?: string;
  /** What its code does, in a line. */
  readonly does: string;
  /** Whether `eventStreamResponse` of the package serves its events; Hono's `streamSSE` does those of the others. */
  readonly hasSse?: boolean;
  /** Why it has no number. */
  readonly lacks?: Partial<Record<Skill, string>>;

  /** Whether the event tells what one step of a chain or one item of a fan-out came to. */
  isResult(event: unknown): boolean;
  /** Whether the event is one that a step tells while it is at work. */
  isLog?(event: unknown): boolean;
  /** Counts from 0 to `steps`, a step for each: the action gets what the step before came to. */
  chain?(steps: number, action: Action): Start;
  /** The same, where each step tells `logs` logs `{ line }` while it is at work. */
  chatter?(steps: number, logs: number, action: Action): Start;
  /** The items 0 … `width - 1`, each a step of its own, and then one step with what all of them came to. */
  fanOut?(
    width: number,
    action: Action,
    merge: (values: readonly number[]) => number,
  ): Start;
  /** The same items at most `concurrency` at a time; answers when all are done. */
  pool?(width: number, concurrency: number, work: Work): () => Promise<unknown>;
  /** A chain of steps that take their time, each of which tells one event when it is at work. */
  waitingChain?(steps: number, work: Work): Start;
}
