import { type Action, type RunOptions, type Step, Workflow, type WorkflowEvent } from "@stepstream/workflow";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { laterTurn, typesOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { revokedProxy } from "../tools/revoked_proxy.ts";
import { settleTicking } from "../tools/settle_ticking.ts";
import { spiedSignal } from "../tools/spied_signal.ts";

type Retry = NonNullable<Step["retry"]>;

Deno.test("Step.retry tries again until the action succeeds, and tells each failure but the last", async () => {
  const clock = new ManualClock();
  const workflow = failing(2, { maxAttempts: 5, delayMs: 100, jitter: "none" });

  const events = await readAllTicking(workflow, { clock });

  assertEquals(typesOf(events), [
    "run.start",
    "step.start",
    "step.log",
    "step.retry",
    "step.start",
    "step.log",
    "step.retry",
    "step.start",
    "step.log",
    "step.result",
    "run.end",
  ]);
  assertEquals(
    events.flatMap((event) => "attempt" in event ? [[event.type, event.attempt]] : []),
    [1, 2, 3].flatMap((n) => [["step.start", n], ["step.log", n], [n < 3 ? "step.retry" : "step.result", n]]),
  );
  assertEquals(clock.pendingMs, []);
});

Deno.test("Step.retry gives up after maxAttempts, with the last error", async () => {
  const workflow = failing(9, { maxAttempts: 3 });

  const { context, trace } = await workflow.run("call");

  assertEquals(context["result.call"], null);
  assertEquals(trace.map(({ error, attempts }) => ({ error, attempts })), [{ error: "Error: 3", attempts: 3 }]);
});

for (
  const [name, retry, delays] of [
    ["doubles the delay", { delayMs: 100 }, [100, 200, 400, 800]],
    ["multiplies the delay by the factor", { delayMs: 10, factor: 3 }, [10, 30, 90, 270]],
    ["keeps the delay with a factor of 1", { delayMs: 10, factor: 1 }, [10, 10, 10, 10]],
    ["waits no longer than maxDelayMs", { delayMs: 100, maxDelayMs: 250 }, [100, 200, 250, 250]],
    ["waits not at all by default", {}, [0, 0, 0, 0]],
  ] as const
) {
  Deno.test(`Step.retry without jitter ${name}`, async () => {
    const clock = new ManualClock();
    const workflow = failing(9, { maxAttempts: 5, jitter: "none", ...retry });

    const events = await readAllTicking(workflow, { clock });

    assertEquals(delaysOf(events), [...delays]);
    assertEquals(clock.now(), delays.reduce<number>((sum, delayMs) => sum + delayMs, 0));
  });
}

Deno.test("Step.retry with jitter waits a part of the delay, not always the same", async () => {
  const seen = new Set<number>();
  for (let run = 0; run < 50; run += 1) {
    const workflow = failing(9, { maxAttempts: 3, delayMs: 1_000 });

    const [first = -1, second = -1] = delaysOf(await readAllTicking(workflow, { clock: new ManualClock() }));

    assert(first >= 0 && first <= 1_000 && second >= 0 && second <= 2_000, `${first}, ${second}`);
    seen.add(first);
  }
  assert(seen.size > 10);
});

for (
  const [retryAfterMs, delayMs] of [
    [700, 700],
    [0, 0],
    ["3", 3_000],
    ["Thu, 01 Jan 1970 00:00:04 GMT", 4_000],
    ["Wed, 31 Dec 1969 00:00:00 GMT", 0],
    [60_000, 5_000],
    ["soon", 10],
    [-1, 10],
    [NaN, 10],
    [null, 10],
  ] as const
) {
  Deno.test(`Step.retry takes an error's retryAfterMs of ${JSON.stringify(retryAfterMs)} for ${delayMs} ms`, async () => {
    const workflow = new Workflow().add({
      name: "call",
      action: () => Promise.reject(Object.assign(new Error("busy"), { retryAfterMs })),
      retry: { maxAttempts: 2, delayMs: 10, maxDelayMs: 5_000, jitter: "none" },
    });

    const events = await readAllTicking(workflow, { clock: new ManualClock() });

    assertEquals(delaysOf(events), [delayMs]);
  });
}

Deno.test("Step.retry asks `when` with the error and the attempt that failed", async () => {
  const asked: unknown[] = [];
  const when = (error: unknown, attempt: number) => {
    asked.push([String(error), attempt]);
    return attempt < 2;
  };
  const workflow = failing(9, { maxAttempts: 5, when });

  const { trace } = await workflow.run("call");

  assertEquals(asked, [["Error: 1", 1], ["Error: 2", 2]]);
  assertEquals(trace[0]?.attempts, 2);
});

Deno.test("Step.retry counts as one step, with one decision and one idempotency key", async () => {
  const keys = new Set<string>();
  let decisions = 0;
  const workflow = new Workflow().add({
    name: "call",
    action: (_ctx, _payload, _log, scope) => {
      keys.add(scope.idempotencyKey);
      if (scope.attempt < 3) throw new Error("again");
    },
    decision: () => decisions += 1,
    retry: { maxAttempts: 3 },
  });

  const events = await Array.fromAsync(workflow.stream("call", null, { maxSteps: 1, runId: "run-1" }));

  const end = events.at(-1);
  assertEquals(end?.type === "run.end" && [end.status, end.steps], ["completed", 1]);
  assertEquals([decisions, [...keys]], [1, ["run-1/1"]]);
});

Deno.test("Step.retry drops what a failed attempt still does", async () => {
  let late = () => {};
  const workflow = new Workflow().add({
    name: "call",
    action: (_ctx, _payload, log, scope) => {
      if (scope.attempt === 2) return late();
      late = () => log.event("late");
      throw new Error("again");
    },
    retry: { maxAttempts: 2 },
  });

  const events = await Array.fromAsync(workflow.stream("call"));

  assertEquals(events.filter(({ type }) => type === "step.log"), []);
});

Deno.test("Step.retry voids the chunks of a generator that fails, by their attempt", async () => {
  const workflow = new Workflow().add({
    name: "call",
    action: function* (_ctx, _payload, _log, scope) {
      yield "a";
      if (scope.attempt === 1) throw new Error("again");
      return "done";
    },
    retry: { maxAttempts: 2 },
  });

  const events = await Array.fromAsync(workflow.stream("call"));

  assertEquals(
    events.flatMap((event) => event.type === "step.chunk" ? [[event.attempt, event.value]] : []),
    [[1, "a"], [2, "a"]],
  );
});

Deno.test("Step.retry ends a delay at once when the run is cancelled, and tries no more", async () => {
  const clock = new ManualClock();
  const spied = spiedSignal();
  let attempts = 0;
  const workflow = new Workflow().add({
    name: "call",
    action: () => {
      attempts += 1;
      throw new Error("again");
    },
    retry: { maxAttempts: 5, delayMs: 60_000, jitter: "none" },
  });
  const outcome = workflow.run("call", null, { clock, signal: spied.signal });
  await laterTurn();
  assertEquals(clock.pendingMs, [60_000]);

  spied.abort("enough");

  assertEquals(clock.pendingMs.filter((ms) => ms === 60_000), []);
  assertEquals(await outcome.catch((reason) => reason), "enough");
  assertEquals([attempts, clock.pendingMs, spied.listeners], [1, [], 0]);
});

Deno.test("Step.retry ends a run whose `when` throws", async () => {
  const workflow = failing(9, {
    maxAttempts: 2,
    when: () => {
      throw new Error("broken policy");
    },
  });

  await assertRejects(() => workflow.run("call"), Error, "broken policy");
});

const ACTIONS: Record<string, Action> = {
  "a synchronous action": (_ctx, _payload, log, { attempt }) => {
    log.event("try");
    if (attempt < 3) throw new Error(`${attempt}`);
    return "done";
  },
  "an asynchronous action": async (_ctx, _payload, log, { attempt }) => {
    await undefined;
    log.event("try");
    if (attempt < 3) throw new Error(`${attempt}`);
    return "done";
  },
  "a generator": function* (_ctx, _payload, _log, { attempt }) {
    yield "try";
    if (attempt < 3) throw new Error(`${attempt}`);
    return "done";
  },
  "an asynchronous generator": async function* (_ctx, _payload, _log, { attempt }) {
    await undefined;
    yield "try";
    if (attempt < 3) throw new Error(`${attempt}`);
    return "done";
  },
};

for (const [kind, action] of Object.entries(ACTIONS)) {
  Deno.test(`Step.retry tries ${kind} again, and tells all of an attempt with its number`, async () => {
    const workflow = new Workflow().add({
      name: "call",
      action,
      retry: { maxAttempts: 5, delayMs: 7, factor: 1, jitter: "none" },
    });

    const events = await readAllTicking(workflow, { clock: new ManualClock() });

    const told = kind.endsWith("generator") ? "step.chunk" : "step.log";
    assertEquals(
      events.flatMap((event) => "attempt" in event ? [[event.type, event.attempt]] : []),
      [1, 2, 3].flatMap((n) => [["step.start", n], [told, n], [n < 3 ? "step.retry" : "step.result", n]]),
    );
    assertEquals(
      events.flatMap((event) => event.type === "step.retry" ? [[String(event.error), event.delayMs]] : []),
      [["Error: 1", 7], ["Error: 2", 7]],
    );
    assertEquals(
      events.flatMap((event) => event.type === "step.result" ? [event.result] : []),
      [{ ok: true, value: "done", error: null }],
    );
  });
}

Deno.test("Step.retry tells the very error that the action threw", async () => {
  const error = { code: "EBUSY" };
  const workflow = new Workflow().add({
    name: "call",
    action: () => Promise.reject(error),
    retry: { maxAttempts: 2 },
  });

  const events = await Array.fromAsync(workflow.stream("call"));

  const [retry] = events.filter((event) => event.type === "step.retry");
  assertStrictEquals(retry?.error, error);
});

Deno.test("Step.retry has a payload of its own in no event but the starts and the result", async () => {
  const events = await readAllTicking(failing(1, { maxAttempts: 2 }), { clock: new ManualClock() });

  assertEquals(events.flatMap((event) => "payload" in event ? [event.type] : []), [
    "run.start",
    "step.start",
    "step.start",
    "step.result",
  ]);
});

for (
  const retryAfterMs of ["1.5", "-5", "5 minutes", "2 s", "", " ", "1e3", "0x10", "NaN", {}, [3], true, 3n, undefined]
) {
  const text = typeof retryAfterMs === "bigint" ? "3n" : JSON.stringify(retryAfterMs);

  Deno.test(`Step.retry ignores an error's retryAfterMs of ${text}`, async () => {
    const workflow = new Workflow().add({
      name: "call",
      action: () => Promise.reject(Object.assign(new Error("busy"), { retryAfterMs })),
      retry: { maxAttempts: 2, delayMs: 10, jitter: "none" },
    });

    const events = await readAllTicking(workflow, { clock: new ManualClock() });

    assertEquals(delaysOf(events), [10]);
  });
}

Deno.test("Step.retry fails the step alone where an error's retryAfterMs cannot be read", async () => {
  const workflow = new Workflow().add({
    name: "call",
    action: () => {
      throw Object.defineProperty(new Error("busy"), "retryAfterMs", {
        get: () => {
          throw new Error("secret");
        },
      });
    },
    retry: { maxAttempts: 2 },
  });

  const { trace } = await workflow.run("call");

  assertEquals(trace.map(({ error, attempts }) => ({ error, attempts })), [{ error: "Error: busy", attempts: 2 }]);
});

Deno.test("Step.retry fails the step alone where what was thrown cannot be looked at", async () => {
  const workflow = new Workflow().add({
    name: "call",
    action: () => {
      throw revokedProxy();
    },
    retry: { maxAttempts: 2 },
  });

  const { trace } = await workflow.run("call");

  assertEquals(trace.map(({ error, attempts }) => ({ error, attempts })), [{ error: "[unreadable]", attempts: 2 }]);
});

for (const thrown of [null, undefined, "busy", 7, Symbol("busy")]) {
  Deno.test(`Step.retry tries again after ${String(thrown)} was thrown`, async () => {
    const workflow = new Workflow().add({
      name: "call",
      action: () => Promise.reject(thrown),
      retry: { maxAttempts: 3 },
    });

    const { trace } = await workflow.run("call");

    assertEquals(trace[0]?.attempts, 3);
  });
}

Deno.test("Step.retry asks `when` neither for an attempt that went well nor for the last one", async () => {
  const asked: number[] = [];
  const when = (_error: unknown, attempt: number) => {
    asked.push(attempt);
    return true;
  };
  await failing(1, { maxAttempts: 3, when }).run("call");

  await failing(9, { maxAttempts: 3, when }).run("call");

  assertEquals(asked, [1, 1, 2]);
});

Deno.test("Step.retry of which `when` says no leaves no timer and tells no step.retry", async () => {
  const clock = new ManualClock();

  const events = await readAllTicking(failing(9, { maxAttempts: 3, delayMs: 50, when: () => false }), { clock });

  assertEquals(typesOf(events), ["run.start", "step.start", "step.log", "step.result", "run.end"]);
  assertEquals([clock.now(), clock.pendingMs], [0, []]);
});

Deno.test("Step.retry gives the decision and the context what the last attempt came to", async () => {
  const results: unknown[] = [];
  const workflow = new Workflow().add({
    name: "call",
    action: (ctx, _payload, _log, { attempt }) => {
      ctx.tries = attempt;
      if (attempt < 2) throw new Error("again");
      return "done";
    },
    decision: (_ctx, result) => void results.push(result),
    retry: { maxAttempts: 2 },
  });

  const { context } = await workflow.run("call");

  assertEquals(results, [{ ok: true, value: "done", error: null }]);
  assertEquals(context, { tries: 2, "result.call": "done" });
});

Deno.test("Step.retry calls the executor for every attempt, and the logger once a step", async () => {
  const executed: number[] = [];
  const lines: unknown[] = [];
  const workflow = failing(2, { maxAttempts: 3 });

  await workflow.run("call", "in", {
    executor: {
      execute: (step, context, payload, log, scope) => {
        executed.push(scope.attempt);
        return step.action(context, payload, log, scope);
      },
    },
    logger: { log: (step, payload, { ok, value }) => lines.push([step, payload, ok, value]) },
  });

  assertEquals([executed, lines], [[1, 2, 3], [["call", "in", true, "done"]]]);
});

Deno.test("Step.retry gives every token its own idempotency key and attempts", async () => {
  const seen: string[] = [];
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail("call", 1);
        enqueue.tail("call", 2);
      },
    },
    {
      name: "call",
      action: (_ctx, item, _log, { idempotencyKey, attempt }) => {
        seen.push(`${idempotencyKey} ${attempt}`);
        if (item === 1 && attempt === 1) throw new Error("again");
      },
      retry: { maxAttempts: 3 },
    },
  );

  await workflow.run("list", null, { runId: "r" });

  assertEquals(seen, ["r/2 1", "r/2 2", "r/3 1"]);
});

