import {
  type Any,
  asStep,
  decideTo,
  GroupFailedError,
  PayloadError,
  type Result,
  type RunStream,
  type StandardSchema,
  type Step,
  StepLimitError,
  StepTimeoutError,
  Workflow,
  type WorkflowEvent,
} from "@stepstream/workflow";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { laterTurn, readAll, stateOf, typesOf } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { settleTicking } from "../tools/settle_ticking.ts";
import { spiedSignal } from "../tools/spied_signal.ts";

for (const concurrency of [1, 2, 16]) {
  Deno.test(`asStep() has dense numbers and tokens of their own for all steps, at concurrency ${concurrency}`, async () => {
    const events = await Array.fromAsync(deepGroups().stream("list", null, { concurrency, runId: "r" }));

    assertEquals(events.map(({ seq }) => seq), events.map((_event, index) => index + 1));
    const tokens = events.flatMap((event) => event.type === "step.start" ? [event.token] : []);
    assertEquals(tokens.toSorted((a, b) => a - b), Array.from({ length: 16 }, (_, index) => index + 1));
    assertEquals(events.filter(({ type }) => type === "run.start" || type === "run.end").length, 2);
    assertEquals(new Set(events.map(({ runId }) => runId)), new Set(["r"]));
  });

  Deno.test(`asStep() has every step inside in the trace in the order of the events, at concurrency ${concurrency}`, async () => {
    const stream: RunStream = deepGroups().stream("list", null, { concurrency });

    const events = await Array.fromAsync(stream);

    const results = events.flatMap((event) => event.type === "step.result" ? [[event.token, event.path]] : []);
    assertEquals((await stream.result).trace.map(({ token, path }) => [token, path]), results);
  });

  Deno.test(`asStep() comes to the same in run() as in a stream, at concurrency ${concurrency}`, async () => {
    const stream: RunStream = deepGroups().stream("list", null, { concurrency });
    await Array.fromAsync(stream);

    const drained = await deepGroups().run("list", null, { concurrency });

    const streamed = await stream.result;
    assertEquals(drained.context, streamed.context);
    // With more at work at once, who is first depends on the reader.
    if (concurrency === 1) assertEquals(drained.trace, streamed.trace);
    assertEquals(drained.trace.length, streamed.trace.length);
  });
}

Deno.test("asStep() makes its own token the parent of the first one inside", async () => {
  const events = await Array.fromAsync(outer(asStep("inner", chain("a", "b"), { start: "a" })).stream("inner"));

  const parents = events.flatMap((event) =>
    event.type === "step.start" ? [[event.step, event.token, event.parent]] : []
  );

  assertEquals(parents, [["inner", 1, null], ["a", 2, 1], ["b", 3, 2]]);
});

Deno.test("asStep() has the waiting tokens of the run inside alone in queueLength", async () => {
  const workflow = outer(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail("inner");
        enqueue.tail("after");
      },
    },
    asStep("inner", chain("a", "b"), { start: "a" }),
    { name: "after", action: () => null },
  );

  const { trace } = await workflow.run("list");

  assertEquals(trace.map(({ step, queueLengthAfter }) => [step, queueLengthAfter]), [
    ["list", 2],
    ["a", 1],
    ["b", 0],
    ["inner", 1],
    ["after", 0],
  ]);
});

Deno.test("asStep() keeps the context outside and each one inside apart", async () => {
  const inner = new Workflow().add({ name: "a", action: (ctx, item) => ctx.item = item });
  const workflow = outer(
    {
      name: "list",
      action: (ctx) => void (ctx.mine = "outer"),
      decision: (_ctx, _result, enqueue) => enqueue.all("inner", [1, 2, 3], { then: "merge" }),
    },
    asStep("inner", inner, { start: "a", context: (ctx) => ({ seen: ctx.mine }) }),
    { name: "merge", action: (_ctx, results: readonly Result[]) => results.map(({ value }) => value) },
  );

  const { context } = await workflow.run("list", null, { concurrency: 3 });

  assertEquals(context["result.merge"], [1, 2, 3].map((item) => ({ seen: "outer", item, "result.a": item })));
  assertEquals(Object.keys(context), ["mine", "result.list", "result.inner", "result.merge"]);
});

