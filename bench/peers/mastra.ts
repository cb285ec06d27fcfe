import { createStep, createWorkflow } from "@mastra/core/workflows";
import { z } from "zod";
import type { Action, Peer, Start } from "./contract.ts";

interface Told {
  readonly type: string;
  readonly payload: { readonly id?: string };
}

/** What a step hears of while it is at work. */
interface AtWork {
  readonly write: (line: unknown) => Promise<void>;
  readonly signal: AbortSignal;
}

/** A step that is done until it has counted to `steps`. */
function chain(
  steps: number,
  action: (n: number, atWork: AtWork) => number | Promise<number>,
): Start {
  const count = createStep({
    id: "count",
    inputSchema: z.number(),
    outputSchema: z.number(),
    execute: async ({ inputData, writer, abortSignal: signal }) =>
      await action(inputData, { write: (line) => writer.write(line), signal }),
  });
  const workflow = createWorkflow({
    id: "chain",
    inputSchema: z.number(),
    outputSchema: z.number(),
  })
    .dountil(count, ({ inputData }) => Promise.resolve(inputData >= steps))
    .commit();
  return async () => (await workflow.createRun()).stream({ inputData: 0 }).fullStream;
}

/** A step for every item, and one that gets the list of what they came to. */
function fanOut(
  action: (n: number) => number | Promise<number>,
  merge: (values: readonly number[]) => number,
  concurrency: number,
) {
  const numbers = z.array(z.number());
  const item = createStep({
    id: "item",
    inputSchema: z.number(),
    outputSchema: z.number(),
    execute: async ({ inputData }) => await action(inputData),
  });
  const merged = createStep({
    id: "merge",
    inputSchema: numbers,
    outputSchema: z.number(),
    execute: ({ inputData }) => Promise.resolve(merge(inputData)),
  });
  return createWorkflow({
    id: "fan",
    inputSchema: numbers,
    outputSchema: z.number(),
  })
    .foreach(item, { concurrency })
    .then(merged)
    .commit();
}

const mastra: Peer = {
  name: "mastra",
  package: "@mastra/core",
  does: "`.dountil(step)`, `.foreach(step, { concurrency }).then(merge)`, `writer.write` for logs, read by " +
    "`run.stream().fullStream`",
  isResult: (event) => {
    const { type, payload } = event as Told;
    return type === "workflow-step-progress" ||
      (type === "workflow-step-result" && payload.id === "count");
  },
  isLog: (event) => (event as Told).type === "workflow-step-output",

  chain: (steps, action: Action) => chain(steps, action),
  chatter: (steps, logs, action) =>
    chain(steps, async (n, { write }) => {
      for (let line = 0; line < logs; line += 1) await write({ line });
      return action(n);
    }),
  fanOut: (width, action, merge) => {
    const inputData = Array.from({ length: width }, (_, n) => n);
    const workflow = fanOut(action, merge, width);
    return async () => (await workflow.createRun()).stream({ inputData }).fullStream;
  },
  pool: (width, concurrency, work) => {
    const inputData = Array.from({ length: width }, (_, n) => n);
    const workflow = fanOut(work, (values) => values.length, concurrency);
    return async () => await (await workflow.createRun()).start({ inputData });
  },
  waitingChain: (steps, work) =>
    chain(steps, async (n, { write, signal }) => {
      await write("at work");
      return await work(n, signal);
    }),
};

export default mastra;