Deno.test("Step.retry drops what a failed attempt logs while the delay goes on", async () => {
  const clock = new ManualClock();
  let late = () => {};
  const workflow = new Workflow().add({
    name: "call",
    action: (_ctx, _payload, log, { attempt }) => {
      if (attempt === 2) return "done";
      late = () => log.event("late");
      throw new Error("again");
    },
    retry: { maxAttempts: 2, delayMs: 50, jitter: "none" },
  });
  const events = Array.fromAsync(workflow.stream("call", null, { clock }));
  await laterTurn();

  late();
  clock.tick(50);

  assertEquals(typesOf(await events), [
    "run.start",
    "step.start",
    "step.retry",
    "step.start",
    "step.result",
    "run.end",
  ]);
});

Deno.test("Step.retry counts the dropped logs of all attempts", async () => {
  const clock = new ManualClock();
  const workflow = new Workflow().add({
    name: "call",
    action: (_ctx, _payload, log, { attempt }) => {
      for (let count = 0; count < 3; count += 1) log.event("talk");
      if (attempt === 1) throw new Error("again");
    },
    retry: { maxAttempts: 2, delayMs: 1, jitter: "none" },
  });
  const stream = workflow.stream("call", null, { clock, maxBufferedEvents: 1 });
  await stream.next();

  const events = await settleTicking(Array.fromAsync(stream), clock);

  const logs = events.filter(({ type }) => type === "step.log").length;
  const dropped = events.flatMap((event) => event.type === "step.result" ? [event.droppedLogs] : []);
  assertEquals(dropped, [6 - logs]);
  assert(logs < 6, "some were dropped");
});

