import { MemoryStore, type RunStream, RunTimeoutError, Workflow } from "@stepstream/workflow";
import { assertEquals, assertInstanceOf } from "@std/assert";
import { laterTurn, readAll, stateOf, typesOf } from "../tools/events.ts";
import { loadStoredRuns } from "../tools/load_stored_runs.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { headOf } from "../tools/stored_run.ts";

await loadStoredRuns();

for (const [how, after, past] of [["", undefined, []], [" with after", 1, ["run.suspend"]]] as const) {
  Deno.test(`RunOptions.timeoutMs of a run counts from its start, though it is left and resumed${how}`, async () => {
    const clock = new ManualClock();
    const store = new MemoryStore();
    const first: RunStream = hanging.stream("call", null, { clock, store, runId: "r", timeoutMs: 80 });
    await first.next();
    clock.tick(30);
    await first.return();
    clock.tick(20);

    const reading = readAll(hanging.resume("r", { clock, store, timeoutMs: 80, after }));
    await laterTurn();
    clock.tick(29);
    const before = await stateOf(reading);
    clock.tick(1);
    const { items, failure } = await reading;

    assertEquals([before, typesOf(items)], ["pending", [...past, "run.resume", "step.start", "run.end"]]);
    assertInstanceOf(failure?.error, RunTimeoutError);
    assertEquals([failure.error.timeoutMs, clock.pendingMs], [80, []]);
  });

  Deno.test(`RunOptions.timeoutMs ends a run that is resumed${how} when its time is over, and no step starts`, async () => {
    const clock = new ManualClock();
    const store = new MemoryStore();
    const first: RunStream = hanging.stream("call", null, { clock, store, runId: "r", timeoutMs: 80 });
    await first.next();
    await first.return();
    clock.tick(80);

    const { items, failure } = await readAll(hanging.resume("r", { clock, store, timeoutMs: 80, after }));

    assertEquals(typesOf(items), [...past, "run.end"]);
    assertInstanceOf(failure?.error, RunTimeoutError);
    assertEquals([(await headOf(store, "r")).status, clock.pendingMs], ["failed", []]);
  });
}

Deno.test("RunOptions.timeoutMs leaves a run alone that had ended in time", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const quick = new Workflow().add({ name: "call", action: () => 1 });
  await quick.run("call", null, { clock, store, runId: "r", timeoutMs: 80 });
  clock.tick(100);

  const { context } = await quick.resume("r", { clock, store, timeoutMs: 80 }).result;

  assertEquals([context["result.call"], clock.pendingMs], [1, []]);
});

Deno.test("RunOptions.timeoutMs is no longer for a run that another clock says will start", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const ahead = new ManualClock();
  ahead.tick(1_000);
  const first: RunStream = hanging.stream("call", null, { clock: ahead, store, runId: "r" });
  await first.next();
  await first.return();

  const reading = readAll(hanging.resume("r", { clock, store, timeoutMs: 80 }));
  await laterTurn();
  clock.tick(80);

  assertInstanceOf((await reading).failure?.error, RunTimeoutError);
});

Deno.test("ResumeOptions.signal cancels a run whose past is read back first", async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const first: RunStream = hanging.stream("call", null, { clock, store, runId: "r" });
  await first.next();
  await first.return();
  const controller = new AbortController();

  const reading = readAll(hanging.resume("r", { clock, store, after: 1, signal: controller.signal }));
  await laterTurn();
  controller.abort("enough");
  const { items } = await reading;

  assertEquals(typesOf(items), ["run.suspend", "run.resume", "step.start", "run.end"]);
  assertEquals((await headOf(store, "r")).status, "cancelled");
});

const hanging = new Workflow().add({
  name: "call",
  action: (_ctx, _payload, _log, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
});