Deno.test("asStep() takes a copy of the context it is told, and makes one for every attempt", async () => {
  const given: Record<string, unknown> = { tries: 0 };
  const seen: unknown[] = [];
  const inner = new Workflow().add({
    name: "a",
    action: (ctx) => {
      ctx.tries += 1;
      seen.push(ctx.tries);
    },
    decision: decideTo("lost"),
  });

  await outer(asStep("inner", inner, { start: "a", context: () => given, retry: { maxAttempts: 3 } })).run("inner");

  assertEquals([seen, given], [[1, 1, 1], { tries: 0 }]);
});

for (const option of ["context", "value"] as const) {
  Deno.test(`asStep() fails where its ${option} throws`, async () => {
    const options = {
      [option]: () => {
        throw new Error("broken option");
      },
    };

    const { trace } = await outer(
      asStep("inner", chain("a"), { start: "a", ...options, decision: decideTo("after") }),
      {
        name: "after",
        action: () => "went on",
      },
    ).run("inner");

    assertEquals(trace.map(({ step, error }) => [step, error]).slice(-2), [
      ["inner", "Error: broken option"],
      ["after", null],
    ]);
  });
}

Deno.test("asStep() awaits a value that is made asynchronously", async () => {
  const step = asStep("inner", chain("a"), {
    start: "a",
    value: (context: Any) => Promise.resolve(context["result.a"]),
  });

  const { context } = await outer(step).run("inner", "in");

  assertEquals(context["result.inner"], "in");
});

Deno.test("asStep() fails alone where a decision inside throws, and aborts what is at work inside", async () => {
  const gates = new Gates();
  const inner = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail("wait");
        enqueue.tail("throw");
      },
    },
    { name: "wait", action: (_ctx, _payload, _log, scope) => gates.wait("wait", scope.signal) },
    {
      name: "throw",
      action: () => null,
      decision: () => {
        throw new Error("undecided");
      },
    },
  );
  const workflow = outer(asStep("inner", inner, { start: "list", decision: decideTo("after") }), {
    name: "after",
    action: () => "went on",
  });
  const outcome = workflow.run("inner", null, { concurrency: 3, clock: new ManualClock() });
  await laterTurn();
  assertEquals(gates.aborted, ["wait"]);

  gates.openAll();
  const { trace } = await outcome;

  assertEquals(trace.map(({ step, error }) => [step, error]), [
    ["list", null],
    ["inner", "Error: undecided"],
    ["after", null],
  ]);
});

Deno.test("asStep() hands the reason of a cancelled run to the signals inside, however deep", async () => {
  const reasons: unknown[] = [];
  const deepest = new Workflow().add({
    name: "wait",
    action: (_ctx, _payload, _log, { signal }) =>
      new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          resolve();
        });
      }),
  });
  const middle = outer(asStep("middle", deepest, { start: "wait" }));
  const stream = outer(asStep("inner", middle, { start: "middle" })).stream("inner");
  stream.result.catch(() => {});
  await laterTurn();

  const cancelled = stream.cancel("enough");

  assertEquals(reasons, ["enough"]);
  await cancelled;
});

for (
  const [name, leave] of [
    ["cancel()", (stream) => stream.cancel()],
    ["an aborted signal", (_stream, abort) => abort()],
    ["return()", (stream) => stream.return()],
  ] as const satisfies readonly [string, (stream: RunStream, abort: () => void) => unknown][]
) {
  Deno.test(`asStep() leaves nothing behind in a run that is ended by ${name}`, async () => {
    using trap = new RejectionTrap();
    const gates = new Gates();
    const clock = new ManualClock();
    const spied = spiedSignal();
    const started: string[] = [];
    const inner = new Workflow().add(
      {
        name: "wait",
        action: (_ctx, _payload, _log, { signal }) => gates.wait("wait", signal).then(() => Promise.reject("late")),
        decision: decideTo("next"),
        timeoutMs: 500,
        retry: { maxAttempts: 3, delayMs: 500 },
      },
      { name: "next", action: () => started.push("next") },
    );
    const stream: RunStream = outer(
      asStep("inner", inner, { start: "wait", timeoutMs: 700, retry: { maxAttempts: 2 } }),
    )
      .stream("inner", null, { clock, signal: spied.signal });
    for (let count = 0; count < 3; count += 1) await stream.next();
    await laterTurn();
    assertEquals(gates.waiting, ["wait"]);

    const left = leave(stream, spied.abort);
    assertEquals(gates.aborted, ["wait"]);
    gates.openAll();
    await left;
    await stream.result.catch(() => {});
    await laterTurn();

    assertEquals([started, clock.pendingMs, spied.listeners, trap.reasons], [[], [], 0, []]);
  });
}