Deno.test("Step.retry waits for the delay before the next token of the queue too", async () => {
  const clock = new ManualClock();
  const order: string[] = [];
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail("call");
        enqueue.tail("next");
      },
    },
    {
      name: "call",
      action: (_ctx, _payload, _log, { attempt }) => {
        order.push(`call ${attempt}`);
        if (attempt === 1) throw new Error("again");
      },
      retry: { maxAttempts: 2, delayMs: 50, jitter: "none" },
    },
    { name: "next", action: () => order.push("next") },
  );

  await settleTicking(workflow.run("list", null, { clock }), clock);

  assertEquals(order, ["call 1", "call 2", "next"]);
});

Deno.test("Step.retry makes no more attempts than are read, so that memory stays bounded", async () => {
  const clock = new ManualClock();
  const workflow = failing(Infinity, { maxAttempts: Infinity, delayMs: 1, factor: 1, jitter: "none" });
  const stream = workflow.stream("call", null, { clock });
  await stream.next();
  await stream.next();

  for (let tick = 0; tick < 20; tick += 1) {
    await laterTurn();
    clock.tick(1);
  }

  await stream.cancel();
  const rest = await Array.fromAsync(stream);
  assert(rest.length < 10, `${rest.length} events are kept for a reader that stopped reading`);
});

Deno.test("Step.retry may try 20 000 times", async () => {
  const { trace } = await failing(19_999, { maxAttempts: Infinity, delayMs: 0 }).run("call", null, {
    clock: { now: () => 0, setTimeout: (callback) => queueMicrotask(callback), clearTimeout: () => {} },
  });

  assertEquals([trace[0]?.value, trace[0]?.attempts], ["done", 20_000]);
});

/** Fails so often, each time with the number of the attempt. */
function failing(times: number, retry: Retry): Workflow {
  return new Workflow().add({
    name: "call",
    action: (_ctx, _payload, log, scope) => {
      log.event("try");
      if (scope.attempt <= times) throw new Error(`${scope.attempt}`);
      return "done";
    },
    retry,
  });
}

function readAllTicking(workflow: Workflow, options: RunOptions & { clock: ManualClock }): Promise<WorkflowEvent[]> {
  return settleTicking(Array.fromAsync(workflow.stream("call", null, options)), options.clock);
}

function delaysOf(events: readonly WorkflowEvent[]): number[] {
  return events.flatMap((event) => event.type === "step.retry" ? [event.delayMs] : []);
}
