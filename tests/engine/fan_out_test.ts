import {
  type Enqueue,
  GroupFailedError,
  type Result,
  type Step,
  UndeclaredRouteError,
  UnknownStepError,
  Workflow,
} from "@stepstream/workflow";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { laterTurn } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";
import { ManualClock } from "../tools/manual_clock.ts";

for (const concurrency of [1, 3, 16]) {
  Deno.test(`enqueue.all() at concurrency ${concurrency} hands the results over in the order of the payloads`, async () => {
    const workflow = grouped([3, 1, 2], {
      action: async (_ctx, item) => {
        for (let turn = 0; turn < item; turn += 1) await laterTurn();
        if (item === 2) throw new Error("two");
        return item * 10;
      },
    });

    const { context, trace } = await workflow.run("list", null, { concurrency });

    assertEquals(texts(context["result.merge"]), [30, 10, "Error: two"]);
    assertEquals(trace.at(-1)?.step, "merge");
    assertEquals(trace.filter(({ step }) => step === "merge").length, 1);
  });
}

Deno.test("enqueue.all() waits for all that came of an item and takes the last result of its path", async () => {
  const workflow = grouped([1, 2], {
    action: (_ctx, item) => item,
    decision: (_ctx, _result, enqueue) => enqueue.tail("second"),
  }).add(
    { name: "second", action: (_ctx, item) => item * 10, decision: (_ctx, _result, enqueue) => enqueue.tail("third") },
    { name: "third", action: (_ctx, item) => item + 1 },
  );

  const { context, trace } = await workflow.run("list");

  assertEquals(texts(context["result.merge"]), [11, 21]);
  assertEquals(trace.map(({ step }) => step), [
    "list",
    ...["item", "item", "second", "second", "third", "third"],
    "merge",
  ]);
});

Deno.test("enqueue.all() of nothing runs `then` at once, with no results", async () => {
  const { context } = await grouped([], { action: () => null }).run("list");

  assertEquals(context["result.merge"], []);
});

Deno.test("enqueue.all() puts `then` after all that waits", async () => {
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.all("item", [1], { then: "merge" });
        enqueue.tail("other");
      },
    },
    { name: "item", action: () => 1 },
    { name: "other", action: () => 2 },
    { name: "merge", action: () => 3 },
  );

  const { trace } = await workflow.run("list");

  assertEquals(trace.map(({ step }) => step), ["list", "item", "other", "merge"]);
});

Deno.test("enqueue.all() inside a group makes a group that the outer one waits for", async () => {
  const workflow = grouped(["a", "b"], {
    action: (_ctx, item) => item,
    decision: (_ctx, result, enqueue) =>
      enqueue.all("part", [`${result.value}1`, `${result.value}2`], { then: "inner merge" }),
  }).add(
    { name: "part", action: (_ctx, part) => Promise.resolve(part) },
    { name: "inner merge", action: (_ctx, results) => texts(results).join("+") },
  );

  for (const concurrency of [1, 4]) {
    const { context } = await workflow.run("list", null, { concurrency });
    assertEquals(texts(context["result.merge"]), ["a1+a2", "b1+b2"]);
  }
});

Deno.test("enqueue.all() in mode fail-fast drops what waits and aborts what is at work, in the same turn", async () => {
  const gates = new Gates();
  const workflow = grouped([1, 2, 3, 4], {
    action: async (_ctx, item, _log, scope) => {
      await gates.wait(`item ${item}`, scope.signal);
      if (item === 2) throw new Error("two");
      return item;
    },
  }, "fail-fast");
  const events = Array.fromAsync(workflow.stream("list", null, { concurrency: 3 }));
  await laterTurn();
  gates.open("item 1");
  await laterTurn();
  gates.open("item 2");
  await laterTurn();

  assertEquals(gates.aborted, ["item 3", "item 4"]);
  const results = (await events).flatMap((event) => event.type === "step.result" ? [event] : []);
  const merged: Result[] = results.at(-1)?.payload;
  assertEquals(merged.map(({ ok }) => ok), [true, false, false, false]);
  assertEquals(merged.map(({ error }) => error instanceof GroupFailedError), [false, false, true, true]);
  assertInstanceOf(merged[3]?.error, GroupFailedError);
  assertStrictEquals(merged[3].error.cause, merged[1]?.error);
  assertEquals(results.map(({ step, token, result }) => [step, token, result.ok]), [
    ["list", 1, true],
    ["item", 2, true],
    ["item", 3, false],
    ["item", 4, false],
    ["item", 5, false],
    ["merge", 6, true],
  ]);
  gates.openAll();
});

