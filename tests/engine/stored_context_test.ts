import { type Any, ContextConflictError, MemoryStore, SerializationError, Workflow } from "@stepstream/workflow";
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { laterTurn, readAll } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { asStored } from "../tools/stored_run.ts";

/** What a step may do with its context; what it answers is what it has seen. */
const USES: Readonly<Record<string, (ctx: Any) => unknown>> = {
  "reads a value": (ctx) => ctx.list,
  "reads what there is none of": (ctx) => [typeof ctx.none, "none" in ctx, ctx.none?.deep ?? "no"],
  "changes a nested value": (ctx) => void ctx.deep.er.push(3),
  "changes a nested value twice": (ctx) => {
    ctx.deep.er.push(3);
    ctx.deep.er = [...ctx.deep.er, 4];
    return ctx.deep.er.length;
  },
  "keeps one value in two places": (ctx) => {
    ctx.other = ctx.list;
    ctx.list.push("both");
    return ctx.other;
  },
  "deletes a key": (ctx) => [delete ctx.list, "list" in ctx, ctx.list ?? null, Object.keys(ctx)],
  "deletes a key that there is none of": (ctx) => [delete ctx.none, Object.keys(ctx)],
  "deletes a key and sets it again": (ctx) => {
    delete ctx.list;
    ctx.list = ["new"];
    return Object.keys(ctx).sort();
  },
  "sets undefined": (ctx) => {
    ctx.list = undefined;
    return ctx.list ?? "gone";
  },
  "deletes its own result of before": (ctx) => [ctx["result.use"] ?? "none", delete ctx["result.first"]],
  "spreads": (ctx) => ({ ...ctx }),
  "writes it as JSON": (ctx) => JSON.stringify(ctx),
  "lists it": (ctx) => [Object.keys(ctx), Object.values(ctx), Object.entries(ctx)],
  "goes through it": (ctx) => {
    const seen = [];
    for (const key in ctx) seen.push(key);
    return seen;
  },
  "assigns to it": (ctx) => Object.keys(Object.assign(ctx, { list: 1, more: { a: 1 } })).sort(),
  "takes it apart": ({ list, ...rest }) => [list, rest],
  "asks for what every object has": (ctx) => [
    typeof ctx.toString,
    "toString" in ctx,
    Object.hasOwn(ctx, "toString"),
    Object.hasOwn(ctx, "list"),
    ctx.constructor === Object,
    Object.prototype.propertyIsEnumerable.call(ctx, "list"),
  ],
  "sets a key named constructor": (ctx) => {
    ctx.constructor = 1;
    return [ctx.constructor, Object.keys(ctx).includes("constructor")];
  },
  "defines a property": (ctx) => {
    Object.defineProperty(ctx, "list", { value: 5, enumerable: true, configurable: true, writable: true });
    return ctx.list;
  },
  "defines a part of a property": (ctx) => {
    Object.defineProperty(ctx, "list", { writable: true });
    return ctx.list;
  },
  "inherits from it": (ctx) => {
    const own = Object.create(ctx);
    own.more = 1;
    own.list = [];
    return [Object.keys(ctx).includes("more"), ctx.list, own.count];
  },
  "increments": (ctx) => [ctx.count++, ctx.count += 2, ctx.fresh ??= 7],
  "copies it": (ctx) => structuredClone({ ...ctx }),
  "uses odd keys": (ctx) => {
    ctx[""] = 1;
    ctx["a b\n\u2028"] = 2;
    ctx[7] = 3;
    return [ctx[""], ctx["a b\n\u2028"], ctx["7"], 7 in ctx];
  },
  "looks at a descriptor": (ctx) => Object.getOwnPropertyDescriptor(ctx, "deep") ?? null,
};