Deno.test("asStep() is cancelled in the delay before an attempt inside, with no timer left", async () => {
  const clock = new ManualClock();
  const inner = new Workflow().add({
    name: "call",
    action: () => Promise.reject(new Error("again")),
    retry: { maxAttempts: 9, delayMs: 60_000, jitter: "none" },
  });
  const stream = outer(asStep("inner", inner, { start: "call" })).stream("inner", null, { clock });
  const reading = Array.fromAsync(stream);
  await laterTurn();
  assertEquals(clock.pendingMs, [60_000]);

  const cancelled = stream.cancel();
  assertEquals(clock.pendingMs.includes(60_000), false);
  await cancelled;

  assertEquals(typesOf(await reading).slice(-2), ["step.retry", "run.end"]);
  assertEquals(clock.pendingMs, []);
});

Deno.test("asStep() with timeoutMs aborts what is inside with the StepTimeoutError, and its steps have no result", async () => {
  const clock = new ManualClock();
  const reasons: unknown[] = [];
  const inner = new Workflow().add({
    name: "wait",
    action: (_ctx, _payload, _log, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        });
      }),
  });

  const outcome = outer(asStep("inner", inner, { start: "wait", timeoutMs: 50 })).run("inner", null, { clock });
  const { trace } = await settleTicking(outcome, clock);

  assertInstanceOf(reasons[0], StepTimeoutError);
  assertEquals(trace.map(({ step }) => step), ["inner"]);
  assertEquals([clock.now(), clock.pendingMs], [50, []]);
});

Deno.test("asStep() with timeoutMs drops what is told late inside", async () => {
  using trap = new RejectionTrap();
  const clock = new ManualClock();
  const gates = new Gates();
  const inner = new Workflow().add({
    name: "wait",
    action: async (_ctx, _payload, log) => {
      await gates.wait("deaf");
      log.event("late");
      throw new Error("late");
    },
    decision: decideTo("next"),
  }, { name: "next", action: () => null });
  const workflow = outer(asStep("inner", inner, { start: "wait", timeoutMs: 50, decision: decideTo("after") }), {
    name: "after",
    action: () => gates.wait("after"),
  });
  const reading = Array.fromAsync(workflow.stream("inner", null, { clock }));
  await laterTurn();
  clock.tick(50);
  await laterTurn();

  gates.open("deaf");
  await laterTurn();
  gates.open("after");
  const events = await settleTicking(reading, clock);

  assertEquals(events.flatMap((event) => "step" in event ? [`${event.type} ${event.step}`] : []), [
    "step.start inner",
    "step.start wait",
    "step.result inner",
    "step.start after",
    "step.result after",
  ]);
  assertEquals([trap.reasons, clock.pendingMs], [[], []]);
});

Deno.test("asStep() does not count the time it waits for the reader for timeoutMs and idleTimeoutMs", async () => {
  const clock = new ManualClock();
  const workflow = outer(asStep("inner", chain("a", "b", "c"), { start: "a", timeoutMs: 50, idleTimeoutMs: 50 }));
  const types: string[] = [];

  for await (const event of workflow.stream("inner", null, { clock })) {
    types.push("step" in event ? `${event.type} ${event.step}` : event.type);
    await laterTurn();
    clock.tick(1_000);
  }

  assertEquals(types, [
    "run.start",
    "step.start inner",
    ...["a", "b", "c"].flatMap((step) => [`step.start ${step}`, `step.result ${step}`]),
    "step.result inner",
    "run.end",
  ]);
});

