import { type Any, SerializationError, Workflow, type WorkflowEvent } from "@stepstream/workflow";
import { eventStreamResponse } from "@stepstream/workflow/sse";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { laterTurn, typesOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { parseEvents } from "../tools/parse_event_stream.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { ChunkReader } from "./chunk_reader.ts";
import { EventChannel } from "./event_channel.ts";
import { endEvent, logEvent } from "./sample_events.ts";

const RUN = { runId: "run-1", clock: new ManualClock() };

/** Runs that fail, and what their clients are told. */
const FAILURES: readonly {
  readonly what: string;
  readonly workflow: Workflow;
  readonly maxSteps?: number;
  readonly error: { readonly name: string; readonly message: string };
  readonly steps: number;
}[] = [
  {
    what: "a decision that throws",
    workflow: new Workflow().add({
      name: "work",
      action: () => 1,
      decision: () => {
        throw new RangeError("no way", { cause: new Error("secret") });
      },
    }),
    error: { name: "RangeError", message: "no way" },
    steps: 0,
  },
  {
    what: "a decision that rejects",
    workflow: new Workflow().add({
      name: "work",
      action: () => 1,
      decision: () => Promise.reject(new RangeError("no way", { cause: new Error("secret") })),
    }),
    error: { name: "RangeError", message: "no way" },
    steps: 0,
  },
  {
    what: "the step limit",
    workflow: new Workflow().add({
      name: "work",
      action: () => 1,
      decision: (_ctx, _result, enqueue) => enqueue.tail("work"),
    }),
    maxSteps: 2,
    error: { name: "StepLimitError", message: 'Cannot run step "work": the run has done maxSteps = 2 steps' },
    steps: 2,
  },
  {
    what: "a route to an unknown step",
    workflow: new Workflow().add({
      name: "work",
      action: () => 1,
      decision: (_ctx, _result, enqueue) => enqueue.tail("nowhere"),
    }),
    error: { name: "UnknownStepError", message: 'Cannot find step "nowhere": known steps are "work"' },
    steps: 1,
  },
];

for (const { what, workflow, maxSteps, error, steps } of FAILURES) {
  Deno.test(`eventStreamResponse() ends with a failed run.end on ${what}`, async () => {
    const stream = workflow.stream("work", null, { ...RUN, maxSteps });

    const events = parseEvents(await eventStreamResponse(stream).text());

    assertEquals<unknown>(events.at(-1), {
      type: "run.end",
      seq: events.length,
      runId: "run-1",
      at: 0,
      status: "failed",
      error,
      steps,
    });
  });

  Deno.test(`eventStreamResponse() shows no stack and no cause on ${what}`, async () => {
    const text = await eventStreamResponse(workflow.stream("work", null, { ...RUN, maxSteps })).text();

    assertEquals(text.match(/stack|cause|secret|\.ts:\d+|\bat /g), null);
  });
}

Deno.test("eventStreamResponse() goes on after an action that throws, and shows its name and message alone", async () => {
  const workflow = new Workflow().add({
    name: "work",
    action: () => {
      throw new RangeError("boom", { cause: new Error("secret") });
    },
  });

  const events = parseEvents(await eventStreamResponse(workflow.stream("work")).text());

  const results = events.map((event) => event.type === "step.result" ? event.result : event.type);
  assertEquals<unknown>(results, [
    "run.start",
    "step.start",
    { ok: false, value: null, error: { name: "RangeError", message: "boom" } },
    "run.end",
  ]);
});

Deno.test("eventStreamResponse() tells of a run that is cancelled on the server's side", async () => {
  const workflow = new Workflow().add({ name: "wait", action: () => new Promise(() => {}) });
  const stream = workflow.stream("wait", null, { cleanupTimeoutMs: 0 });
  const chunks = new ChunkReader(eventStreamResponse(stream));
  await chunks.readUntil("step.start");

  await stream.cancel(new RangeError("closing time"));
  const events = parseEvents((await chunks.readAll()).join(""));

  const told = events.map((event) => event.type === "run.end" ? [event.status, event.error] : event.type);
  assertEquals<unknown>(told, [["cancelled", { name: "RangeError", message: "closing time" }]]);
});

Deno.test("eventStreamResponse() with describeError tells its words in every event", async () => {
  const workflow = new Workflow().add({
    name: "work",
    action: (_ctx, _payload, log) => {
      log.event("failing", { error: new Error("secret") });
      throw new Error("secret");
    },
    decision: () => {
      throw new Error("secret");
    },
  });
  const describeError = () => ({ name: "Error", message: "Something went wrong" });

  const text = await eventStreamResponse(workflow.stream("work"), { describeError }).text();

  assertEquals([text.includes("secret"), text.match(/Something went wrong/g)?.length], [false, 2]);
});

/** Runs that tell what JSON cannot hold, by the place where they do. */
const UNWRITABLE: readonly {
  readonly what: string;
  readonly action: (log: { event(name: string, data?: unknown): void }) => unknown;
  readonly payload?: unknown;
  readonly types: readonly string[];
  readonly message: string;
}[] = [
  {
    what: "the first payload",
    action: () => 1,
    payload: { when: new Date(0) },
    types: ["run.end"],
    message: "Cannot write payload.when as JSON: it is a Date",
  },
  {
    what: "a log's data",
    action: (log) => log.event("note", [1n]),
    types: ["run.start", "step.start", "run.end"],
    message: 'Cannot write data[0] of step "work" as JSON: it is a bigint',
  },
  {
    what: "a chunk's value",
    action: function* () {
      yield new Map();
    },
    types: ["run.start", "step.start", "run.end"],
    message: 'Cannot write value of step "work" as JSON: it is a Map',
  },
  {
    what: "a result's value",
    action: () => ({ call: () => {} }),
    types: ["run.start", "step.start", "run.end"],
    message: 'Cannot write result.value.call of step "work" as JSON: it is a function',
  },
];

for (const { what, action, payload = null, types, message } of UNWRITABLE) {
  const open = () => {
    const workflow = new Workflow().add({ name: "work", action: (_ctx, _payload, log) => action(log) });
    return workflow.stream("work", payload, RUN);
  };

  Deno.test(`eventStreamResponse() ends with a failed run.end where ${what} cannot be written`, async () => {
    const events = parseEvents(await eventStreamResponse(open()).text());

    assertEquals(typesOf(events), types);
    assertEquals<unknown>(events.at(-1), {
      type: "run.end",
      seq: events.length,
      runId: "run-1",
      at: 0,
      status: "failed",
      error: { name: "SerializationError", message },
      steps: what === "a result's value" ? 1 : 0,
    });
  });

  Deno.test(`eventStreamResponse() cancels the run with the SerializationError where ${what} cannot be written`, async () => {
    const stream = open();

    await eventStreamResponse(stream).text();

    await assertRejects(() => stream.result, SerializationError, message);
  });
}

Deno.test("eventStreamResponse() aborts the action at work where an event of it cannot be written", async () => {
  const aborted = Promise.withResolvers<unknown>();
  const workflow = new Workflow().add({
    name: "work",
    action: (_ctx, _payload, log, { signal }) => {
      log.event("note", 1n);
      signal.addEventListener("abort", () => aborted.resolve(signal.reason));
      return aborted.promise;
    },
  });

  await eventStreamResponse(workflow.stream("work")).text();

  assertEquals(await aborted.promise instanceof SerializationError, true);
});

Deno.test("eventStreamResponse() throws the SerializationError into events that take it", async () => {
  const events = new EventChannel(logEvent(1, "a"), logEvent(2, 1n), logEvent(3, "b"));

  const text = await eventStreamResponse(events).text();

  const [[name, error] = []] = events.endings;
  assertEquals([typesOf(parseEvents(text)), events.asked, name], [["step.log", "run.end"], 2, "throw"]);
  assertEquals(error instanceof SerializationError && error.path, "data");
});

Deno.test("eventStreamResponse() ends events that have no throw() where one of them cannot be written", async () => {
  const calls: string[] = [];
  const events: AsyncIterable<WorkflowEvent> = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: false, value: logEvent(1, 1n) }),
      return: () => {
        calls.push("return");
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };

  await eventStreamResponse(events).text();

  assertEquals(calls, ["return"]);
});

