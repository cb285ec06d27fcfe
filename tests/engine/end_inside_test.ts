import {
  type Any,
  asStep,
  decideTo,
  MemoryStore,
  type RunOptions,
  type RunStream,
  type Step,
  Workflow,
} from "@stepstream/workflow";
import { assert, assertEquals } from "@std/assert";
import { readAll, typesOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
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

/** A clock that moves on a little whenever it is asked for the time. */
class TickingClock extends ManualClock {
  override now(): number {
    this.tick(1);
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