Deno.test("asStep() stays alive by what happens two levels further in, also in run()", async () => {
  const clock = new ManualClock();
  const deepest = new Workflow().add({
    name: "talk",
    action: async (_ctx, _payload, log) => {
      for (let count = 0; count < 4; count += 1) {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 40));
        log.event("alive");
      }
    },
  });
  const middle = outer(asStep("middle", deepest, { start: "talk" }));

  const { trace } = await settleTicking(
    outer(asStep("inner", middle, { start: "middle", idleTimeoutMs: 50 })).run("inner", null, { clock }),
    clock,
  );

  assertEquals(trace.map(({ step, ok }) => [step, ok]), [["talk", true], ["middle", true], ["inner", true]]);
});

Deno.test("asStep() tries the workflow inside again, with new tokens for its steps", async () => {
  let runs = 0;
  const inner = new Workflow().add({
    name: "a",
    action: () => null,
    decision: () => {
      runs += 1;
      if (runs < 3) throw new Error(`${runs}`);
    },
  });
  const step = asStep("inner", inner, { start: "a", retry: { maxAttempts: 3 } });

  const events = await Array.fromAsync(outer(step).stream("inner"));

  assertEquals(
    events.flatMap((event) => "token" in event ? [[event.type, event.step, event.token, event.attempt]] : []),
    [
      ["step.start", "inner", 1, 1],
      ["step.start", "a", 2, 1],
      ["step.retry", "inner", 1, 1],
      ["step.start", "inner", 1, 2],
      ["step.start", "a", 3, 1],
      ["step.retry", "inner", 1, 2],
      ["step.start", "inner", 1, 3],
      ["step.start", "a", 4, 1],
      ["step.result", "a", 4, 1],
      ["step.result", "inner", 1, 3],
    ],
  );
});

for (const depth of [1, 2, 3]) {
  Deno.test(`asStep() lets maxSteps end the whole run from ${depth} levels further in`, async () => {
    let workflow = chain("a", "b", "c");
    for (let level = 1; level <= depth; level += 1) {
      workflow = outer(
        asStep(`level${level}`, workflow, {
          start: level === 1 ? "a" : `level${level - 1}`,
          retry: { maxAttempts: 3 },
          decision: decideTo("after"),
        }),
        { name: "after", action: () => null },
      );
    }
    const stream: RunStream = workflow.stream(`level${depth}`, null, { maxSteps: depth + 2 });

    const { items, failure } = await readAll(stream);

    const end = items.at(-1);
    assert(end?.type === "run.end");
    assertEquals([end.status, end.steps, failure?.error === end.error], ["failed", 2, true]);
    assertInstanceOf(end.error, StepLimitError);
    assertEquals(items.flatMap((event) => event.type === "step.start" ? [event.step] : []).slice(-2), ["a", "b"]);
    await assertRejects(() => stream.result, StepLimitError);
  });
}

Deno.test("asStep() counts the steps of all its runs at once for maxSteps", async () => {
  const workflow = outer(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => enqueue.all("inner", [1, 2, 3], { then: "merge" }),
    },
    asStep("inner", chain("a", "b"), { start: "a" }),
    { name: "merge", action: () => null },
  );

  for (const concurrency of [1, 8]) {
    await assertRejects(() => workflow.run("list", null, { maxSteps: 10, concurrency }), StepLimitError);
    assertEquals((await workflow.run("list", null, { maxSteps: 11, concurrency })).trace.length, 11);
  }
});

for (const concurrency of [1, 2, 3]) {
  Deno.test(`asStep() keeps to a concurrency of ${concurrency} with synchronous and asynchronous steps inside`, async () => {
    let atWork = 0;
    let most = 0;
    const work = async () => {
      atWork += 1;
      most = Math.max(most, atWork);
      await laterTurn();
      atWork -= 1;
    };
    const inner = new Workflow().add(
      {
        name: "list",
        action: () => null,
        decision: (_ctx, _result, enqueue) => {
          for (let item = 0; item < 4; item += 1) enqueue.tail("work");
        },
      },
      { name: "work", action: work },
    );
    const workflow = outer(
      {
        name: "begin",
        action: () => null,
        decision: (_ctx, _result, enqueue) => {
          for (const step of ["work", "inner", "work", "inner", "work"]) enqueue.tail(step);
        },
      },
      asStep("inner", inner, { start: "list" }),
      { name: "work", action: work },
    );

    await workflow.run("begin", null, { concurrency });

    assertEquals(most, concurrency);
  });
}

