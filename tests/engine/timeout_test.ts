import { type Action, RunTimeoutError, type StepScope, StepTimeoutError, Workflow } from "@stepstream/workflow";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { laterTurn, typesOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
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

function hanging(policies: object): Workflow {
  return new Workflow().add({ name: "call", action: () => new Promise(() => {}), ...policies });
}