for (const [name, use] of Object.entries(USES)) {
  Deno.test(`The context of a stored run is as that of any other to a step that ${name}`, async () => {
    const workflow = new Workflow({ name: "uses" })
      .add({
        name: "first",
        action: () => 1,
        decision: (_ctx: Any, _result, enqueue) => enqueue.tail("use"),
      }, { name: "use", action: use, decision: (_ctx, _result, enqueue) => enqueue.tail("look") })
      .add({ name: "look", action: (ctx: Any) => JSON.stringify(present(ctx)) });
    const context = () => ({ list: ["a"], deep: { er: [1, 2] }, count: 1 });
    const given = context();

    const expected = await workflow.run("first", 1, { context: context(), runId: "r1" });
    const store = new MemoryStore();
    const stored = await workflow.run("first", 1, { context: given, runId: "r1", store });
    const resumed = await workflow.resume("r1", { store }).result;

    assertEquals(asStored(stored.context), asStored(expected.context));
    assertEquals(asStored(stored.trace.map(({ value }) => value)), asStored(expected.trace.map(({ value }) => value)));
    assertEquals(asStored(resumed), asStored(stored));
    assertEquals(given, context());
  });
}

Deno.test("A key of a stored run's context may be named __proto__", async () => {
  const workflow = new Workflow({ name: "w" }).add({
    name: "a",
    action: (ctx: Any) => {
      const before = Object.keys(ctx);
      Object.defineProperty(ctx, "__proto__", {
        value: { x: 1 },
        enumerable: true,
        writable: true,
        configurable: true,
      });
      return before;
    },
  });
  const store = new MemoryStore();
  const context = JSON.parse(`{"__proto__":{"y":1}}`);

  const { context: last } = await workflow.run("a", 1, { store, runId: "r1", context });

  assertEquals(Object.entries(last), [["__proto__", { x: 1 }], ["result.a", ["__proto__"]]]);
  assertEquals(Object.entries((await workflow.resume("r1", { store }).result).context), Object.entries(last));
});

Deno.test("A decision of a stored run that deletes or replaces its step's result has it so after a resume", async () => {
  for (const change of [(ctx: Any) => delete ctx["result.a"], (ctx: Any) => ctx["result.a"] = 0]) {
    const store = new MemoryStore();
    const workflow = new Workflow({ name: "w" }).add(
      { name: "a", action: () => 5, decision: (ctx, _result, enqueue) => (change(ctx), enqueue.tail("b", 1)) },
      { name: "b", action: async (_ctx, payload) => (await laterTurn(), payload) },
    );

    for await (const event of workflow.stream("a", 1, { store, runId: "r1", context: { "result.a": 0 } })) {
      if (event.type === "step.start" && event.step === "b") break;
    }
    const { context } = await workflow.resume("r1", { store }).result;

    const expected: Any = { "result.a": 5 };
    change(expected);
    assertEquals(context, { ...expected, "result.b": 1 });
  }
});

Deno.test("What a failing attempt has changed in a stored run's context counts, also after a crash", async () => {
  const store = new MemoryStore();
  const workflow = new Workflow({ name: "w" }).add({
    name: "a",
    action: (ctx: Any, _payload, _log, { attempt }) => {
      (ctx.tries ??= []).push(attempt);
      throw new Error("no");
    },
    retry: { maxAttempts: 3, delayMs: 5, jitter: "none" },
  });

  for await (const { type } of workflow.stream("a", 1, { store, runId: "r1" })) if (type === "step.retry") break;
  const { context, trace } = await workflow.resume("r1", { store }).result;

  assertEquals(context, { tries: [1, 2, 3], "result.a": null });
  assertEquals(trace.map(({ attempts, error }) => [attempts, error]), [[3, "Error: no"]]);
});

Deno.test("An attempt of a stored run finds the context as others have left it since the one before", async () => {
  const gates = new Gates();
  const workflow = new Workflow().add(
    {
      name: "start",
      action: () => {},
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail("again");
        enqueue.tail("other");
      },
    },
    {
      name: "again",
      action: async (ctx: Any, _payload, _log, { attempt }) => {
        const n = ctx.n;
        await gates.wait(`attempt ${attempt}`);
        if (attempt === 1) throw new Error("no");
        ctx.n += 1;
        return [n, ctx.n];
      },
      retry: { maxAttempts: 2 },
    },
    {
      name: "other",
      action: async (ctx: Any) => {
        await gates.wait("other");
        ctx.n = 5;
      },
    },
  );
  const running = workflow.run("start", null, { store: new MemoryStore(), concurrency: 2, context: { n: 0 } });
  while (gates.waiting.length < 2) await laterTurn();

  gates.open("other");
  await laterTurn();
  gates.open("attempt 1");
  while (!gates.waiting.includes("attempt 2")) await laterTurn();
  gates.open("attempt 2");
  const { context } = await running;

  assertEquals([context["result.again"], context["n"]], [[5, 6], 6]);
});

