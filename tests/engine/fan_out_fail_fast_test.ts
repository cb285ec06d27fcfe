import {
  type Any,
  decideTo,
  GroupFailedError,
  type Result,
  type RunStream,
  type Step,
  Workflow,
} from "@stepstream/workflow";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { laterTurn, readAll, typesOf } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { revokedProxy } from "../tools/revoked_proxy.ts";

Deno.test("enqueue.all() in mode fail-fast aborts with the GroupFailedError that the step's result tells", async () => {
  const gates = new Gates();
  const boom = new Error("boom");
  let signal: AbortSignal | undefined;
  const workflow = failFast(["wait", "fail"], async (_ctx, item, _log, scope) => {
    if (item === "wait") signal = scope.signal;
    await gates.wait(item, scope.signal);
    throw boom;
  });
  const reading = Array.fromAsync(workflow.stream("list", null, { concurrency: 2 }));
  await laterTurn();

  gates.open("fail");
  await laterTurn();
  gates.openAll();
  const events = await reading;

  const stopped = events.find((event) => event.type === "step.result" && event.payload === "wait");
  assert(stopped?.type === "step.result");
  assertInstanceOf(stopped.result.error, GroupFailedError);
  assertStrictEquals(stopped.result.error.cause, boom);
  assertStrictEquals(signal?.reason, stopped.result.error);
});

Deno.test("enqueue.all() in mode fail-fast starts `then` while what it stopped is still deaf at work", async () => {
  const clock = new ManualClock();
  const gates = new Gates();
  const workflow = failFast(["deaf", "fail"], async (_ctx, item) => {
    await gates.wait(item);
    throw new Error(item);
  }, { decision: decideTo("after") }).add({ name: "after", action: () => gates.wait("after") });
  const outcome = workflow.run("list", null, { clock, concurrency: 2 });
  await laterTurn();

  gates.open("fail");
  await laterTurn();

  assertEquals(gates.waiting, ["deaf", "after"]);
  gates.openAll();
  await outcome;
  assertEquals(clock.pendingMs, []);
});

Deno.test("enqueue.all() in mode fail-fast drops the logs, chunks and results of what it has stopped", async () => {
  using trap = new RejectionTrap();
  const gates = new Gates();
  const decided: unknown[] = [];
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.all("item", ["fail", "return", "throw", "yield"], { then: "merge", mode: "fail-fast" });
      },
    },
    {
      name: "item",
      action: async function* (ctx, item, log) {
        await gates.wait(item);
        log.event(`${item} late`);
        if (item === "fail" || item === "throw") throw new Error(item);
        if (item === "yield") yield "late";
        ctx.late = true;
        return "late";
      },
      decision: (_ctx, result) => void decided.push(String(result.error)),
    },
    { name: "merge", action: () => gates.wait("merge") },
  );
  const stream: RunStream = workflow.stream("list", null, { concurrency: 4 });
  const reading = Array.fromAsync(stream);
  await laterTurn();
  gates.open("fail");
  await laterTurn();

  for (const item of ["return", "throw", "yield"]) gates.open(item);
  await laterTurn();
  gates.open("merge");
  const events = await reading;

  assertEquals(events.flatMap((event) => event.type === "step.log" ? [event.name] : []), ["fail late"]);
  assertEquals(events.filter(({ type }) => type === "step.chunk"), []);
  assertEquals(decided, ["Error: fail"]);
  assertEquals((await stream.result).context["result.item"], null);
  assertEquals(trap.reasons, []);
});

Deno.test("enqueue.all() in mode fail-fast takes no decision of those that were in line for one", async () => {
  const gates = new Gates();
  const decided: string[] = [];
  const workflow = failFast(
    ["slow", "fail", "good"],
    async (_ctx, item) => {
      await gates.wait(item);
      if (item === "fail") throw new Error(item);
      return item;
    },
    {},
    async (_ctx, result) => {
      decided.push(result.value ?? "fail");
      await gates.wait("decision");
    },
  );
  const outcome = workflow.run("list", null, { concurrency: 3 });
  await laterTurn();
  for (const item of ["slow", "fail", "good"]) {
    gates.open(item);
    await laterTurn();
  }

  gates.open("decision");
  await laterTurn();
  gates.open("decision");
  const { context } = await outcome;

  assertEquals(decided, ["slow", "fail"]);
  assertEquals(texts(context["result.merge"]), [
    "slow",
    "Error: fail",
    "GroupFailedError: Stopped because another of its group failed",
  ]);
});

