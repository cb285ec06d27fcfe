import {
  type Action,
  decideTo,
  type Result,
  type RunStream,
  RunTimeoutError,
  type StepScope,
  StepTimeoutError,
  Workflow,
} from "@stepstream/workflow";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { laterTurn, readAll, stateOf, typesOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { settleTicking } from "../tools/settle_ticking.ts";

Deno.test("Step.timeoutMs fails an attempt that takes longer and aborts its signal with the error", async () => {
  const clock = new ManualClock();
  let scope: StepScope | null = null;
  const workflow = new Workflow().add({
    name: "call",
    action: (_ctx, _payload, _log, own) => {
      scope = own;
      return new Promise(() => {});
    },
    timeoutMs: 50,
  });

  const events = await settleTicking(Array.fromAsync(workflow.stream("call", null, { clock })), clock);

  const result = events.find((event) => event.type === "step.result");
  assert(result?.type === "step.result");
  assertInstanceOf(result.result.error, StepTimeoutError);
  assertEquals([result.result.error.stepName, result.result.error.timeoutMs], ["call", 50]);
  assertEquals((scope as StepScope | null)?.signal.reason, result.result.error);
  assertEquals([clock.now(), clock.pendingMs], [50, []]);
});

Deno.test("Step.timeoutMs lets a decision log while what the action does late is dropped", async () => {
  const clock = new ManualClock();
  let late = () => {};
  const workflow = new Workflow().add({
    name: "call",
    action: (_ctx, _payload, log) => {
      late = () => log.event("late");
      return new Promise(() => {});
    },
    decision: (_ctx, _result, _enqueue, log) => {
      late();
      log.event("decided");
    },
    timeoutMs: 50,
  });

  const events = await settleTicking(Array.fromAsync(workflow.stream("call", null, { clock })), clock);

  assertEquals(events.flatMap((event) => event.type === "step.log" ? [event.name] : []), ["decided"]);
});

Deno.test("Step.timeoutMs times each attempt of a retry anew", async () => {
  const clock = new ManualClock();
  const workflow = hanging({ timeoutMs: 50, retry: { maxAttempts: 3, delayMs: 10, jitter: "none" } });

  const { trace } = await settleTicking(workflow.run("call", null, { clock }), clock);

  assertEquals([trace[0]?.attempts, clock.now()], [3, 50 + 10 + 50 + 20 + 50]);
  assertEquals(clock.pendingMs, []);
});

Deno.test("Step.timeoutMs leaves no timer behind an action that is in time", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add({ name: "call", action: async () => await laterTurn(), timeoutMs: 50 });

  const { context } = await workflow.run("call", null, { clock });

  assertEquals([context, clock.pendingMs], [{ "result.call": undefined }, []]);
});

Deno.test("Step.timeoutMs does not count the time that a generator waits for its reader", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add({
    name: "call",
    action: async function* () {
      yield await Promise.resolve(1);
      return "done";
    },
    timeoutMs: 50,
    idleTimeoutMs: 50,
  });
  const stream = workflow.stream("call", null, { clock });
  const types: string[] = [];
  for await (const { type } of stream) {
    types.push(type);
    await laterTurn();
    clock.tick(1_000);
  }

  assertEquals(types, ["run.start", "step.start", "step.chunk", "step.result", "run.end"]);
  assertEquals((await stream.result).context, { "result.call": "done" });
});

for (
  const [name, show] of [
    ["a log event", (log, _scope) => log.event("alive")],
    ["a heartbeat", (_log, scope) => scope.heartbeat()],
  ] as const satisfies readonly [string, (log: Parameters<Action>[2], scope: StepScope) => void][]
) {
  Deno.test(`Step.idleTimeoutMs starts over with ${name}`, async () => {
    const clock = new ManualClock();
    const workflow = new Workflow().add({
      name: "call",
      action: async (_ctx, _payload, log, scope) => {
        for (let count = 0; count < 4; count += 1) {
          await new Promise<void>((resolve) => clock.setTimeout(resolve, 40));
          show(log, scope);
        }
        await new Promise(() => {});
      },
      idleTimeoutMs: 50,
    });

    const { trace } = await settleTicking(workflow.run("call", null, { clock }), clock);

    assertEquals(trace[0]?.error, 'StepTimeoutError: Step "call" took too long: idleTimeoutMs = 50');
    assertEquals([clock.now(), clock.pendingMs], [4 * 40 + 50, []]);
  });
}

