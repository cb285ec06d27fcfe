import {
  type Any,
  asStep,
  MemoryStore,
  type Result,
  SerializationError,
  StoreError,
  Workflow,
  type WorkflowEvent,
} from "@stepstream/workflow";
import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { laterTurn, readAll, typesOf } from "../tools/events.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { headOf, storedEvents } from "../tools/stored_run.ts";

const NOT_JSON: readonly unknown[] = [1n, new Date(0), new Map(), NaN, { deep: [() => 1] }, Symbol("s"), [undefined]];

/** What is asked of a run with a step whose action is given. */
async function runOf(workflow: Workflow<Any, Any, Any, Any>, start: string, payload: unknown, options = {}) {
  using trap = new RejectionTrap();
  const store = new MemoryStore();
  const stream = workflow.stream(start, payload, { store, runId: "r1", ...options });
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), 1_000);
  const read = await Promise.race([readAll<WorkflowEvent<Any, Any>>(stream), late.promise]);
  clearTimeout(timer);
  if (read === null) void stream.cancel("it hangs");
  await laterTurn();
  const events = await storedEvents(store, "r1");
  return { store, events, read: read ?? { items: [], failure: { error: "it hangs" } }, rejections: trap.reasons };
}

Deno.test("StepLogHelper.event() of a stored run throws for what is not JSON", async () => {
  for (const value of NOT_JSON) {
    const caught: unknown[] = [];
    const { events, read } = await runOf(
      new Workflow().add({
        name: "a",
        action: (_ctx, _payload, log) => {
          log.event("before");
          try {
            log.event("bad", { value });
          } catch (error) {
            caught.push(error);
          }
          log.event("after");
        },
      }),
      "a",
      1,
    );

    assertInstanceOf(caught[0], SerializationError);
    assertEquals(caught[0].path.startsWith("data.value"), true);
    assertEquals(typesOf(events), ["run.start", "step.start", "step.log", "step.log", "step.result", "run.end"]);
    assertEquals(read.failure, null);
  }
});

Deno.test("A generator of a stored run fails at a chunk that is not JSON, and cleans up", async () => {
  for (const value of NOT_JSON) {
    let isCleanedUp = false;
    const { events } = await runOf(
      new Workflow().add({
        name: "a",
        action: async function* () {
          try {
            yield 1;
            yield value;
            yield 3;
          } finally {
            isCleanedUp = true;
          }
        },
      }),
      "a",
      1,
    );

    const [result] = events.flatMap((event) => event.type === "step.result" ? [event.result] : []);
    assertEquals([isCleanedUp, result?.ok], [true, false]);
    assertEquals((result as Any)?.error.name, "SerializationError");
    assertEquals(typesOf(events), ["run.start", "step.start", "step.chunk", "step.result", "run.end"]);
  }
});

Deno.test("A step of a stored run fails where its value is not JSON, and its decision knows", async () => {
  for (const value of NOT_JSON) {
    const seen: Result[] = [];
    const { read, rejections, store } = await runOf(
      new Workflow().add({
        name: "a",
        action: async () => (await undefined, value),
        decision: (_ctx, result) => void seen.push(result),
      }),
      "a",
      1,
    );

    assertInstanceOf(seen[0]?.error, SerializationError);
    assertEquals([read.failure, rejections, (await headOf(store, "r1")).status], [null, [], "completed"]);
  }
});

Deno.test("A stored run fails where a routed payload is not JSON", async () => {
  for (const value of NOT_JSON) {
    for (const isLate of [false, true]) {
      const { read, rejections, events, store } = await runOf(
        new Workflow().add({
          name: "a",
          action: async () => isLate ? await undefined : 1,
          decision: (_ctx, _result, enqueue) => enqueue.tail("a", { value }),
        }),
        "a",
        1,
      );

      assertInstanceOf(read.failure?.error, SerializationError);
      assertEquals([rejections, (await headOf(store, "r1")).status], [[], "failed"]);
      assertEquals(events.at(-1)?.type, "run.end");
    }
  }
});