Deno.test("enqueue.all() in mode fail-fast stops what is at work in a group inside it", async () => {
  const gates = new Gates();
  const workflow = failFast(["good", "bad"], (_ctx, item) => item, {}, (_ctx, result, enqueue) => {
    if (result.value === "good") enqueue.all("part", [1, 2, 3], { then: "inner merge" });
    else enqueue.head("fail");
  }).add(
    { name: "part", action: (_ctx, part, _log, scope) => gates.wait(`part ${part}`, scope.signal) },
    { name: "fail", action: () => gates.wait("fail").then(() => Promise.reject(new Error("bad"))) },
    { name: "inner merge", action: () => gates.wait("inner merge") },
  );
  const outcome = workflow.run("list", null, { concurrency: 3 });
  await laterTurn();
  assertEquals(gates.waiting, ["fail", "part 1", "part 2"]);

  gates.open("fail");
  await laterTurn();
  assertEquals(gates.aborted, ["part 1", "part 2"]);
  gates.openAll();
  const { context, trace } = await outcome;

  assertEquals(texts(context["result.merge"]), [
    "GroupFailedError: Stopped because another of its group failed",
    "Error: bad",
  ]);
  assertEquals(trace.filter(({ step }) => step === "part").map(({ ok }) => ok), [false, false]);
  assertEquals(trace.filter(({ step }) => step === "inner merge"), []);
});

Deno.test("enqueue.all() in mode fail-fast inside a group that settles stops its own items alone", async () => {
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => enqueue.all("item", ["a", "b"], { then: "merge" }),
    },
    {
      name: "item",
      action: (_ctx, item) => item,
      decision: (_ctx, { value }, enqueue) =>
        enqueue.all("part", [`${value}1`, `${value}2`, `${value}3`], { then: "inner merge", mode: "fail-fast" }),
    },
    {
      name: "part",
      action: (_ctx, part) => {
        if (part === "a2") throw new Error(part);
        return part;
      },
    },
    { name: "inner merge", action: (_ctx, results) => results.map(({ ok }: Result) => ok) },
    { name: "merge", action: (_ctx, results) => texts(results) },
  );

  for (const concurrency of [1, 8]) {
    const { context } = await workflow.run("list", null, { concurrency });

    assertEquals(context["result.merge"], [[true, false, false], [true, true, true]]);
  }
});

Deno.test("enqueue.all() in mode fail-fast is not stopped by a failure inside a group in it", async () => {
  const workflow = failFast(["a", "b"], (_ctx, item) => item, {}, (_ctx, { value }, enqueue) => {
    enqueue.all("part", [value], { then: "inner merge" });
  }).add(
    { name: "part", action: () => Promise.reject(new Error("part")) },
    { name: "inner merge", action: (_ctx, results) => texts(results)[0] },
  );

  const { context } = await workflow.run("list");

  assertEquals(texts(context["result.merge"]), ["Error: part", "Error: part"]);
});

Deno.test("enqueue.all() in mode fail-fast is stopped by an error that cannot be looked at", async () => {
  const workflow = failFast(["a", "b"], () => {
    throw revokedProxy();
  });

  const { context } = await workflow.run("list");

  assertEquals(context["result.merge"].map(({ ok }: Result) => ok), [false, false]);
});

Deno.test("enqueue.all() in mode fail-fast is stopped by a `then` inside it that fails", async () => {
  const workflow = failFast(["a", "b"], (_ctx, item) => item, {}, (_ctx, { value }, enqueue) => {
    enqueue.all("part", [value], { then: "inner merge" });
  }).add(
    { name: "part", action: (_ctx, part) => part },
    { name: "inner merge", action: () => Promise.reject(new Error("merge")) },
  );

  const { context } = await workflow.run("list");

  assertEquals(texts(context["result.merge"]), [
    "Error: merge",
    "GroupFailedError: Stopped because another of its group failed",
  ]);
});