Deno.test("Step.idleTimeoutMs starts over with a chunk", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add({
    name: "call",
    action: async function* () {
      for (let count = 0; count < 3; count += 1) {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 40));
        yield count;
      }
      return "done";
    },
    idleTimeoutMs: 50,
  });

  const { context } = await settleTicking(workflow.run("call", null, { clock }), clock);

  assertEquals([context["result.call"], clock.now(), clock.pendingMs], ["done", 120, []]);
});

Deno.test("RunOptions.timeoutMs ends the run as failed within the turn and aborts what is at work", async () => {
  const clock = new ManualClock();
  let signal: AbortSignal | null = null;
  const workflow = new Workflow().add({
    name: "call",
    action: (_ctx, _payload, _log, scope) => {
      signal = scope.signal;
      return new Promise((_, reject) => scope.signal.addEventListener("abort", () => reject(scope.signal.reason)));
    },
    retry: { maxAttempts: 5 },
  });
  const stream = workflow.stream("call", null, { clock, timeoutMs: 80 });
  const types: string[] = [];
  const reading = (async () => {
    for await (const event of stream) types.push(event.type === "run.end" ? event.status : event.type);
  })().catch((error) => error);
  await laterTurn();

  clock.tick(80);

  assertInstanceOf((signal as AbortSignal | null)?.reason, RunTimeoutError);
  assertInstanceOf(await reading, RunTimeoutError);
  assertEquals(types, ["run.start", "step.start", "failed"]);
  await stream.result.catch(() => {});
  assertEquals(clock.pendingMs, []);
});

Deno.test("RunOptions.timeoutMs ends a wait before a retry", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add({
    name: "call",
    action: () => Promise.reject(new Error("again")),
    retry: { maxAttempts: 5, delayMs: 1_000 },
  });
  const outcome = workflow.run("call", null, { clock, timeoutMs: 80 }).catch((error) => error);
  await laterTurn();

  clock.tick(80);

  assertInstanceOf(await outcome, RunTimeoutError);
  assertEquals(clock.pendingMs, []);
});

Deno.test("RunOptions.timeoutMs leaves no timer behind a run that is in time", async () => {
  const clock = new ManualClock();

  const events = await Array.fromAsync(
    new Workflow().add({ name: "call", action: () => 1 }).stream("call", null, { clock, timeoutMs: 80 }),
  );

  assertEquals(typesOf(events), ["run.start", "step.start", "step.result", "run.end"]);
  assertEquals(clock.pendingMs, []);
});

const LATE: Record<string, (gate: Promise<void>) => Action> = {
  "returns": (gate) => async () => {
    await gate;
    return "late";
  },
  "throws": (gate) => async () => {
    await gate;
    throw new Error("late");
  },
  "logs": (gate) => async (_ctx, _payload, log) => {
    await gate;
    log.event("late");
  },
  "yields": (gate) =>
    async function* () {
      await gate;
      yield "late";
    },
};

for (const [what, create] of Object.entries(LATE)) {
  Deno.test(`Step.timeoutMs drops what an action that ignores it ${what} late`, async () => {
    using trap = new RejectionTrap();
    const clock = new ManualClock();
    const gate = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    const workflow = new Workflow().add(
      { name: "call", action: create(gate.promise), decision: decideTo("next"), timeoutMs: 50 },
      { name: "next", action: () => second.promise },
    );
    const stream: RunStream = workflow.stream("call", null, { clock });
    const reading = Array.fromAsync(stream);
    await laterTurn();
    clock.tick(50);
    await laterTurn();

    gate.resolve();
    await laterTurn();
    second.resolve();
    const events = await reading;

    assertEquals(typesOf(events), ["run.start", "step.start", "step.result", "step.start", "step.result", "run.end"]);
    assertEquals((await stream.result).context, { "result.call": null, "result.next": undefined });
    assertEquals([trap.reasons, clock.pendingMs], [[], []]);
  });
}

Deno.test("Step.timeoutMs moves on at once, whatever the action still does", async () => {
  const clock = new ManualClock();
  const order: string[] = [];
  const workflow = hanging({ timeoutMs: 50, decision: decideTo("next") })
    .add({ name: "next", action: () => order.push("next") });
  const outcome = workflow.run("call", null, { clock, cleanupTimeoutMs: 0 });
  await laterTurn();

  clock.tick(49);
  await laterTurn();
  assertEquals(order, []);
  clock.tick(1);
  await laterTurn();

  assertEquals(order, ["next"]);
  await settleTicking(outcome, clock);
});

