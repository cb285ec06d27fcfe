import { genkit as createGenkit, z } from "genkit";
import type { Peer, Start } from "./contract.ts";

const ToldSchema = z.object({
  type: z.string(),
  step: z.string(),
  payload: z.number(),
  value: z.unknown(),
});
type Told = z.infer<typeof ToldSchema>;

const ai = createGenkit({});
let flows = 0;

/** Defines a flow and answers what streams it. */
function defineFlow(
  run: (
    sendChunk: (told: Told) => void,
    signal: AbortSignal,
  ) => Promise<number>,
): Start {
  flows += 1;
  const flow = ai.defineFlow(
    {
      name: `flow${flows}`,
      inputSchema: z.number(),
      outputSchema: z.number(),
      streamSchema: ToldSchema,
    },
    (_input, { sendChunk, abortSignal }) => run(sendChunk, abortSignal),
  );
  return () => {
    const { stream, output } = flow.stream(0);
    // A reader that has left makes the flow fail: nobody waits for its output then.
    output.catch(() => {});
    return stream;
  };
}

const genkit: Peer = {
  name: "genkit",
  package: "genkit",
  does: "a flow that awaits `ai.run` for each step and tells what came of it by `sendChunk`, read by `flow.stream`",
  lacks: { pool: "no limit on how many steps work at once" },
  isResult: (event) => (event as Told).type === "result",
  isLog: (event) => (event as Told).type === "log",

  chain: (steps, action) =>
    defineFlow(async (sendChunk) => {
      let n = 0;
      while (n < steps) {
        const value = await ai.run("count", n, (payload: number) => Promise.resolve(action(payload)));
        sendChunk({ type: "result", step: "count", payload: n, value });
        n = value;
      }
      return n;
    }),
  chatter: (steps, logs, action) =>
    defineFlow(async (sendChunk) => {
      let n = 0;
      while (n < steps) {
        const value = await ai.run("count", n, (payload: number) => {
          for (let line = 0; line < logs; line += 1) {
            sendChunk({ type: "log", step: "count", payload, value: { line } });
          }
          return Promise.resolve(action(payload));
        });
        sendChunk({ type: "result", step: "count", payload: n, value });
        n = value;
      }
      return n;
    }),
  fanOut: (width, action, merge) => {
    const items = Array.from({ length: width }, (_, n) => n);
    return defineFlow(async (sendChunk) => {
      const values = await Promise.all(items.map(async (n) => {
        const value = await ai.run(
          "item",
          n,
          (payload: number) => Promise.resolve(action(payload)),
        );
        sendChunk({ type: "result", step: "item", payload: n, value });
        return value;
      }));
      return await ai.run(
        "merge",
        values,
        (all: number[]) => Promise.resolve(merge(all)),
      );
    });
  },
  waitingChain: (steps, work) =>
    defineFlow(async (sendChunk, signal) => {
      let n = 0;
      while (n < steps) {
        const value = await ai.run("count", n, (payload: number) => {
          sendChunk({ type: "start", step: "count", payload, value: null });
          return work(payload, signal);
        });
        sendChunk({ type: "result", step: "count", payload: n, value });
        n = value;
      }
      return n;
    }),
};

export default genkit;