Deno.test("What an attempt of a stored run does to the context when its time is over does not count", async () => {
  const gates = new Gates();
  const clock = new ManualClock();
  const workflow = new Workflow().add({
    name: "slow",
    action: async (ctx: Any, _payload, _log, { attempt }) => {
      ctx[`in time ${attempt}`] = true;
      await gates.wait(`attempt ${attempt}`);
      ctx[`at the end ${attempt}`] = true;
    },
    timeoutMs: 50,
    retry: { maxAttempts: 2 },
  });
  const running = workflow.run("slow", null, { store: new MemoryStore(), clock, cleanupTimeoutMs: 0 });
  while (!gates.waiting.includes("attempt 1")) await laterTurn();

  clock.tick(50);
  while (!gates.waiting.includes("attempt 2")) {
    await laterTurn();
    clock.tick(0);
  }
  gates.open("attempt 1");
  await laterTurn();
  gates.open("attempt 2");
  const { context } = await running;

  assertEquals(Object.keys(context).sort(), ["at the end 2", "in time 1", "in time 2", "result.slow"]);
});

Deno.test("What an action of a stored run does to the context while its timeout is decided on does not count", async () => {
  const gates = new Gates();
  const clock = new ManualClock();
  const workflow = new Workflow().add({
    name: "slow",
    action: async (ctx: Any) => {
      ctx.list.push("in time");
      delete ctx.gone;
      await gates.wait("action");
      ctx.list.push("late");
      ctx.late = true;
    },
    timeoutMs: 50,
    decision: async (ctx: Any) => {
      await gates.wait("decision");
      ctx.list.push("decided");
    },
  });
  const context = { list: [], gone: 1 };
  const running = workflow.run("slow", null, { store: new MemoryStore(), clock, cleanupTimeoutMs: 0, context });
  while (!gates.waiting.includes("action")) await laterTurn();

  clock.tick(50);
  while (!gates.waiting.includes("decision")) await laterTurn();
  gates.open("action");
  await laterTurn();
  gates.open("decision");

  assertEquals((await running).context, { list: ["in time", "decided"], "result.slow": null });
});

/** What there is in a context, in one order. */
function present(ctx: Any): unknown {
  return Object.entries(ctx).sort();
}

interface Parallel {
  readonly first: (ctx: Any) => unknown;
  readonly second: (ctx: Any) => unknown;
  /** What the second does when the first is done. */
  readonly then: (ctx: Any) => unknown;
  readonly conflict: string | null;
}

const PARALLELS: Readonly<Record<string, Parallel>> = {
  "both have changed": {
    first: (ctx) => ctx.n += 1,
    second: (ctx) => ctx.n,
    then: (ctx) => ctx.n += 1,
    conflict: "n",
  },
  "both have changed, though one has read it first as absent": {
    first: (ctx) => ctx.list = ["first"],
    second: (ctx) => ctx.list,
    then: (ctx) => ctx.list = ["second"],
    conflict: "list",
  },
  "both have changed, though one has looked for it in vain": {
    first: (ctx) => ctx.list = ["first"],
    second: (ctx) => "list" in ctx,
    then: (ctx) => ctx.list = ["second"],
    conflict: "list",
  },
  "both have deleted or changed": {
    first: (ctx) => delete ctx.n,
    second: (ctx) => ctx.n,
    then: (ctx) => ctx.n = 5,
    conflict: "n",
  },
  "both have changed inside": {
    first: (ctx) => ctx.deep.a = 1,
    second: (ctx) => ctx.deep.b = 1,
    then: () => null,
    conflict: "deep",
  },
  "one has changed and the other only read": {
    first: (ctx) => ctx.n += 1,
    second: (ctx) => ctx.n,
    then: () => null,
    conflict: null,
  },
  "one has changed before the other touched it": {
    first: (ctx) => ctx.n += 1,
    second: () => null,
    then: (ctx) => ctx.n += 1,
    conflict: null,
  },
  "nobody shares": {
    first: (ctx) => ctx.mine = 1,
    second: (ctx) => ctx.yours = 1,
    then: () => null,
    conflict: null,
  },
};