Deno.test("enqueue.all() in mode fail-fast never starts what has not started", async () => {
  const started: number[] = [];
  const workflow = grouped([1, 2, 3], {
    action: (_ctx, item) => {
      started.push(item);
      throw new Error(`${item}`);
    },
  }, "fail-fast");

  const { context } = await workflow.run("list");

  assertEquals(started, [1]);
  assertEquals(context["result.merge"].length, 3);
});

Deno.test("enqueue.all() in mode fail-fast stops a group inside it", async () => {
  const started: string[] = [];
  const workflow = grouped(["good", "bad"], {
    action: (_ctx, item) => item,
    decision: (_ctx, result, enqueue) => {
      if (result.value === "good") enqueue.all("part", [1, 2, 3], { then: "inner merge" });
      else enqueue.head("fail");
    },
  }, "fail-fast").add(
    { name: "part", action: (_ctx, part) => started.push(`part ${part}`) },
    { name: "fail", action: () => Promise.reject(new Error("bad")) },
    { name: "inner merge", action: () => started.push("inner merge") },
  );

  const { context } = await workflow.run("list");

  assertEquals(started, []);
  assertEquals(texts(context["result.merge"]), [
    "GroupFailedError: Stopped because another of its group failed",
    "Error: bad",
  ]);
});

Deno.test("enqueue.all() in mode fail-fast goes on after a failure that its path got over", async () => {
  const workflow = grouped([1, 2], {
    action: () => Promise.reject(new Error("first try")),
    decision: (_ctx, _result, enqueue) => enqueue.tail("fallback"),
  }, "fail-fast").add({ name: "fallback", action: () => "saved" });

  const { context } = await workflow.run("list");

  assertEquals(texts(context["result.merge"]), ["saved", "saved"]);
});

Deno.test("enqueue.all() in mode fail-fast ends a wait before a retry", async () => {
  const clock = new ManualClock();
  const gates = new Gates();
  const workflow = grouped([1, 2], {
    action: async (_ctx, item) => {
      await gates.wait(`item ${item}`);
      throw new Error(`${item}`);
    },
    retry: { maxAttempts: 2, delayMs: 1_000, jitter: "none", when: (error) => String(error) === "Error: 1" },
  }, "fail-fast");
  const outcome = workflow.run("list", null, { clock, concurrency: 2 });
  await laterTurn();
  gates.open("item 1");
  await laterTurn();
  assertEquals(clock.pendingMs, [1_000]);
  gates.open("item 2");
  const { context } = await outcome;

  assertEquals(clock.pendingMs, []);
  assertEquals(texts(context["result.merge"]), [
    "GroupFailedError: Stopped because another of its group failed",
    "Error: 2",
  ]);
});

Deno.test("enqueue.all() is bounded by maxSteps", async () => {
  const workflow = grouped([1, 2, 3], { action: () => null });

  for (const concurrency of [1, 8]) {
    await assertRejects(() => workflow.run("list", null, { maxSteps: 3, concurrency }), Error, "maxSteps = 3");
  }
});

for (const concurrency of [1, 16]) {
  Deno.test(`enqueue.all() takes 100 000 items at concurrency ${concurrency}`, async () => {
    const items = Array.from({ length: 100_000 }, (_, index) => index);
    const workflow = grouped(items, { action: (_ctx, item) => item }, "settle", (results) => results.length);

    const { context } = await workflow.run("list", null, { maxSteps: Infinity, captureTrace: false, concurrency });

    assertEquals(context["result.merge"], 100_000);
  });
}

