import { type Clock, Workflow } from "@stepstream/workflow";
import { Runner } from "@stepstream/workflow/runner";
import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { ManualClock } from "../tools/manual_clock.ts";
import { headOf, storedEvents } from "../tools/stored_run.ts";

/** A clock like `performance.timeOrigin + performance.now()`. */
function inFractions(clock: ManualClock): Clock {
  return {
    now: () => clock.now() + 0.75,
    setTimeout: (callback, delayMs) => clock.setTimeout(callback, delayMs),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  };
}

Deno.test("A stored run takes a clock that tells fractions, and a lease that three does not divide", async () => {
  using database = new DatabaseSync(":memory:");
  const store = await SqliteStore.open(database);
  const manual = new ManualClock();
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<number>();
  const action = () => {
    begun.resolve();
    return gate.promise;
  };
  const workflow = new Workflow().add({ name: "a", action });
  const stream = workflow.stream("a", 1, { store, runId: "r", clock: inFractions(manual), leaseMs: 1_000 });

  const { result } = stream;
  await begun.promise;
  manual.tick(2_000);
  gate.resolve(1);
  await result;

  const { status, updatedAt } = await headOf(store, "r");
  const events = await storedEvents(store, "r");
  assertEquals([status, updatedAt], ["completed", 2_000]);
  assertEquals(events.map(({ at }) => at), [0, 0, 2_000, 2_000]);
});

Deno.test("Runner takes a clock that tells fractions", async () => {
  using database = new DatabaseSync(":memory:");
  const workflow = new Workflow({ name: "w" }).add({ name: "a", action: () => 1 });
  await using runner = new Runner({
    workflows: [workflow],
    store: await SqliteStore.open(database),
    clock: inFractions(new ManualClock()),
    leaseMs: 1_000,
  });

  await runner.recover();
  const { runId } = await runner.start("w", "a");
  for await (const { type } of runner.follow(runId)) if (type === "run.end") break;
  const cancelled = await runner.cancel(runId);

  assertEquals([cancelled, (await runner.get(runId))?.status], [false, "completed"]);
});