Deno.test("eventStreamResponse() leaves no rejection unhandled where an event cannot be written", async () => {
  using trap = new RejectionTrap();
  const workflow = new Workflow().add({ name: "work", action: () => 1n });

  await eventStreamResponse(workflow.stream("work")).text();
  await laterTurn();

  assertEquals(trap.reasons, []);
});

Deno.test("eventStreamResponse() ends with a failed run.end for an event of no known type", async () => {
  // What a store gives back has a type only on paper.
  const unknown = { ...endEvent(1), type: "run.forged" } as unknown as WorkflowEvent<Any, Any>;

  const events = parseEvents(await eventStreamResponse(new EventChannel(unknown)).text());

  const told = events.map((event) => event.type === "run.end" ? [event.seq, event.status, event.error] : event.type);
  assertEquals<unknown>(told, [[1, "failed", { name: "WorkflowError", message: "Cannot write event 1 as JSON" }]]);
});

for (
  const [what, forged] of [
    ["an event without a seq", { ...logEvent(1, null), seq: undefined }],
    ["null for an event", null],
  ] as const
) {
  Deno.test(`eventStreamResponse() breaks the body for ${what}, and leaves the events`, async () => {
    const events = new EventChannel(forged as unknown as WorkflowEvent<Any, Any>);

    await assertRejects(() => eventStreamResponse(events).text(), TypeError);

    assertEquals(events.endings.length, 1);
  });
}