for (
  const [name, call, Failure, message] of [
    [
      "payloads that are no array",
      (all) => all("item", "abc", { then: "merge" }),
      TypeError,
      "array of payloads: string",
    ],
    ["an unknown mode", (all) => all("item", [], { then: "merge", mode: "all" }), RangeError, "mode must be"],
    ["a `then` that is no step", (all) => all("item", [], { then: "lost" }), UnknownStepError, '"lost"'],
    ["an item step that is none", (all) => all("lost", [], { then: "merge" }), UnknownStepError, '"lost"'],
    ["no `then`", (all) => all("item", [1], {}), TypeError, "string as the step's name"],
    ["no options", (all) => all("item", [1]), TypeError, "string as the step's name"],
  ] as const satisfies readonly [
    string,
    (all: (...args: readonly unknown[]) => void) => void,
    ErrorConstructor | typeof UnknownStepError,
    string,
  ][]
) {
  Deno.test(`enqueue.all() refuses ${name}`, async () => {
    const workflow = new Workflow().add(
      {
        name: "list",
        action: () => null,
        decision: (_ctx, _result, enqueue: Enqueue) => call((...args) => Reflect.apply(enqueue.all, enqueue, args)),
      },
      { name: "item", action: () => null },
      { name: "merge", action: () => null },
    );

    const error = await assertRejects(() => workflow.run("list"), Failure);

    assert(error.message.includes(message), error.message);
  });
}

Deno.test("enqueue.all() gives the items the very payloads, undefined and null among them", async () => {
  const payloads = [undefined, null, { id: 1 }, 0, ""];
  const seen: unknown[] = [];

  await grouped(payloads, { action: (_ctx, item) => void seen.push(item) }).run("list");

  assertEquals(seen, payloads);
  assertStrictEquals(seen[2], payloads[2]);
});

Deno.test("enqueue.all() keeps the payloads of the moment it was called", async () => {
  const payloads = [1, 2];
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.all("item", payloads, { then: "merge" });
        payloads.push(3);
        payloads[0] = 9;
      },
    },
    { name: "item", action: (_ctx, item) => item },
    { name: "merge", action: (_ctx, results) => texts(results) },
  );

  const { context } = await workflow.run("list");

  assertEquals(context["result.merge"], [1, 2]);
});

Deno.test("enqueue.all() tells its items, and then `then`, in the `routed` of the steps they came of", async () => {
  const events = await Array.fromAsync(grouped([1, 2], { action: (_ctx, item) => item }).stream("list"));

  const told = events.flatMap((event) =>
    event.type === "step.result" ? [[event.token, event.routed, event.queueLength]] : []
  );

  assertEquals<unknown>(told, [
    [1, [{ token: 2, step: "item", where: "tail" }, { token: 3, step: "item", where: "tail" }], 2],
    [2, [], 1],
    [3, [{ token: 4, step: "merge", where: "tail" }], 1],
    [4, [], 0],
  ]);
});

Deno.test("enqueue.all() makes the last step of the group the parent of `then`", async () => {
  const events = await Array.fromAsync(grouped([1, 2], { action: (_ctx, item) => item }).stream("list"));

  const parents = events.flatMap((event) => event.type === "step.start" ? [[event.token, event.parent]] : []);

  assertEquals(parents, [[1, null], [2, 1], [3, 1], [4, 3]]);
});

for (const where of ["head", "tail"] as const) {
  Deno.test(`enqueue.all() waits for what an item puts at the ${where}`, async () => {
    const workflow = grouped([1, 2], {
      action: (_ctx, item) => item,
      decision: (_ctx, _result, enqueue) => enqueue[where]("second"),
    }).add({ name: "second", action: (_ctx, item) => item * 10 });

    const { context, trace } = await workflow.run("list");

    assertEquals([texts(context["result.merge"]), trace.at(-1)?.step], [[10, 20], "merge"]);
  });
}

Deno.test("enqueue.all() takes of a path that forks the result that ended last", async () => {
  const gates = new Gates();
  const workflow = grouped(["item"], {
    action: () => null,
    decision: (_ctx, _result, enqueue) => {
      for (const branch of ["a", "b", "c"]) enqueue.tail("branch", branch);
    },
  }).add({ name: "branch", action: (_ctx, branch) => gates.wait(branch).then(() => branch) });
  const outcome = workflow.run("list", null, { concurrency: 3 });
  for (const branch of ["c", "a", "b"]) {
    await laterTurn();
    gates.open(branch);
  }

  assertEquals(texts((await outcome).context["result.merge"]), ["b"]);
});

