import { BaseStepLogger, type Result, Workflow } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";

class StepNames extends BaseStepLogger {
  readonly names: string[] = [];

  override log(stepName: string, _payload: unknown, _result: Result): void {
    this.names.push(stepName);
  }
}

class StepAndEventNames extends StepNames {
  override event(stepName: string, name: string, _data: unknown): void {
    this.names.push(`${stepName}/${name}`);
  }
}

const workflow = new Workflow().add({ name: "fetch", action: (_ctx, _payload, log) => log.event("start", { at: 1 }) });

Deno.test("BaseStepLogger ignores events unless its event() is overridden", async () => {
  const logger = new StepNames();

  await workflow.run("fetch", undefined, { logger });

  assertEquals(logger.names, ["fetch"]);
});

Deno.test("BaseStepLogger hears of events where its event() is overridden", async () => {
  const logger = new StepAndEventNames();

  await workflow.run("fetch", undefined, { logger });

  assertEquals(logger.names, ["fetch/start", "fetch"]);
});