Deno.test("eventStreamResponse() ends with a run.end that tells nothing where describeError throws", async () => {
  const mine = new Error("mine");
  const events = new EventChannel(logEvent(1, new Error("boom")));
  const describeError = () => {
    throw mine;
  };

  const text = await eventStreamResponse(events, { describeError }).text();

  assertEquals(parseEvents(text).map((event) => event.type === "run.end" ? event.error : event.type), [
    { name: "WorkflowError", message: "Cannot write event 1 as JSON" },
  ]);
  assertEquals(events.endings.length, 1);
});

Deno.test("eventStreamResponse() breaks the body where the events fail without run.end", async () => {
  const mine = new Error("mine");
  const events = new EventChannel(logEvent(1, "a"));
  const chunks = new ChunkReader(eventStreamResponse(events));
  await chunks.readUntil("step.log");
  events.fail(mine);

  const error = await assertRejects(() => chunks.readAll());

  assertStrictEquals(error, mine);
});

Deno.test("eventStreamResponse() sends what was ready before it breaks the body", async () => {
  const events = new EventChannel(logEvent(1, "a"), logEvent(2, "b"));
  events.fail(new Error("mine"));
  const chunks = new ChunkReader(eventStreamResponse(events));
  await chunks.read();

  const sent = await chunks.read();

  assertEquals(parseEvents(sent ?? "").map(({ seq }) => seq), [1, 2]);
  await assertRejects(() => chunks.read(), Error, "mine");
});

Deno.test("eventStreamResponse() breaks the body where a native generator throws", async () => {
  const mine = new Error("mine");
  // deno-lint-ignore require-yield
  async function* events(): AsyncGenerator<WorkflowEvent> {
    await laterTurn();
    throw mine;
  }

  const error = await assertRejects(() => eventStreamResponse(events()).text());

  assertStrictEquals(error, mine);
});

Deno.test("eventStreamResponse() breaks the body where next() throws instead of rejecting", async () => {
  const mine = new Error("mine");
  const events = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        throw mine;
      },
    }),
  };

  const error = await assertRejects(() => eventStreamResponse(events).text());

  assertStrictEquals(error, mine);
});

Deno.test("eventStreamResponse() settles waitUntil where the events fail", async () => {
  const events = new EventChannel();
  events.fail(new Error("mine"));
  const all = Promise.withResolvers<void>();

  await eventStreamResponse(events, { waitUntil: (done) => all.resolve(done) }).text().catch(() => {});

  assertEquals(await all.promise, undefined);
});

Deno.test("eventStreamResponse() makes no run.end of its own where the events just end", async () => {
  const events = new EventChannel(logEvent(1, "a"));
  events.end();

  const text = await eventStreamResponse(events).text();

  assertEquals(typesOf(parseEvents(text)), ["step.log"]);
});
