import { type RunStream, Workflow } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";
import { laterTurn, stateOf, typesOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { spiedSignal } from "../tools/spied_signal.ts";

/** How a run is ended while it waits before an attempt. */
const WAYS_OUT: Record<string, (stream: RunStream, abort: () => void) => unknown> = {
  "cancel()": (stream) => stream.cancel(),
  "an aborted signal": (_stream, abort) => abort(),
  "return()": (stream) => stream.return(),
  "throw()": (stream) => stream.throw(new Error("thrown")).catch(() => {}),
  "await using": (stream) => stream[Symbol.asyncDispose](),
};

for (const [name, leave] of Object.entries(WAYS_OUT)) {
  Deno.test(`RunStream ended by ${name} in the delay before an attempt takes the timer back at once`, async () => {
    const { stream, clock, abort } = await delayedRun();

    const left = leave(stream, abort);

    assertEquals(clock.pendingMs.filter((delayMs) => delayMs === 60_000), []);
    await left;
  });

  Deno.test(`RunStream ended by ${name} in the delay before an attempt never tries again`, async () => {
    const { stream, clock, abort, calls } = await delayedRun();

    await leave(stream, abort);
    clock.tick(1e9);
    await laterTurn();

    assertEquals(calls, ["attempt 1"]);
  });

  Deno.test(`RunStream ended by ${name} in the delay before an attempt leaves no timer and no listener`, async () => {
    const { stream, clock, abort, listeners } = await delayedRun();

    await leave(stream, abort);
    await laterTurn();

    assertEquals([clock.pendingMs, listeners()], [[], 0]);
  });

  Deno.test(`RunStream ended by ${name} in the delay before an attempt settles a next() that waits`, async () => {
    const { stream, abort } = await delayedRun();
    const waiting = stateOf(stream.next());

    const left = leave(stream, abort);

    assertEquals(await waiting, ["cancel()", "an aborted signal"].includes(name) ? "run.end" : "done");
    await left;
  });

  Deno.test(`RunStream ended by ${name} in the delay before an attempt leaves no rejection unhandled`, async () => {
    using trap = new RejectionTrap();
    const { stream, abort } = await delayedRun();

    await leave(stream, abort);
    await laterTurn();

    assertEquals(trap.reasons, []);
  });
}

Deno.test("RunStream left by break in the delay before an attempt never tries again", async () => {
  const clock = new ManualClock();
  const calls: string[] = [];

  for await (const event of failing(calls).stream("call", null, { clock })) if (event.type === "step.retry") break;
  clock.tick(1e9);
  await laterTurn();

  assertEquals([calls, clock.pendingMs], [["attempt 1"], []]);
});

Deno.test("RunStream.cancel() from `when` ends the run without another attempt", async () => {
  const clock = new ManualClock();
  const calls: string[] = [];
  const when = () => {
    void stream.cancel("enough");
    return true;
  };
  const stream: RunStream = failing(calls, when).stream("call", null, { clock });

  const events = await Array.fromAsync(stream);
  clock.tick(1e9);
  await laterTurn();

  assertEquals([typesOf(events), calls], [["run.start", "step.start", "run.end"], ["attempt 1"]]);
  assertEquals(clock.pendingMs, []);
});

Deno.test("RunStream.cancel() in an attempt that is not the first ends the run with no further attempt", async () => {
  const clock = new ManualClock();
  const aborted: number[] = [];
  const workflow = new Workflow().add({
    name: "call",
    action: (_ctx, _payload, _log, { attempt, signal }) => {
      if (attempt === 1) throw new Error("again");
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          aborted.push(attempt);
          reject(signal.reason);
        });
      });
    },
    retry: { maxAttempts: 5, delayMs: 10, jitter: "none" },
  });
  const stream: RunStream = workflow.stream("call", null, { clock });
  const reading = Array.fromAsync(stream);
  await laterTurn();
  clock.tick(10);
  await laterTurn();

  const cancelled = stream.cancel();
  assertEquals(aborted, [2]);
  await cancelled;

  assertEquals(typesOf(await reading), ["run.start", "step.start", "step.retry", "step.start", "run.end"]);
  assertEquals(clock.pendingMs, []);
});

/** A run that waits before its second attempt; nobody waits for an event. */
async function delayedRun() {
  const clock = new ManualClock();
  const calls: string[] = [];
  const spied = spiedSignal();
  const stream: RunStream = failing(calls).stream("call", null, { clock, signal: spied.signal });
  for (let type = ""; type !== "step.retry";) type = (await stream.next()).value?.type ?? "";
  await laterTurn();
  assertEquals(clock.pendingMs, [60_000]);
  return { stream, clock, calls, abort: spied.abort, listeners: () => spied.listeners };
}

function failing(calls: string[], when: () => boolean = () => true): Workflow {
  return new Workflow().add(
    {
      name: "call",
      action: (_ctx, _payload, _log, { attempt }) => {
        calls.push(`attempt ${attempt}`);
        throw new Error("again");
      },
      decision: (_ctx, _result, enqueue) => {
        calls.push("decision");
        enqueue.tail("next");
      },
      retry: { maxAttempts: 3, delayMs: 60_000, jitter: "none", when },
    },
    { name: "next", action: () => calls.push("next") },
  );
}
