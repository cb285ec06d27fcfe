// Retries a failed step by its decision, which puts it back at the head of the queue: three attempts in all.
// Run it: deno run examples/retry_by_decision.ts
// deno-lint-ignore-file no-console

import { Workflow } from "@stepstream/workflow";

// The payload of each step. With this map a misspelt step or a wrong payload does not compile.
interface Steps {
  download: { file: string; attempt: number };
  report: string;
}

// What the steps of one run share.
interface Context {
  request: Steps["download"];
}

const workflow = new Workflow<Steps, Context>()
  .add({
    name: "download",
    action: (ctx, request) => {
      ctx.request = request;
      if (request.attempt < 3) throw new Error("the server is busy");
      return `${request.file}, 12 kB`;
    },
    // An action that fails ends its step, not the run: the decision sees the error and says what comes next.
    decision: (ctx, result, enqueue) => {
      const { file, attempt } = ctx.request;
      if (result.ok) enqueue.tail("report", `Got ${result.value}`);
      else if (attempt < 3) enqueue.head("download", { file, attempt: attempt + 1 });
      else enqueue.tail("report", `Gave up on ${file}: ${result.error}`);
    },
  })
  .add({ name: "report", action: (_ctx, text) => console.log(text) });

const { trace } = await workflow.run("download", { file: "map.png", attempt: 1 });

for (const { step, ok, error } of trace) console.log(step, ok ? "ok" : error);
