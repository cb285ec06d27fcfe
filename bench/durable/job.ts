/** What a step leaves behind. */
export interface StepValue {
  readonly index: number;
  readonly note: string;
}

/** The one job that every engine does: so many steps, one after the other, each with a small value that is kept. */
export interface Job {
  readonly runId: string;
  readonly steps: number;
}

/** Does a step's work: nothing but to tell that it was done. */
export type Act = (index: number) => StepValue;

/** The value of a step. */
export function toValue(index: number): StepValue {
  return { index, note: "one small result" };
}

/** Holds an engine to its answer: the value of the last step. */
export function assertLast({ runId, steps }: Job, value: unknown): void {
  const expected = JSON.stringify(toValue(steps - 1));
  const actual = JSON.stringify(value);
  if (actual !== expected) {
    throw new Error(
      `Cannot count run ${runId}, because it ended with ${actual}, not ${expected}`,
    );
  }
}
