// The smallest workflow: two named steps, the second fed by the first.
// Run it: deno run examples/hello.ts
// deno-lint-ignore-file no-console

import { decideTo, Workflow } from "@stepstream/workflow";

const workflow = new Workflow()
  .add({ name: "greet", action: (_ctx, name) => `Hello, ${name}`, decision: decideTo("shout") })
  .add({ name: "shout", action: (_ctx, text) => `${text.toUpperCase()}!` });

// A run is a stream of events: watch it live …
for await (const event of workflow.stream("greet", "Ada")) {
  console.log(event.seq, event.type);
}

// … or just wait for its outcome.
const { context } = await workflow.run("greet", "Grace");
console.log(context["result.shout"]);
