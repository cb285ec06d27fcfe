import { RunCancelledError, type RunStream, StreamUsedError, Workflow } from "@stepstream/workflow";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { laterTurn, readAll, stateOf, typesOf } from "../tools/events.ts";
import { heapInUse } from "../tools/heap.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";

function twoSteps(ran: string[] = []): Workflow {
  return new Workflow().add(
    { name: "first", action: () => ran.push("first"), decision: (_ctx, _result, enqueue) => enqueue.tail("second") },
    { name: "second", action: () => ran.push("second") },
  );
}

function failing(error: unknown): Workflow {
  return new Workflow().add({
    name: "fail",
    action: () => 1,
    decision: () => {
      throw error;
    },
  });
}

Deno.test("RunStream.result runs a stream that nobody reads, and answers what it came to", async () => {
  const stream = twoSteps().stream("first", "in", { runId: "run-1", context: { given: true } });

  const { runId, context, trace } = await stream.result;

  assertEquals({ runId, context }, { runId: "run-1", context: { given: true, "result.first": 1, "result.second": 2 } });
  assertEquals(trace.map(({ step }) => step), ["first", "second"]);
});

Deno.test("RunStream.result starts nothing in the turn it is asked for in", async () => {
  const ran: string[] = [];
  const stream = twoSteps(ran).stream("first");

  const outcome = stream.result;
  await Promise.resolve();
  const atOnce = [...ran];
  await outcome;

  assertEquals([atOnce, ran], [[], ["first", "second"]]);
});

Deno.test("RunStream.result asked for and then read at once leaves the events to the reader", async () => {
  const stream = twoSteps().stream("first");

  const outcome = stream.result;
  const events = await Array.fromAsync(stream);

  assertEquals(events.length, 6);
  assertEquals((await outcome).trace.length, 2);
});

Deno.test("RunStream.result asked for and then read at once leaves the events to a slow reader too", async () => {
  const stream = twoSteps().stream("first");

  const outcome = stream.result;
  const types: string[] = [];
  for await (const event of stream) {
    types.push(event.type);
    await laterTurn();
    await laterTurn();
  }

  assertEquals(types.length, 6);
  assertEquals((await outcome).trace.length, 2);
});

Deno.test("RunStream.result asked for while a reader waits leaves the events to the reader", async () => {
  const gate = Promise.withResolvers<void>();
  const stream = new Workflow().add({ name: "wait", action: () => gate.promise }).stream("wait");
  const reading = Array.fromAsync(stream);
  await laterTurn();

  const outcome = stream.result;
  await laterTurn();
  gate.resolve();

  assertEquals(typesOf(await reading), ["run.start", "step.start", "step.result", "run.end"]);
  assertEquals((await outcome).trace.length, 1);
});

Deno.test("RunStream.result asked for in the loop leaves the rest to the loop", async () => {
  const stream = twoSteps().stream("first");

  const types: string[] = [];
  for await (const event of stream) {
    types.push(event.type);
    stream.result.catch(() => {});
  }

  assertEquals(types.length, 6);
});

Deno.test("RunStream.result asked for after the reader has stopped runs the rest", async () => {
  const ran: string[] = [];
  const stream = twoSteps(ran).stream("first");
  await stream.next();
  await stream.next();

  const { trace } = await stream.result;

  assertEquals([ran, trace.length], [["first", "second"], 2]);
});

Deno.test("RunStream.result asked for before a reader who stops asking by hand runs the rest", async () => {
  const stream = twoSteps().stream("first");

  const outcome = stream.result;
  await stream.next();

  assertEquals((await outcome).trace.length, 2);
});

Deno.test("RunStream.result asked for while a reader by hand waits, who stops then, runs the rest", async () => {
  const gate = Promise.withResolvers<void>();
  const stream = new Workflow().add({ name: "wait", action: () => gate.promise }).stream("wait");
  await stream.next();
  await stream.next();
  const last = stream.next();

  const outcome = stream.result;
  gate.resolve();
  await last;

  assertEquals((await outcome).trace.length, 1);
});

Deno.test("RunStream.result asked for in the body of a slow loop leaves the rest to the loop", async () => {
  const stream = twoSteps().stream("first");

  const types: string[] = [];
  for await (const event of stream) {
    types.push(event.type);
    stream.result.catch(() => {});
    await laterTurn();
    await laterTurn();
  }

  assertEquals(types.length, 6);
});

Deno.test("RunStream.next() after the result was asked for and the run drained rejects with StreamUsedError", async () => {
  const stream = twoSteps().stream("first", null, { runId: "run-1" });
  await stream.result;

  const error = await assertRejects(() => stream.next(), StreamUsedError);

  assertEquals(error.runId, "run-1");
});

Deno.test("RunStream.next() while the run drains rejects with StreamUsedError", async () => {
  const gate = Promise.withResolvers<void>();
  const stream = new Workflow().add({ name: "wait", action: () => gate.promise }).stream("wait");
  const outcome = stream.result;
  await laterTurn();

  await assertRejects(() => stream.next(), StreamUsedError);

  gate.resolve();
  await outcome;
});