Deno.test("Step.timeoutMs lets a generator that it stopped run its finally", async () => {
  const clock = new ManualClock();
  const order: string[] = [];
  const workflow = new Workflow().add({
    name: "call",
    action: async function* (_ctx, _payload, _log, { signal }) {
      try {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        yield "late";
        order.push("went on");
      } finally {
        order.push("finally");
      }
    },
    timeoutMs: 50,
  });

  await settleTicking(workflow.run("call", null, { clock }), clock);
  await laterTurn();

  assertEquals(order, ["finally"]);
});

Deno.test("Step.timeoutMs counts all the time that a generator is at work, pulled once or many times", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add({
    name: "call",
    action: async function* () {
      for (let count = 1; count <= 9; count += 1) {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 20));
        yield count;
      }
    },
    timeoutMs: 50,
  });
  const stream = workflow.stream("call", null, { clock });
  const types: string[] = [];
  for (let next = stream.next(); true; next = stream.next()) {
    const event = await settleTicking(next, clock);
    if (event.done) break;
    types.push(event.value.type);
    // The reader takes its time, which is not the generator's.
    await laterTurn();
    clock.tick(1_000);
  }

  assertEquals(types, ["run.start", "step.start", "step.chunk", "step.chunk", "step.result", "run.end"]);
});

Deno.test("Step.timeoutMs gives the attempt after a timeout a signal of its own", async () => {
  const clock = new ManualClock();
  const aborted: boolean[] = [];
  const workflow = new Workflow().add({
    name: "call",
    action: (_ctx, _payload, _log, { signal, attempt }) => {
      aborted.push(signal.aborted);
      return attempt === 1 ? new Promise(() => {}) : Promise.resolve("done");
    },
    timeoutMs: 50,
    retry: { maxAttempts: 2 },
  });

  const { context } = await settleTicking(workflow.run("call", null, { clock, cleanupTimeoutMs: 0 }), clock);

  assertEquals([aborted, context["result.call"]], [[false, false], "done"]);
});

Deno.test("Step.timeoutMs asks `when` of the retry with the StepTimeoutError", async () => {
  const clock = new ManualClock();
  const asked: unknown[] = [];
  const when = (error: unknown) => {
    asked.push(error);
    return false;
  };

  const outcome = hanging({ timeoutMs: 50, retry: { maxAttempts: 2, when } }).run("call", null, { clock });
  await settleTicking(outcome, clock);

  assertInstanceOf(asked[0], StepTimeoutError);
});

Deno.test("Step.timeoutMs times neither a synchronous action nor a decision", async () => {
  const clock = new ManualClock();
  const gate = Promise.withResolvers<void>();
  const workflow = new Workflow().add({
    name: "call",
    action: () => {
      clock.tick(1_000);
      return "done";
    },
    decision: () => gate.promise,
    timeoutMs: 50,
    idleTimeoutMs: 50,
  });
  const outcome = workflow.run("call", null, { clock });
  await laterTurn();

  clock.tick(1_000);
  gate.resolve();

  assertEquals([(await outcome).context, clock.pendingMs], [{ "result.call": "done" }, []]);
});

Deno.test("Step.timeoutMs does not time the decision of an action that was in time", async () => {
  const clock = new ManualClock();
  const gate = Promise.withResolvers<void>();
  let signal: AbortSignal | undefined;
  const workflow = new Workflow().add({
    name: "call",
    action: async (_ctx, _payload, _log, scope) => {
      signal = scope.signal;
      await undefined;
    },
    decision: async (_ctx, _result, _enqueue, log) => {
      await gate.promise;
      log.event("decided");
    },
    timeoutMs: 50,
    idleTimeoutMs: 50,
  });
  const reading = Array.fromAsync(workflow.stream("call", null, { clock }));
  await laterTurn();

  clock.tick(1_000);
  gate.resolve();

  assertEquals(typesOf(await reading), ["run.start", "step.start", "step.log", "step.result", "run.end"]);
  assertEquals(signal?.aborted, false);
});

Deno.test("Step.timeoutMs leaves no timer behind an action that fails in time", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add({
    name: "call",
    action: () => Promise.reject(new Error("boom")),
    timeoutMs: 50,
    idleTimeoutMs: 20,
  });

  await workflow.run("call", null, { clock });

  assertEquals(clock.pendingMs, []);
});