Deno.test("enqueue.all() waits for the last branch of a path that forks", async () => {
  const workflow = grouped(["item"], {
    action: () => null,
    decision: (_ctx, _result, enqueue) => {
      enqueue.tail("short");
      enqueue.tail("long", 3);
    },
  }).add(
    { name: "short", action: () => "short" },
    {
      name: "long",
      action: (_ctx, left) => left,
      decision: (_ctx, { value }, enqueue) => {
        if (value > 0) enqueue.tail("long", value - 1);
      },
    },
  );

  const { trace } = await workflow.run("list");

  assertEquals(trace.map(({ step }) => step), ["list", "item", "short", "long", "long", "long", "long", "merge"]);
});

Deno.test("enqueue.all() of nothing inside a group counts as one of its steps", async () => {
  const workflow = grouped(["a", "b"], {
    action: (_ctx, item) => item,
    decision: (_ctx, _result, enqueue) => enqueue.all("part", [], { then: "inner merge" }),
  }).add(
    { name: "part", action: () => null },
    { name: "inner merge", action: (_ctx, results) => results.length },
  );

  const { context } = await workflow.run("list");

  assertEquals(texts(context["result.merge"]), [0, 0]);
});

Deno.test("enqueue.all() works in groups five deep", async () => {
  const workflow = grouped([4], {
    action: (_ctx, depth) => depth,
    decision: (_ctx, { value }, enqueue) => {
      if (value > 0) enqueue.all("item", [value - 1, value - 1], { then: "inner merge" });
    },
  }).add({
    name: "inner merge",
    action: (_ctx, results: readonly Result<number>[]) => results.reduce((sum, { value }) => sum + (value || 1), 0),
  });

  for (const concurrency of [1, 16]) {
    const { context, trace } = await workflow.run("list", null, { concurrency });

    assertEquals(texts(context["result.merge"]), [2 ** 4]);
    assertEquals(trace.filter(({ step }) => step === "inner merge").length, 2 ** 4 - 1);
  }
});

Deno.test("enqueue.all() makes two groups of two calls in one decision", async () => {
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.all("item", [1, 2], { then: "first" });
        enqueue.all("item", [3], { then: "second" });
        enqueue.all("item", [4, 5], { then: "first" });
      },
    },
    { name: "item", action: (_ctx, item) => item },
    { name: "first", action: (_ctx, results) => texts(results) },
    { name: "second", action: (_ctx, results) => texts(results) },
  );

  const { trace } = await workflow.run("list");

  assertEquals(trace.slice(6).map(({ step, value }) => [step, value]), [
    ["first", [1, 2]],
    ["second", [3]],
    ["first", [4, 5]],
  ]);
});

Deno.test("enqueue.all() may be called again by its own `then`", async () => {
  const workflow = new Workflow().add(
    {
      name: "round",
      action: (_ctx, results) => results.length,
      decision: (_ctx, { value }, enqueue) => {
        if (value > 0) enqueue.all("item", Array(value - 1).fill(value), { then: "round" });
      },
    },
    { name: "item", action: (_ctx, item) => item },
  );

  const { trace } = await workflow.run("round", [1, 2, 3]);

  assertEquals(trace.map(({ step, value }) => [step, value]), [
    ["round", 3],
    ["item", 3],
    ["item", 3],
    ["round", 2],
    ["item", 2],
    ["round", 1],
    ["round", 0],
  ]);
});

Deno.test("enqueue.all() hands a failing `then` to its own decision, like any step", async () => {
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => enqueue.all("item", [1], { then: "merge" }),
    },
    { name: "item", action: () => null },
    {
      name: "merge",
      action: () => Promise.reject(new Error("merge")),
      decision: (_ctx, { ok }, enqueue) => enqueue.tail("saved", ok),
    },
    { name: "saved", action: (_ctx, ok) => ok },
  );

  const { context } = await workflow.run("list");

  assertEquals(context["result.saved"], false);
});

Deno.test("enqueue.all() settles also where every item fails", async () => {
  const workflow = grouped([1, 2], { action: (_ctx, item) => Promise.reject(new Error(`${item}`)) });

  const { context } = await workflow.run("list");

  assertEquals(texts(context["result.merge"]), ["Error: 1", "Error: 2"]);
});

Deno.test("enqueue.all() hands over the very results that the steps told", async () => {
  const value = { id: 1 };
  const boom = new Error("boom");
  const workflow = grouped([true, false], {
    action: (_ctx, isGood) => {
      if (isGood) return value;
      throw boom;
    },
  });

  const { context } = await workflow.run("list");

  const [good, bad] = context["result.merge"];
  assertStrictEquals(good.value, value);
  assertStrictEquals(bad.error, boom);
});

