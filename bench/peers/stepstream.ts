// By its path: the name would tie the lock file of this folder to all that the tests of the package depend on.
import { type Result, type RunOptions, Workflow, type WorkflowEvent } from "../../mod.ts";
import type { Peer } from "./contract.ts";

/** The engine with the options given, under the name given. */
export function createStepStream(name: string, does: string, options: RunOptions): Peer {
  return {
    name,
    does,
    hasSse: true,
    isResult: (event) => {
      const told = event as WorkflowEvent;
      return told.type === "step.result" && told.step === "count";
    },
    isLog: (event) => (event as WorkflowEvent).type === "step.log",

    chain: (steps, action) => {
      const workflow = new Workflow<{ count: number }>().add({
        name: "count",
        action: (_ctx, n) => action(n),
        decision: (_ctx, { value }, enqueue) => {
          if (value !== null && value < steps) enqueue.tail("count", value);
        },
      });
      return () => workflow.stream("count", 0, { ...options, maxSteps: Infinity });
    },
    chatter: (steps, logs, action) => {
      const workflow = new Workflow<{ count: number }>().add({
        name: "count",
        action: (_ctx, n, log) => {
          for (let line = 0; line < logs; line += 1) log.event("line", { line });
          return action(n);
        },
        decision: (_ctx, { value }, enqueue) => {
          if (value !== null && value < steps) enqueue.tail("count", value);
        },
      });
      return () => workflow.stream("count", 0, options);
    },
    fanOut: (width, action, merge) => {
      const workflow = createFan(width, action, merge);
      return () => workflow.stream("fan", null, { ...options, maxSteps: Infinity });
    },
    pool: (width, concurrency, work) => {
      const workflow = createFan(width, work, (values) => values.length);
      return async () => {
        for await (const _event of workflow.stream("fan", null, { ...options, concurrency }));
      };
    },
    waitingChain: (steps, work) => {
      const workflow = new Workflow<{ count: number }>().add({
        name: "count",
        action: (_ctx, n, log, { signal }) => {
          log.event("at.work");
          return work(n, signal);
        },
        decision: (_ctx, { value }, enqueue) => {
          if (value !== null && value < steps) enqueue.tail("count", value);
        },
      });
      return () => workflow.stream("count", 0, { ...options, maxSteps: Infinity });
    },
  };
}

const stepStream: Peer = createStepStream(
  "StepStream",
  "`workflow.stream()` as it is by default, trace included: a step whose decision routes to itself, `enqueue.all`, " +
    "`log.event`; two events a step",
  {},
);

export default stepStream;

interface Fan {
  fan: null;
  count: number;
  merge: readonly Result<number>[];
}

/** A step for every item, and one that gets the results of all. */
function createFan(
  width: number,
  action: (n: number) => number | Promise<number>,
  merge: (values: readonly number[]) => number,
): Workflow<Fan> {
  const items = Array.from({ length: width }, (_, n) => n);
  return new Workflow<Fan>().add(
    {
      name: "fan",
      action: () => null,
      decision: (_ctx, _result, enqueue) => enqueue.all("count", items, { then: "merge" }),
    },
    { name: "count", action: (_ctx, n) => action(n) },
    { name: "merge", action: (_ctx, results) => merge(results.map(({ value }) => value ?? NaN)) },
  );
}