Deno.test("enqueue.all() in mode fail-fast leaves tokens that are of no group alone", async () => {
  const gates = new Gates();
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail("other", 1);
        enqueue.all("item", [1, 2], { then: "merge", mode: "fail-fast" });
        enqueue.tail("other", 2);
      },
    },
    { name: "item", action: () => Promise.reject(new Error("boom")) },
    { name: "other", action: (_ctx, item, _log, scope) => gates.wait(`other ${item}`, scope.signal) },
    { name: "merge", action: () => null },
  );
  const outcome = workflow.run("list", null, { concurrency: 2 });
  await laterTurn();
  assertEquals([gates.waiting, gates.aborted], [["other 1", "other 2"], []]);

  gates.openAll();
  const { trace } = await outcome;

  assertEquals(trace.filter(({ step }) => step === "other").map(({ ok }) => ok), [true, true]);
});

Deno.test("enqueue.all() in mode fail-fast drops what its step holds back, and counts it no more", async () => {
  const gates = new Gates();
  const workflow = failFast(
    [1, 2, 3, 4],
    async (_ctx, item) => {
      await gates.wait(`${item}`);
      throw new Error(`${item}`);
    },
    {},
    undefined,
    { concurrency: 1 },
  );
  const reading = Array.fromAsync(workflow.stream("list", null, { concurrency: 4 }));
  await laterTurn();
  assertEquals(gates.waiting, ["1"]);

  gates.open("1");
  const events = await reading;

  assertEquals(
    events.flatMap((event) => event.type === "step.result" ? [[event.step, event.queueLength]] : []),
    [["list", 4], ["item", 1], ["merge", 0]],
  );
});

Deno.test("enqueue.all() in mode fail-fast gives back the room of a step's own limit", async () => {
  const gates = new Gates();
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.all("item", ["fail", "deaf"], { then: "merge", mode: "fail-fast" });
        enqueue.tail("item", "other");
      },
    },
    {
      name: "item",
      action: (_ctx, item) => gates.wait(item).then(() => Promise.reject(new Error(item))),
      concurrency: 2,
    },
    { name: "merge", action: () => null },
  );
  const outcome = workflow.run("list", null, { concurrency: 8, clock: new ManualClock() });
  await laterTurn();
  assertEquals(gates.waiting, ["fail", "deaf"]);

  gates.open("fail");
  await laterTurn();

  assertEquals(gates.waiting, ["deaf", "other"]);
  gates.openAll();
  await outcome;
});

Deno.test("enqueue.all() in mode fail-fast asks no retry policy about what it has stopped", async () => {
  const gates = new Gates();
  const asked: string[] = [];
  const workflow = failFast(
    ["fail", "stopped"],
    async (_ctx, item, _log, scope) => {
      await gates.wait(item, scope.signal);
      throw new Error(item);
    },
    {},
    undefined,
    {
      retry: {
        maxAttempts: 2,
        when: (error) => {
          asked.push(String(error));
          return false;
        },
      },
    },
  );
  const outcome = workflow.run("list", null, { concurrency: 2 });
  await laterTurn();
  gates.open("fail");
  await laterTurn();

  gates.openAll();
  await outcome;

  assertEquals(asked, ["Error: fail"]);
});

Deno.test("enqueue.all() in mode fail-fast is stopped by an item that took too long", async () => {
  const clock = new ManualClock();
  const gates = new Gates();
  const workflow = failFast(
    ["slow", "slower"],
    (_ctx, item, _log, scope) => gates.wait(item, scope.signal),
    {},
    undefined,
    { timeoutMs: 50 },
  );
  const outcome = workflow.run("list", null, { clock, concurrency: 2 });
  await laterTurn();

  clock.tick(50);
  await laterTurn();
  gates.openAll();
  const { context } = await outcome;

  assertEquals(context["result.merge"].filter(({ ok }: Result) => ok), []);
  assertEquals(clock.pendingMs, []);
});