for (
  const [where, starts, concurrency] of [
    ["an action outside", [["wait", "other"], ["inner", "inside"]], 2],
    ["a workflow beside it", [["single", "other"], ["single", "one more"], ["inner", "inside"]], 3],
  ] as const
) {
  Deno.test(`asStep() lets what is inside use the room that ${where} gives back`, async () => {
    const gates = new Gates();
    const wait: Step = { name: "wait", action: (_ctx, name) => gates.wait(name) };
    const inner = new Workflow().add({
      name: "begin",
      action: (_ctx, name) => name,
      decision: (_ctx, { value }, enqueue) => {
        for (const item of [1, 2]) enqueue.tail("wait", `${value} ${item}`);
      },
    }, wait);
    const workflow = outer(
      {
        name: "list",
        action: () => null,
        decision: (_ctx, _result, enqueue) => {
          for (const [step, name] of starts) enqueue.tail(step, name);
        },
      },
      wait,
      asStep("single", outer(wait), { start: "wait" }),
      asStep("inner", inner, { start: "begin" }),
    );
    const outcome = workflow.run("list", null, { concurrency });
    await laterTurn();
    assertEquals([gates.waiting.length, gates.waiting.includes("inside 2")], [concurrency, false]);

    gates.open("other");
    await laterTurn();

    assertEquals([gates.waiting.length, gates.waiting.includes("inside 2")], [concurrency, true]);
    gates.openAll();
    await outcome;
  });
}

Deno.test("asStep() in a fail-fast group is stopped with all that is inside", async () => {
  const gates = new Gates();
  const reasons: unknown[] = [];
  const inner = new Workflow().add({
    name: "wait",
    action: async (_ctx, _payload, _log, { signal }) => {
      await gates.wait("inside", signal);
      reasons.push(signal.reason);
    },
  });
  const workflow = outer(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => enqueue.all("item", [1, 2], { then: "merge", mode: "fail-fast" }),
    },
    {
      name: "item",
      action: (_ctx, item) => item,
      decision: (_ctx, { value }, enqueue) => enqueue.tail(value === 1 ? "inner" : "fail"),
    },
    asStep("inner", inner, { start: "wait" }),
    { name: "fail", action: () => gates.wait("fail").then(() => Promise.reject(new Error("boom"))) },
    { name: "merge", action: (_ctx, results) => results },
  );
  const outcome = workflow.run("list", null, { concurrency: 3, clock: new ManualClock() });
  await laterTurn();

  gates.open("fail");
  await laterTurn();
  assertEquals(gates.aborted, ["inside"]);
  gates.openAll();
  const { context, trace } = await outcome;

  assertInstanceOf(reasons[0], GroupFailedError);
  assertEquals(context["result.merge"].map(({ error }: Result) => String(error)), [
    "GroupFailedError: Stopped because another of its group failed",
    "Error: boom",
  ]);
  assertEquals(trace.filter(({ step }) => step === "wait"), []);
});

const REFUSALS: Record<string, (result: { issues: readonly [] }) => unknown> = {
  "a synchronous": (result) => result,
  "an asynchronous": (result) => Promise.resolve(result),
};

for (const [kind, wrap] of Object.entries(REFUSALS)) {
  Deno.test(`asStep() fails with the PayloadError of ${kind} schema of its start, and is not tried again`, async () => {
    const validate = () => wrap({ issues: [] });
    const input = { "~standard": { version: 1, vendor: "test", validate } } as StandardSchema;
    const inner = new Workflow().add({ name: "a", input, action: () => 1 });
    const workflow = outer(
      asStep("inner", inner, { start: "a", retry: { maxAttempts: 3 }, decision: decideTo("after") }),
      {
        name: "after",
        action: () => null,
      },
    );

    const events = await Array.fromAsync(workflow.stream("inner"));

    assertEquals(events.flatMap((event) => "step" in event ? [`${event.type} ${event.step}`] : []), [
      "step.start inner",
      "step.result inner",
      "step.start after",
      "step.result after",
    ]);
    const result = events.find((event) => event.type === "step.result");
    assertInstanceOf(result?.result.error, PayloadError);
    assertEquals(result.result.error.stepName, "a");
  });
}