Deno.test("Step.timeoutMs leaves no timer behind a run that is cancelled", async () => {
  const clock = new ManualClock();
  const stream = hanging({ timeoutMs: 50, idleTimeoutMs: 20 }).stream("call", null, { clock, cleanupTimeoutMs: 7 });
  await stream.next();
  await stream.next();
  await laterTurn();

  const cancelled = stream.cancel();

  assertEquals(clock.pendingMs, [7]);
  await settleTicking(cancelled, clock);
});

Deno.test("Step.timeoutMs sets no timer for an action that has ended its own run before its first await", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add({
    name: "call",
    action: () => {
      void stream.cancel();
      return new Promise(() => {});
    },
    timeoutMs: 50,
  });
  const stream: RunStream = workflow.stream("call", null, { clock, cleanupTimeoutMs: 7 });

  await Array.fromAsync(stream);

  assertEquals(clock.pendingMs, [7]);
  await settleTicking(stream.result.catch(() => {}), clock);
});

for (
  const [timeoutMs, idleTimeoutMs, message] of [
    [50, 80, "timeoutMs = 50"],
    [80, 50, "idleTimeoutMs = 50"],
  ] as const
) {
  Deno.test(`Step with timeoutMs ${timeoutMs} and idleTimeoutMs ${idleTimeoutMs} meets the shorter`, async () => {
    const clock = new ManualClock();

    const outcome = hanging({ timeoutMs, idleTimeoutMs }).run("call", null, { clock, cleanupTimeoutMs: 0 });
    const { trace } = await settleTicking(outcome, clock);

    assertEquals(trace[0]?.error, `StepTimeoutError: Step "call" took too long: ${message}`);
    assertEquals([clock.now(), clock.pendingMs], [50, []]);
  });
}

Deno.test("Step.timeoutMs counts on while an action shows that it is alive", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add({
    name: "call",
    action: async (_ctx, _payload, _log, scope) => {
      while (!scope.signal.aborted) {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 10));
        scope.heartbeat();
      }
    },
    timeoutMs: 55,
    idleTimeoutMs: 20,
  });

  const { trace } = await settleTicking(workflow.run("call", null, { clock }), clock);

  assertEquals(trace[0]?.error, 'StepTimeoutError: Step "call" took too long: timeoutMs = 55');
});

Deno.test("Step.idleTimeoutMs starts over also with a log event that the reader is too slow for", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add({
    name: "call",
    action: async (_ctx, _payload, log) => {
      for (let count = 0; count < 4; count += 1) {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 40));
        log.event("alive");
      }
      return "done";
    },
    idleTimeoutMs: 50,
  });
  const stream = workflow.stream("call", null, { clock, maxBufferedEvents: 1 });
  await stream.next();
  await stream.next();

  for (let count = 0; count < 4; count += 1) {
    await laterTurn();
    clock.tick(40);
  }
  await laterTurn();
  const events = await Array.fromAsync(stream);

  const result = events.find((event) => event.type === "step.result");
  assertEquals([result?.result.value, result?.droppedLogs], ["done", 3]);
});

Deno.test("Step.timeoutMs of more than the longest timer is kept, in more than one", async () => {
  const clock = new ManualClock();
  const timeoutMs = 2 ** 31 + 10;
  const outcome = hanging({ timeoutMs }).run("call", null, { clock, cleanupTimeoutMs: 0 });
  await laterTurn();
  assertEquals(clock.pendingMs, [2 ** 31 - 1]);

  const { trace } = await settleTicking(outcome, clock);

  assertEquals([trace[0]?.ok, clock.now()], [false, timeoutMs]);
});

Deno.test("Step.timeoutMs stops those that are at work at the same time one by one", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => enqueue.all("call", [30, 10], { then: "merge" }),
    },
    {
      name: "call",
      action: async (_ctx, startMs) => {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, startMs));
        return startMs;
      },
      timeoutMs: 20,
    },
    { name: "merge", action: (_ctx, results: readonly Result[]) => results.map(({ ok }) => ok) },
  );

  const { context } = await settleTicking(workflow.run("list", null, { clock, concurrency: 2 }), clock);

  assertEquals(context["result.merge"], [false, true]);
});

