import type { Peer, Skill } from "../contract.ts";

/** What a contestant came to in one process, by metric; a text says why there is no number. */
export type Measured = Readonly<Record<string, number | string>>;

/** How a number is told and compared: of what is told a second more is better, of all else less. */
export interface Metric {
  readonly title: string;
  readonly unit: "/s" | "ms" | "µs" | "MB" | "KB" | "actions" | "× raw" | "yes or no";
  /** Whether it is a difference, which may be nought or less: a ratio of two says nothing. */
  readonly isDifference?: true;
}

/** How much work an item is; `tiny` is for a test that it still works. */
export interface Size {
  readonly count: number;
  /** How long to warm up and to measure, in ms; 0 is one call. */
  readonly warmUpMs: number;
  readonly budgetMs: number;
}

/** One piece of work that every peer does in its own way, in a fresh process. */
export interface Item {
  readonly name: string;
  readonly metrics: Readonly<Record<string, Metric>>;
  /** What a peer must be able to do. */
  readonly skill: Skill;
  readonly full: Size;
  readonly tiny: Size;
  /** After how long a process is stopped, in ms. */
  readonly limitMs: number;
  measure(peer: Peer, size: Size): Promise<Measured>;
  /** The same work without any engine, told beside the peers. */
  readonly reference?: {
    readonly name: string;
    measure(size: Size): Promise<Measured>;
  };
}

/** Throws unless the peer has done what was asked for: a wrong answer has no speed. */
export function assertSame(
  what: string,
  actual: number,
  expected: number,
): void {
  if (actual !== expected) {
    throw new Error(
      `Cannot count a run with ${actual} ${what}: there should be ${expected}`,
    );
  }
}