Deno.test("RunStream that drains is cancelled by return()", async () => {
  const gate = Promise.withResolvers<void>();
  const stream: RunStream = new Workflow().add({ name: "wait", action: () => gate.promise }).stream("wait");
  const outcome = stream.result;
  await laterTurn();

  const left = stream.return();
  gate.resolve();
  await left;

  await assertRejects(() => outcome, RunCancelledError);
});

Deno.test("RunStream that was ended by throw() right after its result was asked for is done", async () => {
  const stream: RunStream = twoSteps().stream("first");
  stream.result.catch(() => {});

  await stream.throw?.(new Error("thrown")).catch(() => {});
  await laterTurn();

  assertEquals(await stateOf(stream.next()), "done");
});

Deno.test("RunStream that was cancelled right after its result was asked for still tells run.end", async () => {
  const stream: RunStream = twoSteps().stream("first");
  await stream.next();
  stream.result.catch(() => {});

  await stream.cancel();
  await laterTurn();
  const { items, failure } = await readAll(stream);

  assertEquals([typesOf(items), failure], [["run.end"], null]);
});

Deno.test("RunStream.result leaves no timer where the run ends in the same turn", async () => {
  const stream: RunStream = twoSteps().stream("first");
  const outcome = stream.result;

  await stream.return();

  // The sanitizer counts the timers.
  await assertRejects(() => outcome, RunCancelledError);
});

Deno.test("RunStream.result keeps no events of a run that nobody reads", async () => {
  const workflow = new Workflow().add({
    name: "loop",
    action: (_ctx, left, log) => {
      log.event("left", { text: `${left}`.repeat(50) });
      return left - 1;
    },
    decision: (_ctx, result, enqueue) => {
      if (result.ok && result.value > 0) enqueue.tail("loop", result.value);
      else checkpoint = heapInUse();
    },
  });
  let checkpoint = 0;
  const before = heapInUse();

  await workflow.stream("loop", 100_000, { maxSteps: Infinity, captureTrace: false }).result;

  const grownBy = checkpoint - before;
  assertEquals(grownBy < 2_000_000 ? "flat" : `${grownBy} bytes more`, "flat");
});

Deno.test("RunStream.result is one promise's worth: asked for twice it comes to the same", async () => {
  const stream = twoSteps().stream("first");

  const [one, two] = await Promise.all([stream.result, stream.result]);

  assertStrictEquals(one, two);
});

Deno.test("RunStream.result asked for after the end answers at once", async () => {
  const stream = twoSteps().stream("first");
  await Array.fromAsync(stream);

  assertEquals((await stream.result).trace.length, 2);
});

Deno.test("RunStream.result rejects with the very error the run failed with", async () => {
  const boom = new Error("boom");

  const error = await assertRejects(() => failing(boom).stream("fail").result);

  assertStrictEquals(error, boom);
});

Deno.test("RunStream.result rejects for a failed run that was read", async () => {
  const boom = new Error("boom");
  const stream = failing(boom).stream("fail");
  await readAll(stream);

  assertStrictEquals(await assertRejects(() => stream.result), boom);
});

Deno.test("RunStream.result that nobody looks at is no unhandled rejection", async () => {
  using trap = new RejectionTrap();
  const failed = failing(new Error("boom")).stream("fail");
  const cancelled: RunStream = twoSteps().stream("first");

  void failed.result;
  void cancelled.result;
  await cancelled.cancel();
  await laterTurn();
  await laterTurn();

  assertEquals(trap.reasons, []);
});

Deno.test("RunStream whose result is never asked for leaves no rejection unhandled when it fails", async () => {
  using trap = new RejectionTrap();

  await readAll(failing(new Error("boom")).stream("fail"));
  await laterTurn();

  assertEquals(trap.reasons, []);
});

Deno.test("RunStream.result of a cancelled run waits until its action is over", async () => {
  const gate = Promise.withResolvers<void>();
  const stream: RunStream = new Workflow().add({ name: "wait", action: () => gate.promise }).stream("wait");
  await stream.next();
  await stream.next();

  void stream.cancel("enough");
  const before = await stateOf(stream.result);
  gate.resolve();
  const after = await stateOf(stream.result);

  assertEquals([before, after], ["pending", "rejected: enough"]);
});

Deno.test("RunStream.result of a cancelled run comes after cleanupTimeoutMs at the latest", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add({ name: "deaf", action: () => new Promise(() => {}) });
  const stream: RunStream = workflow.stream("deaf", null, { clock, cleanupTimeoutMs: 50 });
  await stream.next();
  await stream.next();

  void stream.cancel("enough");
  const before = await stateOf(stream.result);
  clock.tick(50);
  const after = await stateOf(stream.result);

  assertEquals([before, after], ["pending", "rejected: enough"]);
});

Deno.test("RunStream.result of a failed run rejects with what run() rejects with", async () => {
  const boom = new Error("boom");
  const workflow = failing(boom);

  const ofStream = await workflow.stream("fail").result.catch((error) => error);
  const ofRun = await workflow.run("fail").catch((error) => error);

  assertEquals([ofStream === boom, ofRun === boom], [true, true]);
});
