// A logger of your own: one line of JSON for every step and for every event that a step logs.
// Run it: deno run examples/custom_json_logger.ts
// deno-lint-ignore-file no-console

import { BaseStepLogger, decideTo, type Result, Workflow } from "@stepstream/workflow";

class ConsoleJsonLogger extends BaseStepLogger {
  // Called once per step, after its action and its decision.
  override log(step: string, payload: unknown, { ok, value, error }: Result): void {
    console.log(JSON.stringify({ step, payload, ...(ok ? { value } : { error: String(error) }) }));
  }

  // Called for each log.event(). Without this method events are ignored.
  override event(step: string, event: string, data: unknown): void {
    console.log(JSON.stringify({ step, event, data }));
  }
}

const workflow = new Workflow()
  .add({
    name: "fetch",
    action: (_ctx, batch, log) => {
      log.event("start", { batch });
      return ["A", "B"];
    },
    decision: decideTo("store"),
  })
  .add({
    name: "store",
    action: () => {
      throw new Error("the disk is full");
    },
  });

// The built-in `JsonLogger` adds timestamps, and copes with values that JSON.stringify() cannot take.
await workflow.run("fetch", "B-1", { logger: new ConsoleJsonLogger() });
