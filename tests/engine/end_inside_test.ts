import {
  type Any,
  asStep,
  decideTo,
  MemoryStore,
  type RunOptions,
  type RunStream,
  type Step,
  type StepLogger,
  Workflow,
} from "@stepstream/workflow";
import { assert, assertEquals } from "@std/assert";
import { laterTurn, readAll, typesOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { settleTicking } from "../tools/settle_ticking.ts";
import { headOf, storedEvents } from "../tools/stored_run.ts";

const RUN_ID = "run-1";

/** A step that calls back from code that is the user's and that is run where nobody expects it. */
type Spot = (callBack: () => void) => Partial<Step>;

const getter = (callBack: () => void) => ({
  get text() {
    callBack();
    return "read";
  },
});

const SPOTS: Readonly<Record<string, Spot>> = {
  "a getter in what is logged": (callBack) => ({
    action: (_ctx, _payload, log) => log.event("said", getter(callBack)),
  }),
  "a getter in what is yielded": (callBack) => ({
    action: function* () {
      yield getter(callBack);
    },
  }),
  "a getter in what is returned": (callBack) => ({ action: () => getter(callBack) }),
  "a getter in the context": (callBack) => ({
    action: (ctx) => {
      ctx.kept = getter(callBack);
    },
  }),
  "a getter in the context of an attempt that fails": (callBack) => ({
    action: (ctx) => {
      ctx.kept = getter(callBack);
      throw new Error("again");
    },
    retry: { maxAttempts: 2, delayMs: 0 },
  }),
  "a getter in a payload": (callBack) => ({
    action: () => 1,
    decision: (_ctx, _result, enqueue) => enqueue.tail("next", getter(callBack)),
  }),
  "a getter in a group's payload": (callBack) => ({
    action: () => 1,
    decision: (_ctx, _result, enqueue) => enqueue.all("next", [1, getter(callBack)], { then: "next" }),
  }),
  "an error's message": (callBack) => ({
    action: () => {
      throw Object.defineProperty(new Error(), "message", { get: () => getter(callBack).text });
    },
  }),
  "a retry policy": (callBack) => ({
    action: () => Promise.reject(new Error("again")),
    retry: {
      maxAttempts: 3,
      when: () => {
        callBack();
        return true;
      },
    },
  }),
};

for (const [spot, toStep] of Object.entries(SPOTS)) {
  Deno.test(`RunStream.cancel() from ${spot} ends a stored run with one run.end`, async () => {
    const store = new MemoryStore();
    const { stream, started } = streamOf(toStep, () => stream.cancel("enough"), { store });

    const { items, failure } = await readAll(stream);

    assertEquals(failure, null);
    assertEquals([items.at(-1)?.type, ends(items)], ["run.end", 1]);
    assertEquals(items.map(({ seq }) => seq), items.map((_, index) => index + 1));
    assertEquals(typesOf(await storedEvents(store, RUN_ID)), typesOf(items));
    assertEquals((await headOf(store, RUN_ID)).status, "cancelled");
    assertEquals(started, []);
  });

  Deno.test(`RunStream.return() from ${spot} leaves a stored run that tells each step once`, async () => {
    const store = new MemoryStore();
    let left: Promise<unknown> | null = null;
    const run = streamOf(toStep, () => left ??= run.stream.return(), { store });
    await readAll(run.stream);
    await left;

    await readAll(run.workflow.resume(RUN_ID, { store }));

    const told = await storedEvents(store, RUN_ID);
    const results = told.flatMap((event) => event.type === "step.result" ? [event.token] : []);
    assertEquals(told.map(({ seq }) => seq), told.map((_, index) => index + 1));
    assertEquals([typesOf(told).includes("run.suspend"), told.at(-1)?.type], [true, "run.end"]);
    assertEquals(results, [...new Set(results)]);
    assert(results.includes(1));
  });
}

Deno.test("RunStream.cancel() from a getter in what an action has returned takes no decision", async () => {
  const decided: unknown[] = [];
  const toStep: Spot = (callBack) => ({
    action: () => getter(callBack),
    decision: (_ctx, { value }) => {
      decided.push(value);
    },
  });
  const { stream } = streamOf(toStep, () => stream.cancel(), { store: new MemoryStore() });

  await readAll(stream);

  assertEquals(decided, []);
});

Deno.test("RunStream.cancel() from a getter in a payload inside a step starts no action there", async () => {
  const started: unknown[] = [];
  const inner = new Workflow<Any, Any>().add(
    {
      name: "first",
      action: () => 1,
      decision: (_ctx, _result, enqueue) => enqueue.tail("next", getter(() => stream.cancel())),
    },
    {
      name: "next",
      action: (_ctx, payload) => {
        started.push(payload);
      },
    },
  );
  const workflow = new Workflow<Any, Any>().add(asStep("inner", inner, { start: "first" }));
  const stream: RunStream = workflow.stream("inner", null, { store: new MemoryStore(), cleanupTimeoutMs: 5 });

  const { items } = await readAll(stream);

  assertEquals([items.at(-1)?.type, started], ["run.end", []]);
});

Deno.test("RunStream.cancel() from a clock that is asked when a step starts starts no action", async () => {
  const started: unknown[] = [];
  const clock = new ManualClock();
  const workflow = new Workflow<Any, Any>().add({ name: "only", action: (_ctx, payload) => started.push(payload) });
  const stream = workflow.stream("only", null, { clock });
  await stream.next();
  clock.now = () => {
    stream.cancel();
    return 0;
  };

  const { items } = await readAll(stream);

  assertEquals([typesOf(items), started], [["run.end"], []]);
});

for (const what of ["a stored run", "a stored run that is resumed and waits for an attempt"]) {
  Deno.test(`RunStream.cancel() from a clock that is asked for ${what} ends it in its store, and leaves no timer`, async () => {
    const workflow = new Workflow<Any, Any>({ name: "w" }).add({
      name: "only",
      action: () => {
        throw new Error("not yet");
      },
      retry: { maxAttempts: 2, delayMs: 60_000, jitter: "none" },
    });
    for (let at = 1; at < 16; at += 1) {
      const store = new MemoryStore();
      const clock = new ManualClock();
      const options = { store, runId: RUN_ID, clock };
      if (what !== "a stored run") {
        for await (const { type } of workflow.stream("only", null, options)) if (type === "step.retry") break;
      }
      let asked = 0;
      clock.now = () => {
        asked += 1;
        if (asked === at) void stream.cancel();
        return 0;
      };
      const stream: RunStream = what === "a stored run"
        ? workflow.stream("only", null, options)
        : workflow.resume(RUN_ID, options);
      const reading = readAll(stream);
      await laterTurn();
      if (asked < at) await stream.cancel();

      const { items } = await reading;

      const told = typesOf(await storedEvents(store, RUN_ID));
      assertEquals([clock.pendingMs, (await headOf(store, RUN_ID)).status], [[], "cancelled"], `at call ${at}`);
      assertEquals([told.at(-1), told.filter((type) => type === "run.end").length, items.at(-1)?.type], [
        "run.end",
        1,
        "run.end",
      ]);
    }
  });
}

for (const last of [2, 3]) {
  Deno.test(`RunStream.return() from the first part of an action that had to wait for room of its step loses no token (${last})`, async () => {
    const store = new MemoryStore();
    const done: number[] = [];
    let left: Promise<unknown> | null = null;
    const workflow = new Workflow<Any, Any>({ name: "w" }).add(
      {
        name: "split",
        action: () => null,
        decision: (_ctx, _result, enqueue) => {
          for (const item of [1, 2, 3, 4, 5, 6]) enqueue.tail("item", item);
        },
      },
      {
        name: "item",
        concurrency: 1,
        action: async (_ctx, item) => {
          if (item === last) left ??= stream.return();
          done.push(item);
          await undefined;
          // So much more each time that the state is written as a whole.
          return "x".repeat(100_000 * item);
        },
      },
    );
    const stream: RunStream = workflow.stream("split", null, { store, runId: RUN_ID, concurrency: 3 });
    await readAll(stream);
    await left;

    await readAll(workflow.resume(RUN_ID, { store }));

    assertEquals(done, [1, 2, 3, last, 4, 5, 6].toSorted());
  });
}

Deno.test("RunStream.return() from who hears that a fail-fast group has stopped starts nothing of the group again", async () => {
  const store = new MemoryStore();
  const started: string[] = [];
  const failing = Promise.withResolvers<void>();
  let left: Promise<unknown> | null = null;
  const workflow = new Workflow<Any, Any>({ name: "w" }).add(
    {
      name: "split",
      action: () => null,
      decision: (_ctx, _result, enqueue) =>
        enqueue.all("item", ["first", "second", "failing"], { then: "merge", mode: "fail-fast" }),
    },
    {
      name: "item",
      action: async (ctx, item, _log, { signal }) => {
        started.push(item);
        if (left !== null) return;
        signal.addEventListener("abort", () => left ??= stream.return());
        if (item !== "failing") return await new Promise((resolve) => signal.addEventListener("abort", resolve));
        await failing.promise;
        // So long that the state is written as a whole.
        ctx.text = "x".repeat(100_000);
        throw new Error("no");
      },
    },
    { name: "merge", action: () => started.push("merge") },
  );
  const stream: RunStream = workflow.stream("split", null, { store, runId: RUN_ID, concurrency: 3 });
  const reading = readAll(stream);
  while (started.length < 3) await laterTurn();
  failing.resolve();
  await reading;
  await left;

  await readAll(workflow.resume(RUN_ID, { store }));

  assertEquals(started, ["first", "second", "failing", "merge"]);
});

for (const [kind, store] of [["A run", undefined], ["A stored run", new MemoryStore()]] as const) {
  Deno.test(`${kind} whose clock calls back while it is read ends with one run.end`, async () => {
    for (let timeoutMs = 2; timeoutMs < 20; timeoutMs += 1) {
      const runId = `run-${timeoutMs}`;
      const toStep: Spot = () => ({ action: (_ctx, _payload, log) => log.event("said") });
      const { stream } = streamOf(toStep, () => {}, { store, runId, timeoutMs, clock: new TickingClock() });

      const { items } = await readAll(stream);

      assertEquals([items.at(-1)?.type, ends(items)], ["run.end", 1]);
      assertEquals(items.map(({ seq }) => seq), items.map((_, index) => index + 1));
      if (store !== undefined) assertEquals(typesOf(await storedEvents(store, runId)), typesOf(items));
    }
  });
}

/** What may leave a run, called whenever a run of the workflow comes by. */
type Leaver = (leave: () => void) => {
  readonly big?: () => unknown;
  readonly logger?: StepLogger;
  readonly clock?: ManualClock;
};

const LEAVERS: Readonly<Record<string, Leaver>> = {
  "a clock": (leave) => ({ clock: new CallingClock(leave) }),
  "a logger": (leave) => ({ logger: { log: leave, event: leave } }),
  "a getter in a large value": (leave) => ({
    big: () => ({
      large: LARGE,
      get text() {
        leave();
        return "read";
      },
    }),
  }),
};

/** So much that the state is written as a whole. */
const LARGE = "x".repeat(100_000);

for (const [name, toLeaver] of Object.entries(LEAVERS)) {
  Deno.test(`RunStream.return() from ${name} loses no step of a stored run and repeats none, whenever it comes`, async () => {
    const whole = await resultsOf(toLeaver, Infinity);

    let isLeft = true;
    for (let call = 1; isLeft; call += 1) {
      const left = await resultsOf(toLeaver, call);
      ({ isLeft } = left);
      assertEquals(left.told, whole.told, `call ${call}`);
    }
  });
}

/** What a store has of a run that was left at a call and resumed: its results, its retries and its end. */
async function resultsOf(toLeaver: Leaver, leaveAt: number) {
  const store = new MemoryStore();
  const first = Promise.withResolvers<void>();
  let calls = 0;
  let left: Promise<unknown> | null = null;
  const { big, logger, clock = new ManualClock() } = toLeaver(() => {
    calls += 1;
    if (calls === leaveAt) left = stream.return();
  });
  const steps: Step[] = [
    {
      name: "list",
      action: () => Promise.resolve(),
      decision: (_ctx, _result, { tail }) => ["slow", "big", "again"].forEach((step) => tail(step)),
    },
    { name: "slow", action: () => first.promise },
    {
      name: "big",
      action: () => {
        first.resolve();
        return big === undefined ? LARGE : big();
      },
    },
    {
      name: "again",
      retry: { maxAttempts: 2, delayMs: 0 },
      action: async (_ctx, _payload, log, { attempt }) => {
        log.event("tried");
        if (attempt === 1) await Promise.reject(new Error("not yet"));
      },
    },
  ];
  const old = new Workflow<Any, Any>().add(...steps).stream("list", null, { store, runId: RUN_ID });
  await old.next();
  await old.return();
  // A commit after a migration has all of the state.
  const workflow = new Workflow<Any, Any>({ version: "2" }).add(...steps);
  const goOn = { store, concurrency: 3, migrate: () => ({}) };
  const stream: RunStream = workflow.resume(RUN_ID, { ...goOn, clock, ...(logger && { logger }) });
  await settleTicking(readAll(stream).then(() => left), clock);
  if ((await headOf(store, RUN_ID)).wakeAt !== null) await readAll(workflow.resume(RUN_ID, goOn));
  const events = await storedEvents(store, RUN_ID);
  const results = events.flatMap((event) => event.type === "step.result" ? [`${event.step} ${event.attempt}`] : []);
  const retries = events.filter(({ type }) => type === "step.retry").length;
  const end = events.at(-1);
  const finished = end?.type === "run.end" ? end.steps : null;
  return { told: { results: results.sort(), retries, finished }, isLeft: calls >= leaveAt };
}

/** A clock that moves on a little whenever it is asked for the time. */
class TickingClock extends ManualClock {
  override now(): number {
    this.tick(1);
    return super.now();
  }
}

/** A clock that calls back whenever it is asked for the time. */
class CallingClock extends ManualClock {
  readonly #callBack: () => void;

  constructor(callBack: () => void) {
    super();
    this.#callBack = callBack;
  }

  override now(): number {
    this.#callBack();
    return super.now();
  }
}

/** A run of two steps, the first of which calls back once; `started` has what the second has got. */
function streamOf(toStep: Spot, callBack: () => unknown, options: RunOptions) {
  const started: unknown[] = [];
  let isCalled = false;
  const first = toStep(() => {
    if (isCalled) return;
    isCalled = true;
    callBack();
  });
  const workflow = new Workflow<Any, Any>().add(
    { action: () => null, decision: decideTo("next"), ...first, name: "first" },
    {
      name: "next",
      action: (_ctx, payload) => {
        started.push(payload);
      },
    },
  );
  const stream = workflow.stream("first", null, { runId: RUN_ID, cleanupTimeoutMs: 5, ...options });
  return { workflow, stream, started };
}

function ends(events: readonly { readonly type: string }[]): number {
  return events.filter(({ type }) => type === "run.end").length;
}
