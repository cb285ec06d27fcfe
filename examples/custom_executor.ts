// Decides how actions are run: one executor for a whole run, another one for a single step.
// Run it: deno run examples/custom_executor.ts
// deno-lint-ignore-file no-console

import { decideTo, type Executor, InProcessExecutor, Workflow } from "@stepstream/workflow";

/** Tells of every action that it runs. Another executor could send them to a worker, or open a span around each. */
const loud: Executor = {
  execute(step, context, payload, log, scope) {
    console.log(`${step.name} runs`);
    // What is returned is the action's answer, be it a value, a promise or a generator: the engine does the rest.
    return step.action(context, payload, log, scope);
  },
};

/** Runs no action at all, for a rehearsal. */
const rehearsal: Executor = { execute: (step, _context, payload) => `${step.name} of ${payload} was left out` };

const workflow = new Workflow({ executor: new InProcessExecutor() }) // which is the default
  .add({ name: "pack", action: (_ctx, item) => `${item} in a box`, decision: decideTo("ship") })
  // A step's own executor goes before that of the run, and that of the run before the workflow's.
  .add({ name: "ship", action: () => "shipped", executor: rehearsal });

const { context } = await workflow.run("pack", "a lamp", { executor: loud });
console.log(context["result.ship"]);