Deno.test("asStep() that asks an asynchronous schema is cancelled with the run, in the same turn", async () => {
  const clock = new ManualClock();
  const input: StandardSchema = { "~standard": { version: 1, vendor: "test", validate: () => new Promise(() => {}) } };
  const inner = new Workflow().add({ name: "a", input, action: () => 1 });
  const stream = outer(asStep("inner", inner, { start: "a" })).stream("inner", null, { clock });
  await stream.next();
  await stream.next();
  await laterTurn();

  const cancelled = stream.cancel();

  assertEquals(await stateOf(cancelled), "resolved: undefined");
  assertEquals(clock.pendingMs, []);
});

Deno.test("asStep() tells the run's loggers of the steps inside", async () => {
  const told: string[] = [];
  const inner = new Workflow().add({ name: "a", action: (_ctx, _payload, log) => log.event("hello") });

  await outer(asStep("inner", inner, { start: "a" })).run("inner", null, {
    logger: { log: (step) => told.push(step), event: (step, name) => told.push(`${step} ${name}`) },
  });

  assertEquals(told, ["a hello", "a", "inner"]);
});

Deno.test("asStep() tells of a logger that throws once a run, not once more for what is inside", async () => {
  const logger = {
    log: () => {
      throw new Error("broken logger");
    },
  };
  const workflow = outer(asStep("inner", chain("a", "b"), { start: "a", decision: decideTo("after") }), {
    name: "after",
    action: () => null,
  });

  const events = await Array.fromAsync(workflow.stream("inner", null, { logger }));

  assertEquals(events.flatMap((event) => event.type === "step.log" ? [event.name] : []), ["logger.failed"]);
});

Deno.test("asStep() pulls a generator inside only as far as the reader goes", async () => {
  const pulled: number[] = [];
  const inner = new Workflow().add({
    name: "count",
    action: function* () {
      for (let index = 1; index <= 3; index += 1) {
        pulled.push(index);
        yield index;
      }
    },
  });
  const stream = outer(asStep("inner", inner, { start: "count" })).stream("inner");
  const seen: [string | undefined, number][] = [];
  for (let count = 0; count < 5; count += 1) {
    const { value }: { value?: WorkflowEvent } = await stream.next();
    await laterTurn();
    seen.push([value?.type, pulled.length]);
  }

  assertEquals(seen, [
    ["run.start", 0],
    ["step.start", 0],
    ["step.start", 0],
    ["step.chunk", 1],
    ["step.chunk", 2],
  ]);
  await stream.return();
});

Deno.test("asStep() gives every action inside an idempotency key of its own", async () => {
  const keys: string[] = [];
  const inner = new Workflow().add({
    name: "a",
    action: (_ctx, _payload, _log, scope) => void keys.push(scope.idempotencyKey),
  });
  const workflow = outer(
    {
      name: "list",
      action: (_ctx, _payload, _log, scope) => void keys.push(scope.idempotencyKey),
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail("inner");
        enqueue.tail("inner");
      },
    },
    asStep("inner", inner, { start: "a" }),
  );

  await workflow.run("list", null, { runId: "r" });

  assertEquals([keys.length, new Set(keys).size], [3, 3]);
});

Deno.test("asStep() of a workflow may be a step of two workflows, and run in both at once", async () => {
  const step = asStep("inner", chain("a"), { start: "a", value: (context: Any) => context["result.a"] });
  const [one, two] = [outer(step), outer(step)];

  const outcomes = await Promise.all([one.run("inner", 1), two.run("inner", 2), one.run("inner", 3)]);

  assertEquals(outcomes.map(({ context }) => context["result.inner"]), [1, 2, 3]);
});

Deno.test("asStep() refuses to run with a scope that is not the engine's", async () => {
  const step = asStep("inner", chain("a"), { start: "a" });
  const workflow = outer(step);

  const { trace } = await workflow.run("inner", null, {
    executor: {
      execute: (step, context, payload, log, scope) => step.action(context, payload, log, { ...scope }),
    },
  });

  assertEquals(
    trace[0]?.error,
    "TypeError: Cannot run a workflow inside a step: the scope is not the engine's own",
  );
});

