// Runs a workflow as a step of another one: a single stream tells of both.
// Run it: deno run examples/workflow_as_step.ts
// deno-lint-ignore-file no-console

import { asStep, decideTo, Workflow } from "@stepstream/workflow";

const wash = new Workflow<{ trim: string; lower: string }>()
  .add({ name: "trim", action: (_ctx, text) => text.trim(), decision: decideTo("lower") })
  .add({ name: "lower", action: (_ctx, text) => text.toLowerCase() });

const greet = new Workflow<{ wash: string; greet: string }>()
  .add({
    ...asStep("wash", wash, { start: "trim", value: (context) => context["result.lower"] ?? "" }),
    decision: decideTo("greet"),
  })
  .add({ name: "greet", action: (_ctx, name) => `Hello, ${name}!` });

for await (const event of greet.stream("wash", "  ADA ")) {
  if (event.type !== "step.result") continue;
  console.log([...event.path ?? [], event.step].join(" > "), JSON.stringify(event.result.value));
}
