import { type RunStore, Workflow } from "@stepstream/workflow";

/** Does so many steps at least, as a load of this size, and answers how many they were. */
export type Load = (size: number, steps: number, store: RunStore | null) => Promise<number>;

/** How many steps each of many runs has. */
export const STEPS_OF_MANY = 5;

/** Runs of `size` tokens, each of which makes the next one. */
export const chains: Load = async (size, steps, store) => {
  const workflow = new Workflow<{ count: number }>().add({
    name: "count",
    action: (_ctx, number) => number + 1,
    decision: (_ctx, { value }, enqueue) => {
      if (value !== null && value < size) enqueue.tail("count", value);
    },
  });
  let done = 0;
  for (; done < steps; done += size) await readAll(workflow.stream("count", 0, optionsOf(store)), size);
  return done;
};

/** Runs that make `size` tokens at once and gather what became of them. */
export const fanOuts: Load = async (size, steps, store) => {
  const workflow = new Workflow<{ split: unknown; item: number; merge: unknown }>().add(
    {
      name: "split",
      action: () => null,
      decision: (_ctx, _result, enqueue) =>
        enqueue.all("item", Array.from({ length: size }, (_, item) => item), { then: "merge" }),
    },
    { name: "item", action: (_ctx, item) => item + 1 },
    { name: "merge", action: () => null },
  );
  // The splitting and the merging are two more.
  let done = 0;
  for (; done < steps; done += size + 2) await readAll(workflow.stream("split", 0, optionsOf(store)), size + 2);
  return done;
};

/** Short runs, `size` of them at a time, whose actions let the others on. */
export const manyRuns: Load = async (size, steps, store) => {
  const workflow = new Workflow<{ count: number }>().add({
    name: "count",
    action: async (_ctx, number) => {
      await null;
      return number + 1;
    },
    decision: (_ctx, { value }, enqueue) => {
      if (value !== null && value < STEPS_OF_MANY) enqueue.tail("count", value);
    },
  });
  let done = 0;
  for (; done < steps; done += size * STEPS_OF_MANY) {
    const runs = Array.from({ length: size }, () => workflow.stream("count", 0, optionsOf(store)));
    await Promise.all(runs.map((run) => readAll(run, STEPS_OF_MANY)));
  }
  return done;
};

function optionsOf(store: RunStore | null) {
  return { maxSteps: Infinity, captureTrace: false, ...(store === null ? {} : { store }) };
}

/** Reads a run to its end, which has to come after so many steps. */
export async function readAll(events: AsyncIterable<{ readonly type: string }>, steps: number): Promise<void> {
  let results = 0;
  for await (const { type } of events) if (type === "step.result") results += 1;
  if (results !== steps) throw new Error(`Cannot count a run of ${steps} steps, because it had ${results}`);
}
