import { Annotation, END, type LangGraphRunnableConfig, Send, START, StateGraph } from "@langchain/langgraph";
import type { Action, Peer, Start, Work } from "./contract.ts";

const Chain = Annotation.Root({ n: Annotation<number> });
const Fan = Annotation.Root({
  n: Annotation<number>,
  values: Annotation<number[]>({
    reducer: (all, more) => all.concat(more),
    default: () => [],
  }),
  merged: Annotation<number>,
});

type Config = LangGraphRunnableConfig;

/** A node that leads to itself until it has counted to `steps`. */
function chain(
  steps: number,
  count: (n: number, config: Config) => number | Promise<number>,
  streamMode: ("updates" | "custom")[],
): Start {
  const graph = new StateGraph(Chain)
    .addNode("count", async ({ n }, config) => ({ n: await count(n, config) }))
    .addEdge(START, "count")
    .addConditionalEdges("count", ({ n }) => n < steps ? "count" : END, [
      "count",
      END,
    ])
    .compile();
  return () => graph.stream({ n: 0 }, { streamMode, recursionLimit: steps + 1 });
}

/** A node that is sent every item at once, and one that gets all that came of them. */
function fanOut(
  width: number,
  item: (n: number) => number | Promise<number>,
  merge: (values: number[]) => number,
) {
  return new StateGraph(Fan)
    .addNode("item", async ({ n }) => ({ values: [await item(n)] }))
    .addNode("merge", ({ values }) => ({ merged: merge(values) }))
    .addConditionalEdges(
      START,
      () => Array.from({ length: width }, (_, n) => new Send("item", { n })),
      ["item"],
    )
    .addEdge("item", "merge")
    .addEdge("merge", END)
    .compile();
}

const langgraph: Peer = {
  name: "langgraph",
  package: "@langchain/langgraph",
  does:
    "a `StateGraph` whose node leads to itself by a conditional edge, `Send` for each item, `config.writer` for logs, " +
    "`graph.stream` of `updates`",
  isResult: (event) => {
    const [mode, update] = event as [string, Record<string, unknown>];
    return mode === "updates" && ("count" in update || "item" in update);
  },
  isLog: (event) => (event as [string, unknown])[0] === "custom",

  chain: (steps, action: Action) => chain(steps, action, ["updates"]),
  chatter: (steps, logs, action) =>
    chain(steps, (n, { writer }) => {
      for (let line = 0; line < logs; line += 1) writer?.({ line });
      return action(n);
    }, ["updates", "custom"]),
  fanOut: (width, action, merge) => {
    const graph = fanOut(width, action, merge);
    return () => graph.stream({ n: 0 }, { streamMode: ["updates"] });
  },
  pool: (width, concurrency, work) => {
    const graph = fanOut(width, work, (values) => values.length);
    return () => graph.invoke({ n: 0 }, { maxConcurrency: concurrency });
  },
  waitingChain: (steps, work: Work) =>
    chain(steps, (n, { writer, signal }) => {
      writer?.("at work");
      return work(n, signal);
    }, ["updates", "custom"]),
};

export default langgraph;