Deno.test("asStep() with timeoutMs moves on, also where a decision inside never settles", async () => {
  const clock = new ManualClock();
  const inner = new Workflow().add({ name: "a", action: () => null, decision: () => new Promise(() => {}) });
  const workflow = outer(asStep("inner", inner, { start: "a", timeoutMs: 50, decision: decideTo("after") }), {
    name: "after",
    action: () => "went on",
    decision: () => {},
  });
  const outcome = workflow.run("inner", null, { clock, cleanupTimeoutMs: 0 });
  await laterTurn();

  clock.tick(50);
  await laterTurn();
  clock.tick(1_000);

  assertEquals(await stateOf(outcome), "resolved");
  assertEquals((await outcome).trace.map(({ step, ok }) => [step, ok]), [["inner", false], ["after", true]]);
});

Deno.test("asStep() does not count the time that a workflow two levels further in waits for the reader", async () => {
  const clock = new ManualClock();
  const middle = outer(asStep("middle", chain("a", "b"), { start: "a" }));
  const workflow = outer(asStep("inner", middle, { start: "middle", timeoutMs: 50, idleTimeoutMs: 50 }));
  const results: string[] = [];

  for await (const event of workflow.stream("inner", null, { clock })) {
    if (event.type === "step.result") results.push(`${event.step} ${event.result.ok}`);
    await laterTurn();
    clock.tick(1_000);
  }

  assertEquals(results, ["a true", "b true", "middle true", "inner true"]);
});

Deno.test("asStep() does not count the time that a generator inside waits for the reader", async () => {
  const clock = new ManualClock();
  const inner = new Workflow().add({
    name: "count",
    action: function* () {
      yield 1;
      yield 2;
    },
  });
  const workflow = outer(asStep("inner", inner, { start: "count", timeoutMs: 50, idleTimeoutMs: 50 }));
  const results: string[] = [];

  for await (const event of workflow.stream("inner", null, { clock })) {
    if (event.type === "step.result") results.push(`${event.step} ${event.result.ok}`);
    await laterTurn();
    clock.tick(1_000);
  }

  assertEquals(results, ["count true", "inner true"]);
});

Deno.test("asStep() takes thousands of workflows at once", async () => {
  const inner = new Workflow().add({ name: "a", action: () => laterTurn(), decision: decideTo("b") }, {
    name: "b",
    action: (_ctx, item) => Promise.resolve(item),
  });
  const workflow = outer(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) =>
        enqueue.all("inner", Array.from({ length: 3_000 }, (_, index) => index), { then: "merge" }),
    },
    asStep("inner", inner, { start: "a" }),
    { name: "merge", action: (_ctx, results) => results.length },
  );

  const { context } = await workflow.run("list", null, { concurrency: Infinity, maxSteps: Infinity });

  assertEquals(context["result.merge"], 3_000);
});

/** Steps that hand on their payload, each to the next. */
function chain(...names: readonly string[]): Workflow {
  return outer(...names.map((name, index): Step => {
    const next = names[index + 1];
    return { name, action: (_ctx, payload) => payload, ...(next === undefined ? {} : { decision: decideTo(next) }) };
  }));
}

/** A group of two workflows that each have a group of four inside, some steps asynchronous: 16 steps in all. */
function deepGroups(): Workflow {
  const inner = new Workflow().add(
    {
      name: "spread",
      action: (_ctx, item) => item,
      decision: (_ctx, { value }, enqueue) =>
        enqueue.all("part", [1, 2, 3, 4].map((part) => value * 10 + part), { then: "join" }),
    },
    { name: "part", action: (_ctx, part) => part % 2 === 0 ? part : Promise.resolve(part) },
    { name: "join", action: (_ctx, results: readonly Result[]) => results.map(({ value }) => value) },
  );
  return outer(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => enqueue.all("inner", [1, 2], { then: "merge" }),
    },
    asStep("inner", inner, { start: "spread", value: (context: Any) => context["result.join"] }),
    { name: "merge", action: (_ctx, results: readonly Result[]) => results.map(({ value }) => value) },
  );
}

function outer(...steps: readonly Step[]): Workflow {
  return new Workflow().add(...steps);
}