Deno.test("Workflow.stream() throws where a stored run's start payload or context is not JSON", () => {
  const workflow = new Workflow().add({ name: "a", action: () => 1 });
  const store = new MemoryStore();
  for (const value of NOT_JSON) {
    const error = assertThrows(() => workflow.stream("a", { value }, { store }), SerializationError, "payload.value");
    assertEquals(error.stepName, "a");
    assertThrows(() => workflow.stream("a", 1, { store, context: { value } }), SerializationError);
  }
});

const CHANGES: Readonly<Record<string, (payload: Any) => void>> = {
  "in place": (payload) => payload.items.push("more"),
  "to a cycle": (payload) => payload.self = payload,
  "to a bigint": (payload) => payload.items = 1n,
  "to a date": (payload) => payload.items = new Date(0),
};

for (const [name, change] of Object.entries(CHANGES)) {
  for (const isLate of [false, true]) {
    const when = isLate ? "late" : "at once";
    Deno.test(`A payload that an action of a stored run changes ${name} ${when} is as before in events and retries`, async () => {
      const seen: number[] = [];
      const { read, rejections, events } = await runOf(
        new Workflow().add(
          { name: "a", action: () => 1, decision: (_ctx, _result, enqueue) => enqueue.tail("b", { items: ["one"] }) },
          {
            name: "b",
            action: (_ctx, payload: Any, _log, { attempt }) => {
              seen.push(payload.items.length);
              const act = () => {
                change(payload);
                if (attempt === 1) throw new Error("no");
                return 1;
              };
              return isLate ? laterTurn().then(act) : act();
            },
            retry: { maxAttempts: 2 },
          },
        ),
        "a",
        1,
      );

      assertEquals([read.failure, rejections, seen], [null, [], [1, 1]]);
      const payloads = events.flatMap((event) =>
        "payload" in event && "step" in event && event.step === "b" ? [event.payload] : []
      );
      assertEquals(payloads, [{ items: ["one"] }, { items: ["one"] }, { items: ["one"] }]);
    });
  }
}

for (const value of NOT_JSON) {
  for (const isLate of [false, true]) {
    const when = isLate ? "late" : "at once";
    Deno.test(`A run inside a step of a stored run fails where a payload is ${typeof value} ${Object.prototype.toString.call(value)} (${when})`, async () => {
      const inner = new Workflow({ name: "inner" }).add(
        {
          name: "i",
          action: () => isLate ? laterTurn() : null,
          decision: (_ctx, _result, enqueue) => enqueue.tail("j", { value }),
        },
        { name: "j", action: () => 1 },
      );

      const { events, rejections, read } = await runOf(
        new Workflow().add(asStep("s", inner, { start: "i" })),
        "s",
        1,
      );

      const [result] = events.flatMap((event) =>
        event.type === "step.result" && event.step === "s" ? [event.result] : []
      );
      assertEquals([read.failure, rejections], [null, []]);
      assertEquals((result as Any)?.error?.name, "SerializationError");
    });
  }
}

Deno.test("What a group has come to keeps the words of its errors in a stored run, outside and inside", async () => {
  for (const mode of ["settle", "fail-fast"] as const) {
    const seen: unknown[] = [];
    const steps = () =>
      new Workflow<Any, Any, Any, Any>({ name: "w" }).add(
        { name: "a", action: () => 1, decision: (_ctx, _r, enqueue) => enqueue.all("b", [1, 2], { then: "c", mode }) },
        {
          name: "b",
          action: () => {
            throw new Error("no");
          },
        },
        { name: "c", action: (_ctx, results) => void seen.push(JSON.parse(JSON.stringify(results))) },
      );

    const outside = await runOf(steps(), "a", 1);
    const inside = await runOf(new Workflow().add(asStep("s", steps(), { start: "a" })), "s", 1);

    const no = { name: "Error", message: "no" };
    const other = mode === "settle"
      ? no
      : { name: "GroupFailedError", message: "Stopped because another of its group failed", cause: no };
    const expected = [{ ok: false, value: null, error: no }, { ok: false, value: null, error: other }];
    for (const { events } of [outside, inside]) {
      const payloads = events.flatMap((event) =>
        "step" in event && event.step === "c" && "payload" in event ? [event.payload] : []
      );
      assertEquals(payloads, [expected, expected]);
    }
    assertEquals(seen[0], expected);
  }
});

