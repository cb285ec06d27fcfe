import { createWorkflow, workflowEvent } from "@llamaindex/workflow-core";
import { createStatefulMiddleware } from "@llamaindex/workflow-core/middleware/state";
import type { Peer, Start } from "./contract.ts";

interface Told {
  readonly step: string;
  readonly payload: number;
  readonly value: number;
}

const countEvent = workflowEvent<Told>();
const countedEvent = workflowEvent<Told>();
const logEvent = workflowEvent<unknown>();
const fanEvent = workflowEvent<number>();
const itemEvent = workflowEvent<number>();
const resultEvent = workflowEvent<Told>();
const mergedEvent = workflowEvent<number>();

type Tell = (log: unknown) => void;

/** A handler that answers with the event it handles, and what it came to in it, until it has counted to `steps`. */
function chain(steps: number, action: (n: number, tell: Tell, signal: AbortSignal) => number | Promise<number>): Start {
  const workflow = createWorkflow();
  workflow.handle([countEvent], async ({ sendEvent, signal }, { data: { value: payload } }) => {
    const value = await action(payload, (log) => sendEvent(logEvent.with(log)), signal);
    const told = { step: "count", payload, value };
    return value < steps ? countEvent.with(told) : countedEvent.with(told);
  });
  return () => {
    const { stream, sendEvent } = workflow.createContext();
    sendEvent(countEvent.with({ step: "start", payload: 0, value: 0 }));
    return stream.until(countedEvent);
  };
}

const workflowCore: Peer = {
  name: "workflow-core",
  package: "@llamaindex/workflow-core",
  does:
    "a handler that answers with the event it handles, `sendEvent` for logs and for each item, `withState` to gather " +
    "the results, read by `stream.until`",
  lacks: { pool: "no limit on how many handlers work at once" },
  isResult: (event) =>
    countEvent.include(event) ? event.data.step === "count" : countedEvent.include(event) || resultEvent.include(event),
  isLog: (event) => logEvent.include(event),

  chain: (steps, action) => chain(steps, action),
  chatter: (steps, logs, action) =>
    chain(steps, (n, tell) => {
      for (let line = 0; line < logs; line += 1) tell({ line });
      return action(n);
    }),
  fanOut: (width, action, merge) => {
    const { withState } = createStatefulMiddleware(() => ({ values: [] as number[] }));
    const workflow = withState(createWorkflow());
    workflow.handle([fanEvent], ({ sendEvent }) => {
      for (let n = 0; n < width; n += 1) sendEvent(itemEvent.with(n));
    });
    workflow.handle(
      [itemEvent],
      (_context, { data: payload }) => resultEvent.with({ step: "item", payload, value: action(payload) }),
    );
    workflow.handle([resultEvent], ({ state }, { data: { value } }) => {
      if (state.values.push(value) === width) return mergedEvent.with(merge(state.values));
    });
    return () => {
      const { stream, sendEvent } = workflow.createContext();
      sendEvent(fanEvent.with(width));
      return stream.until(mergedEvent);
    };
  },
  waitingChain: (steps, work) =>
    chain(steps, (n, tell, signal) => {
      tell("at work");
      return work(n, signal);
    }),
};

export default workflowCore;
