import { Workflow, type WorkflowEvent } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";
import { EventsByHand } from "../../bench/tools/events_by_hand.ts";

Deno.test("EventsByHand tells what the engine tells", async () => {
  const action = (payload: number) => payload + 1;
  const hasNext = (value: number) => value < 5;
  const chain = new Workflow<{ count: number }>().add({
    name: "count",
    action: (_ctx, payload) => action(payload),
    decision: (_ctx, { value }, enqueue) => {
      if (value !== null && hasNext(value)) enqueue.tail("count", value);
    },
  });

  const told = await untimed(chain.stream("count", 0, { runId: "r" }));
  const byHand = await untimed(new EventsByHand({ runId: "r", step: "count", action, hasNext }));

  assertEquals(byHand, told);
});

/** The events without what depends on the clock, and with their fields in order. */
async function untimed(events: AsyncIterable<WorkflowEvent>): Promise<string[]> {
  const timeless = (key: string, value: unknown) => key === "at" || key === "durationMs" ? 0 : value;
  return (await Array.fromAsync(events)).map((event) => JSON.stringify(event, timeless));
}
