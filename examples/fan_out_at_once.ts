// Works on several items of a list at once, retries those that fail, and merges the results in the list's order.
// Run it: deno run examples/fan_out_at_once.ts
// deno-lint-ignore-file no-console

import { type Result, Workflow } from "@stepstream/workflow";

interface Steps {
  list: string[];
  price: string;
  sum: Result<number>[];
}

const workflow = new Workflow<Steps>()
  .add({
    name: "list",
    action: (_ctx, names) => names,
    decision: (_ctx, result, enqueue) => enqueue.all("price", result.value ?? [], { then: "sum" }),
  })
  .add({
    name: "price",
    action: (_ctx, name, _log, scope) => askForPrice(name, scope.attempt),
    retry: { maxAttempts: 3, delayMs: 5, when: (error) => !String(error).includes("no such") },
    timeoutMs: 1_000,
  })
  .add({
    name: "sum",
    action: (_ctx, prices) => prices.map(({ ok, value, error }) => ok ? `${value} €` : String(error)),
  });

const stream = workflow.stream("list", ["apple", "pear", "unicorn"], { concurrency: 2 });

for await (const event of stream) {
  if (event.type === "step.retry") console.log(`tries again: ${event.error}`);
}

const { context } = await stream.result;
console.log(context["result.sum"]?.join(", "));

/** Stands in for a service that is busy now and then. */
async function askForPrice(name: string, attempt: number): Promise<number> {
  await Promise.resolve();
  if (name === "unicorn") throw new Error(`no such fruit: ${name}`);
  if (name === "pear" && attempt === 1) throw new Error("the service is busy");
  return name.length;
}
