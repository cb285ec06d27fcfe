// Chooses the next step by what a step came to: a condition for the usual case, a decision of your own for the rest.
// Run it: deno run examples/choose_the_next_step.ts
// deno-lint-ignore-file no-console

import { decideIf, decideTo, Workflow } from "@stepstream/workflow";

interface Steps {
  weigh: number;
  post: number;
  freight: number;
  label: string | null;
}

const workflow = new Workflow<Steps>().add(
  {
    name: "weigh",
    action: (_ctx, kg) => {
      if (kg <= 0) throw new Error("nothing to ship");
      return kg;
    },
    // Without a payload, a route passes on the step's value. A failed step has none, so it is asked about first.
    decision: (_ctx, result, enqueue) => {
      if (!result.ok) return;
      if (result.value > 30) enqueue.tail("freight", result.value);
      else enqueue.tail("post", result.value);
    },
  },
  { name: "post", action: (_ctx, kg) => `by post, ${kg} kg`, decision: decideTo("label") },
  {
    name: "freight",
    action: (_ctx, kg) => kg > 1_000 ? null : `by truck, ${kg} kg`,
    // The path ends where the predicate does not hold; `no` would name a step for that.
    decision: decideIf((_ctx, result) => result.value !== null, { yes: "label" }),
  },
  { name: "label", action: (_ctx, text) => console.log(text) },
);

for (const kg of [2, 40, 5_000, 0]) {
  const { trace } = await workflow.run("weigh", kg);
  console.log(kg, trace.map(({ step, ok }) => ok ? step : `${step} failed`).join(" > "));
}
