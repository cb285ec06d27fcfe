import { assertEquals } from "./assert.ts";
import type { RuntimeCase } from "./runtime_case.ts";

/** A case that fails, and what has to be told of it. */
export interface ControlCase extends RuntimeCase {
  readonly words: string;
}

/** Each fails in its own way: a runtime that does not tell so would not tell of a broken promise either. */
export const controlCases: readonly ControlCase[] = [
  {
    name: "control: a difference",
    words: "It is {a: [1, undefined]}, not {a: [1, null]}",
    async run() {
      await Promise.resolve();
      assertEquals({ a: [1, undefined] }, { a: [1, null] });
    },
  },
  {
    name: "control: a rejection that nobody handles",
    words: "Nobody handled the rejection with Error: nobody hears this",
    async run() {
      void Promise.reject(new Error("nobody hears this"));
      await Promise.resolve();
    },
  },
  {
    name: "control: no end",
    words: "It is not done after 50 ms",
    limitMs: 50,
    run: () => new Promise(() => {}),
  },
];