Deno.test("enqueue.all() takes the result of the last attempt at an item", async () => {
  const workflow = grouped([1, 2, 3], {
    action: (_ctx, item, _log, { attempt }) => {
      if (attempt < item) throw new Error(`${item}: ${attempt}`);
      return attempt;
    },
    retry: { maxAttempts: 2 },
  });

  const { context, trace } = await workflow.run("list");

  assertEquals(texts(context["result.merge"]), [1, 2, "Error: 3: 2"]);
  assertEquals(trace.length, 5);
});

Deno.test("enqueue.all() leaves nothing behind in a run that is cancelled before the group is finished", async () => {
  const gates = new Gates();
  const clock = new ManualClock();
  const workflow = grouped([1, 2, 3], { action: (_ctx, item, _log, { signal }) => gates.wait(`${item}`, signal) });
  const stream = workflow.stream("list", null, { concurrency: 2, clock });
  const reading = Array.fromAsync(stream);
  await laterTurn();

  const cancelled = stream.cancel();
  gates.openAll();
  await cancelled;
  await laterTurn();

  assertEquals([gates.waiting, clock.pendingMs], [[], []]);
  assertEquals((await reading).at(-1)?.type, "run.end");
});

for (const [target, routes] of [["item", ["merge"]], ["merge", ["item"]]] as const) {
  Deno.test(`enqueue.all() ends the run where ${target} is not among the step's routes`, async () => {
    const workflow = new Workflow().add(
      {
        name: "list",
        action: () => null,
        routes,
        decision: (_ctx, _result, enqueue) => enqueue.all("item", [1], { then: "merge" }),
      },
      { name: "item", action: () => null },
      { name: "merge", action: () => null },
    );

    const error = await assertRejects(() => workflow.run("list"), UndeclaredRouteError);

    assertEquals(error.message, `Cannot route from "list" to "${target}": its routes are ["${routes[0]}"]`);
  });
}

Deno.test("enqueue.all() throws once its decision has settled", async () => {
  let kept: Enqueue | undefined;
  const workflow = new Workflow().add({
    name: "list",
    action: () => null,
    decision: (_ctx, _result, enqueue) => {
      kept = enqueue;
    },
  }, { name: "item", action: () => null });

  await workflow.run("list");

  const message = 'Cannot enqueue "item": the decision of step "list" has settled';
  assertThrows(() => kept?.all("item", [], { then: "item" }), TypeError, message);
  assertThrows(() => kept?.all("item", [1], { then: "item" }), TypeError, message);
});

Deno.test("enqueue.all() that is refused routes nothing, if the decision gets over it", async () => {
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        assertThrows(() => enqueue.all("item", [1, 2], { then: "lost" }), UnknownStepError);
        enqueue.tail("item", "other");
      },
    },
    { name: "item", action: (_ctx, item) => item },
  );

  const { trace } = await workflow.run("list", null);

  assertEquals(trace.map(({ payloadIn }) => payloadIn), [null, "other"]);
});

Deno.test("enqueue.all() may go 20 000 groups deep, at the same cost a group", async () => {
  const workflow = new Workflow().add(
    {
      name: "down",
      action: (_ctx, depth) => depth,
      decision: (_ctx, { value }, enqueue) => value > 0 && enqueue.all("down", [value - 1], { then: "up" }),
    },
    { name: "up", action: (_ctx, results) => results.length },
  );

  const { context } = await workflow.run("down", 20_000, { maxSteps: Infinity, captureTrace: false });

  assertEquals(context["result.up"], 1);
});

/** A list, a step for each of its items, and a merge that answers the results. */
function grouped(
  items: readonly unknown[],
  item: Omit<Step, "name">,
  mode: "settle" | "fail-fast" = "settle",
  merge: (results: readonly Result[]) => unknown = (results) => results,
): Workflow {
  return new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => enqueue.all("item", items, { then: "merge", mode }),
    },
    { name: "item", ...item },
    { name: "merge", action: (_ctx, results) => merge(results) },
  );
}

/** The values of results, and their errors as text. */
function texts(results: readonly Result[]): unknown[] {
  return results.map(({ ok, value, error }) => ok ? value : String(error));
}
