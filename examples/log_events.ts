// Logs what happens inside actions and decisions: the lines of a step's events come before its result.
// Run it: deno run examples/log_events.ts
// deno-lint-ignore-file no-console

import { Workflow } from "@stepstream/workflow";

interface Steps {
  fetch: { batch: string };
  process: number;
}

const workflow = new Workflow<Steps>()
  .add({
    name: "fetch",
    action: (_ctx, payload, log) => {
      log.event("start", { payload });
      return [1, 2];
    },
    decision: (_ctx, result, enqueue, log) => {
      if (!result.ok) return;
      log.event("enqueue", { size: result.value.length });
      for (const item of result.value) enqueue.tail("process", item);
    },
  })
  .add({
    name: "process",
    action: (_ctx, item, log) => {
      log.event("processing", { item });
      return item * 10;
    },
  });

// A sink is anything with `write(text)`: here it gathers the lines.
let lines = "";
await workflow.run("fetch", { batch: "B-1" }, { loggerSink: { write: (line) => lines += line } });
console.log(lines.trimEnd());