Deno.test("A stored run traces what is stored, as it does when it is resumed", async () => {
  const create = () =>
    new Workflow<Any, Any>().add(
      {
        name: "a",
        action: () => ({ nothing: undefined, error: new RangeError("no", { cause: 1 }), list: [1] }),
        decision: (_ctx, { value }, enqueue) => {
          enqueue.tail("b");
          value?.list.push(2);
        },
      },
      asStep("b", new Workflow().add({ name: "inner", action: (_ctx, value) => value }), { start: "inner" }),
    );
  const store = new MemoryStore();

  const { trace } = await create().run("a", null, { store, runId: "r1" });
  const resumed = await create().resume("r1", { store }).result;

  assertEquals(trace, resumed.trace);
  assertEquals(Object.keys(trace[0]?.value ?? {}), ["error", "list"]);
});

Deno.test("A logger that throws what is not JSON does not break a stored run", async () => {
  for (const thrown of [1n, Symbol("s"), () => 1, new Map(), { deep: new Date(0) }]) {
    for (const isLate of [false, true]) {
      const logger = {
        log: isLate ? () => Promise.reject(thrown) : () => {
          throw thrown;
        },
      };
      const action = async () => (await laterTurn(), 1);
      const { read, rejections, events } = await runOf(
        new Workflow().add({ name: "a", action, decision: laterTurn }),
        "a",
        1,
        { logger },
      );

      assertEquals([read.failure, rejections], [null, []]);
      assertEquals(typesOf(events).includes("step.result"), true);
    }
  }
});

Deno.test("Data whose getter logs leaves the events of a stored run in order", async () => {
  const { events, read } = await runOf(
    new Workflow().add({
      name: "a",
      action: (_ctx, _payload, log) => {
        log.event("outer", {
          get inner() {
            log.event("inner");
            return 1;
          },
        });
      },
    }),
    "a",
    1,
  );

  assertEquals(read.failure, null);
  assertEquals(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
});

Deno.test("A reader of a stored run sees what is stored, whatever an action does to it afterwards", async () => {
  const { read, events } = await runOf(
    new Workflow().add({
      name: "a",
      action: async function* (_ctx, _payload, log) {
        const told = { n: 1 };
        log.event("told", told);
        told.n = 2;
        yield told;
        told.n = 3;
        await laterTurn();
        return told;
      },
      decision: (_ctx, result) => {
        if (result.ok) (result.value as Any).late = laterTurn;
      },
    }),
    "a",
    1,
  );

  assertEquals(read.items.map((event) => "data" in event ? event.data : "value" in event ? event.value : null), [
    null,
    null,
    { n: 1 },
    { n: 2 },
    ...events.slice(4).map(() => null),
  ]);
});

for (const method of ["create", "claim", "load", "events", "commit"] as const) {
  Deno.test(`A stored run whose store throws at once when it is asked to ${method} ends with StoreError`, async () => {
    const store = new MemoryStore();
    const workflow = new Workflow({ name: "w" }).add({ name: "a", action: async () => (await laterTurn(), 1) });
    if (method !== "create") {
      const first = workflow.stream("a", 1, { store, runId: "r1" });
      await first.next();
      await first.return();
    }
    Object.defineProperty(store, method, {
      value: () => {
        throw new TypeError("no connection");
      },
    });

    const stream = method === "create" || method === "events"
      ? workflow.stream("a", 1, { store, runId: "r1" })
      : workflow.resume("r1", { store });
    const { failure } = await readAll(stream);
    await stream.return();

    assertInstanceOf(failure?.error, StoreError);
    assertEquals([failure.error.runId, (failure.error.cause as Any).message], ["r1", "no connection"]);
  });
}

Deno.test("An action of a stored run may return the context: its value is what is in it", async () => {
  const workflow = new Workflow<Any, Any>().add({
    name: "a",
    action: (ctx) => {
      ctx.n = 1;
      return ctx;
    },
  });

  const { context } = await workflow.run("a", null, { store: new MemoryStore() });

  assertEquals(context, { n: 1, "result.a": { n: 1 } });
});