Deno.test("RunOptions.timeoutMs counts from the first next(), not from stream()", async () => {
  const clock = new ManualClock();
  const stream = hanging({}).stream("call", null, { clock, timeoutMs: 80, cleanupTimeoutMs: 0 });
  stream.result.catch(() => {});
  clock.tick(1_000);
  await stream.next();
  await stream.next();

  clock.tick(79);
  const waiting = stream.next();
  assertEquals(await stateOf(waiting), "pending");
  clock.tick(1);

  assertEquals(await stateOf(waiting), "run.end");
});

Deno.test("RunOptions.timeoutMs ends a run that nobody reads, and its reader learns of it later", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add(
    { name: "first", action: () => 1, decision: decideTo("second") },
    { name: "second", action: () => 2 },
  );
  const stream: RunStream = workflow.stream("first", null, { clock, timeoutMs: 80 });
  await stream.next();
  await stream.next();

  clock.tick(80);
  const { items, failure } = await readAll(stream);

  assertEquals(items.map((event) => event.type === "run.end" ? event.status : event.type), ["step.result", "failed"]);
  assertInstanceOf(failure?.error, RunTimeoutError);
  assertEquals((failure?.error as RunTimeoutError).timeoutMs, 80);
});

Deno.test("RunOptions.timeoutMs makes run.end, the iterator and the result tell one error", async () => {
  const clock = new ManualClock();
  const stream = hanging({}).stream("call", null, { clock, timeoutMs: 80, cleanupTimeoutMs: 0 });
  const reading = readAll(stream);
  await laterTurn();

  clock.tick(80);
  const { items, failure } = await reading;

  const end = items.at(-1);
  const error = await settleTicking(stream.result.catch((reason) => reason), clock);
  assert(end?.type === "run.end");
  assertEquals([end.error === error, failure?.error === error], [true, true]);
});

Deno.test("RunOptions.timeoutMs drops what an action still does", async () => {
  using trap = new RejectionTrap();
  const clock = new ManualClock();
  const gate = Promise.withResolvers<void>();
  const calls: string[] = [];
  const workflow = new Workflow().add({
    name: "call",
    action: async (_ctx, _payload, log) => {
      await gate.promise;
      log.event("late");
      throw new Error("late");
    },
    decision: () => void calls.push("decision"),
    retry: { maxAttempts: 2 },
  });
  const reading = readAll(workflow.stream("call", null, { clock, timeoutMs: 80 }));
  await laterTurn();

  clock.tick(80);
  gate.resolve();
  const { items } = await reading;
  await laterTurn();

  assertEquals([typesOf(items), calls, trap.reasons], [["run.start", "step.start", "run.end"], [], []]);
});

Deno.test("RunOptions.timeoutMs ends a run whose decision takes its time", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add({ name: "call", action: () => 1, decision: () => new Promise(() => {}) });
  const outcome = workflow.run("call", null, { clock, timeoutMs: 80, cleanupTimeoutMs: 0 }).catch((error) => error);
  await laterTurn();

  clock.tick(80);

  assertInstanceOf(await settleTicking(outcome, clock), RunTimeoutError);
});

for (
  const [how, end] of [
    ["is cancelled", (stream) => stream.cancel()],
    ["is left", (stream) => stream.return()],
  ] as const satisfies readonly [string, (stream: RunStream) => unknown][]
) {
  Deno.test(`RunOptions.timeoutMs leaves no timer behind a run that ${how}`, async () => {
    const clock = new ManualClock();
    const stream: RunStream = new Workflow().add({ name: "call", action: () => 1 })
      .stream("call", null, { clock, timeoutMs: 80 });
    await stream.next();

    await end(stream);

    assertEquals(clock.pendingMs, []);
  });
}

Deno.test("RunOptions.timeoutMs leaves no timer behind a run that fails", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add({ name: "call", action: () => 1, decision: decideTo("lost") });

  await workflow.run("call", null, { clock, timeoutMs: 80 }).catch(() => {});

  assertEquals(clock.pendingMs, []);
});

Deno.test("RunOptions.timeoutMs sets no timer that is too long for the platform", async () => {
  const clock = new ManualClock();
  const stream = new Workflow().add({ name: "call", action: () => 1 }).stream("call", null, {
    clock,
    timeoutMs: 2 ** 31,
  });

  await stream.next();

  assertEquals(clock.pendingMs, []);
  await stream.return();
});

function hanging(policies: object): Workflow {
  return new Workflow().add({ name: "call", action: () => new Promise(() => {}), ...policies });
}