for (const [name, { first, second, then, conflict }] of Object.entries(PARALLELS)) {
  const outcome = conflict === null ? "goes on" : "fails with ContextConflictError";
  Deno.test(`A stored run with two steps at once ${outcome} where of a key ${name}`, async () => {
    const gates = new Gates();
    const workflow = new Workflow({ name: "w" }).add(
      {
        name: "fork",
        action: () => 1,
        decision: (_ctx: Any, _result, enqueue) => {
          enqueue.tail("work", "first");
          enqueue.tail("work", "second");
        },
      },
      {
        name: "work",
        action: async (ctx: Any, who: string) => {
          (who === "first" ? first : second)(ctx);
          await gates.wait(who);
          if (who === "second") then(ctx);
          return who;
        },
      },
    );
    const store = new MemoryStore();
    const context = { n: 1, deep: {} };
    const stream = workflow.stream("fork", 1, { store, runId: "r1", concurrency: 2, context });

    const reading = readAll(stream);
    while (gates.waiting.length < 2) await laterTurn();
    gates.open("first");
    await laterTurn();
    gates.open("second");
    const { failure } = await reading;

    if (conflict === null) return assertEquals(failure, null);
    assertInstanceOf(failure?.error, ContextConflictError);
    assertEquals([failure.error.key, failure.error.stepName], [conflict, "work"]);
    assertEquals((await store.find("r1"))?.status, "failed");
  });
}

Deno.test("A stored run's context refuses what is not JSON, wherever it is", async () => {
  for (const value of [new Date(0), 1n, () => 1, new Map(), NaN, { a: [undefined] }, Symbol("s")]) {
    const store = new MemoryStore();
    const workflow = new Workflow({ name: "w" }).add({ name: "a", action: (ctx: Any) => void (ctx.bad = value) });

    await assertRejects(() => workflow.run("a", 1, { store, context: { bad: value } }), SerializationError);
    assertEquals(await store.list({ limit: 1 }), []);
    const error = await assertRejects(() => workflow.run("a", 1, { store, runId: "r1" }), SerializationError);

    assertEquals(error.path.startsWith(`context["bad"]`), true);
    assertEquals((await store.find("r1"))?.status, "failed");
  }
});

Deno.test("A stored run's context refuses symbols as keys, which no store can keep", async () => {
  const key = Symbol("key");
  const workflow = new Workflow({ name: "w" }).add({ name: "a", action: (ctx: Any) => void (ctx[key] = 1) });

  await assertRejects(() => workflow.run("a", 1, { store: new MemoryStore() }), SerializationError);
  await assertRejects(
    () =>
      new Workflow().add({ name: "a", action: () => 1 }).run("a", 1, {
        store: new MemoryStore(),
        context: { [key]: 1 } as Any,
      }),
    SerializationError,
  );
});

Deno.test("A decision sees what others have left of what its action only looked at", async () => {
  const gates = new Gates();
  const seen: unknown[] = [];
  const workflow = new Workflow<Any, Any>().add(
    {
      name: "fork",
      action: () => 1,
      decision: (_ctx, _result, enqueue) => ["a", "b"].forEach((it) => enqueue.tail("it", it)),
    },
    {
      name: "it",
      action: async (ctx, who) => {
        const count = ctx.count;
        await gates.wait(who);
        return [who, count ?? null];
      },
      decision: (ctx) => {
        ctx.count = (ctx.count ?? 0) + 1;
        seen.push(ctx.count);
      },
    },
  );
  const running = workflow.run("fork", 1, { store: new MemoryStore(), concurrency: 2 });
  while (gates.waiting.length < 2) await laterTurn();

  gates.openAll("b");
  await laterTurn();
  gates.openAll("a");
  const { context } = await running;

  assertEquals([seen, context.count, context["result.it"]], [[1, 2], 2, ["a", null]]);
});