Deno.test("RunStream ends once where an abort listener in a fail-fast group cancels the run", async () => {
  const lines: unknown[] = [];
  const areAllAtWork = Promise.withResolvers<void>();
  const workflow = failFast([1, 2, 3], async (_ctx, item, _log, { signal }) => {
    if (item === 1) {
      await areAllAtWork.promise;
      throw new Error("boom");
    }
    if (item === 3) areAllAtWork.resolve();
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        void stream.cancel("enough");
        resolve();
      });
    });
  });
  const stream: RunStream = workflow.stream("list", null, {
    concurrency: 3,
    logger: { log: (step, payload) => lines.push([step, payload]) },
  });

  const { items } = await readAll(stream);

  assertEquals(typesOf(items).slice(-2), ["step.result", "run.end"]);
  assertEquals(lines, [["list", null], ["item", 1]]);
});

Deno.test("RunStream.cancel() of a fail-fast group aborts its items with the run's reason", async () => {
  const gates = new Gates();
  const reasons: unknown[] = [];
  const workflow = failFast([1, 2], async (_ctx, item, _log, { signal }) => {
    await gates.wait(`${item}`, signal);
    reasons.push(signal.reason);
  });
  const stream: RunStream = workflow.stream("list", null, { concurrency: 2 });
  stream.result.catch(() => {});
  await laterTurn();

  const cancelled = stream.cancel("enough");
  gates.openAll();
  await cancelled;

  assertEquals(reasons, ["enough", "enough"]);
});

Deno.test("enqueue.all() in mode fail-fast leaves null in the context for a step that it stopped", async () => {
  const gates = new Gates();
  const workflow = failFast(["good", "stopped", "fail"], (_ctx, item) => item, {}, (_ctx, { value }, enqueue) => {
    enqueue.tail(value === "fail" ? "fail" : "second");
  }).add(
    { name: "second", action: (_ctx, item) => gates.wait(item).then(() => item) },
    { name: "fail", action: () => gates.wait("fail").then(() => Promise.reject(new Error("boom"))) },
  );
  const seen: unknown[] = [];
  const outcome = workflow.run("list", null, {
    concurrency: 3,
    logger: { log: (step, _payload, { value }) => seen.push(`${step} ${value}`) },
  });
  await laterTurn();
  gates.open("good");
  await laterTurn();

  gates.open("fail");
  await laterTurn();
  gates.openAll();
  const { context } = await outcome;

  assertEquals(seen.slice(4, -1), ["second good", "fail null", "second null"]);
  assertEquals(context["result.second"], null);
});

/** A list whose items are a group that fails fast, and a merge that answers their results. */
function failFast(
  items: readonly unknown[],
  action: Step["action"],
  merge: Partial<Step> = {},
  decision?: Step["decision"],
  policies: Partial<Step> = {},
): Workflow {
  return new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => enqueue.all("item", items, { then: "merge", mode: "fail-fast" }),
    },
    { ...policies, name: "item", action, decision },
    { ...merge, name: "merge", action: (_ctx, results) => results },
  );
}

/** The values of results, and their errors as text. */
function texts(results: readonly Result[]): unknown[] {
  return results.map(({ ok, value, error }) => ok ? value : String(error));
}

Deno.test("Step.concurrency loses no token that waits for room, and does none twice, where a group elsewhere stops", async () => {
  const done: string[] = [];
  const third = Promise.withResolvers<void>();
  const one = (name: string): Step => ({
    name,
    concurrency: 1,
    action: async (_ctx, item) => {
      done.push(`${name} ${item}`);
      if (item === 3) third.resolve();
      await laterTurn();
    },
  });
  const workflow = new Workflow<Any, Any>().add(
    {
      name: "split",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        for (const item of [1, 2, 3, 4, 5, 6]) enqueue.tail("a", item);
        enqueue.all("member", [1], { then: "merge", mode: "fail-fast" });
        for (const item of [1, 2, 3, 4, 5, 6]) enqueue.tail("b", item);
      },
    },
    one("a"),
    one("b"),
    {
      name: "member",
      action: async () => {
        await third.promise;
        throw new Error("no");
      },
    },
    { name: "merge", action: () => null },
  );

  await workflow.run("split", null, { concurrency: 4 });

  const all = ["a", "b"].flatMap((name) => [1, 2, 3, 4, 5, 6].map((item) => `${name} ${item}`));
  assertEquals(done.toSorted(), all);
});
