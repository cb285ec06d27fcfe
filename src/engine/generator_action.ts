import { Attempt } from "./attempt.ts";
import { isThenable } from "./thenable.ts";

/** A generator object, sync or async. */
export type AnyGenerator = Generator<unknown, unknown, undefined> | AsyncGenerator<unknown, unknown, undefined>;

/**
 * True for what a generator function returns. The tag tells it from other iterators, such as a map's `values()`, which
 * are values like any other.
 */
export function isGenerator(value: unknown): value is AnyGenerator {
  if (typeof value !== "object" || value === null || !(Symbol.toStringTag in value)) return false;
  const tag = value[Symbol.toStringTag];
  return tag === "Generator" || tag === "AsyncGenerator";
}

/** Tells what the generator yields as chunks, each pulled only when somebody wants it, and answers what it returns. */
export async function drainGenerator(generator: AnyGenerator, attempt: Attempt): Promise<unknown> {
  let isDone = false;
  try {
    while (true) {
      for (let demand = Attempt.demand(attempt); demand !== null; demand = Attempt.demand(attempt)) await demand;
      if (Attempt.isClosed(attempt)) return undefined;
      const rest = Attempt.rest(attempt);
      if (rest !== null) {
        await rest;
        continue;
      }
      const pulled = generator.next();
      const { done, value } = isThenable(pulled) ? await pulled : pulled;
      if (done) {
        isDone = true;
        return await value;
      }
      Attempt.chunk(attempt, isThenable(value) ? await value : value);
    }
  } finally {
    // Lets the generator's own `finally` run where it was left in the middle.
    if (!isDone) await generator.return(undefined);
  }
}
