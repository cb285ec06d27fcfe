import { StreamUsedError, Workflow, type WorkflowEvent } from "@stepstream/workflow";
import { eventStreamResponse } from "@stepstream/workflow/sse";
import { assertEquals, assertThrows } from "@std/assert";
import { laterTurn, stateOf, typesOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { parseEvents, parseEventStream } from "../tools/parse_event_stream.ts";
import { spiedSignal } from "../tools/spied_signal.ts";
import { ChunkReader } from "./chunk_reader.ts";
import { EventChannel } from "./event_channel.ts";
import { HOSTILE_TEXTS } from "./hostile_texts.ts";
import { endEvent, eventsFullOf, logEvent } from "./sample_events.ts";

const HELLO = "retry: 2000\n: heartbeat 8000\n\n";

function greeter(): Workflow {
  return new Workflow().add({ name: "greet", action: (_ctx, name) => `Hello, ${name}` });
}

Deno.test("eventStreamResponse() answers a fresh, uncompressed event stream that no proxy gathers", () => {
  const { status, headers } = eventStreamResponse(new EventChannel());

  assertEquals({ status, headers: Object.fromEntries(headers) }, {
    status: 200,
    headers: {
      "cache-control": "no-cache, no-transform",
      "content-type": "text/event-stream",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    },
  });
});

Deno.test("eventStreamResponse() sends first bytes at once, before it asks for an event", async () => {
  const events = new EventChannel();

  const first = await new ChunkReader(eventStreamResponse(events)).read();

  assertEquals([first, events.calls], [HELLO, []]);
});

Deno.test("eventStreamResponse() lets the run start no sooner than the client reads on", async () => {
  const ran: string[] = [];
  const workflow = new Workflow().add({ name: "work", action: () => ran.push("work") });
  const chunks = new ChunkReader(eventStreamResponse(workflow.stream("work")));

  await chunks.read();
  await laterTurn();
  const before = [...ran];
  await chunks.readAll();

  assertEquals([before, ran], [[], ["work"]]);
});

Deno.test("eventStreamResponse() tells the client when to reconnect and how long silence can last", async () => {
  const first = await new ChunkReader(eventStreamResponse(new EventChannel(), { retryMs: 0, heartbeatMs: 1 })).read();

  assertEquals(first, "retry: 0\n: heartbeat 1\n\n");
});

Deno.test("eventStreamResponse() sends every event of a run as a message with its seq as the id", async () => {
  const stream = greeter().stream("greet", "Ada", { runId: "run-1", clock: new ManualClock() });

  const { messages, errors } = parseEventStream(await eventStreamResponse(stream).text());

  const base = { runId: "run-1", at: 0 };
  const step = { ...base, token: 1, step: "greet", attempt: 1, payload: "Ada" };
  const end = { routed: [], queueLength: 0, durationMs: 0, droppedLogs: 0 };
  assertEquals(messages.map(({ id, event, data }) => ({ id, event, data: JSON.parse(data) })), [
    {
      id: "1",
      event: undefined,
      data: { ...base, type: "run.start", seq: 1, workflow: "workflow", version: "1", start: "greet", payload: "Ada" },
    },
    { id: "2", event: undefined, data: { ...step, type: "step.start", seq: 2, parent: null } },
    {
      id: "3",
      event: undefined,
      data: { ...step, ...end, type: "step.result", seq: 3, result: { ok: true, value: "Hello, Ada", error: null } },
    },
    {
      id: "4",
      event: undefined,
      data: { ...base, type: "run.end", seq: 4, status: "completed", error: null, steps: 1 },
    },
  ]);
  assertEquals(errors, []);
});

Deno.test("eventStreamResponse() sends bytes that hold every text as it was", async () => {
  const texts = HOSTILE_TEXTS.map(([, text]) => text);
  const events = texts.flatMap((text) => eventsFullOf(text).slice(0, 5))
    .map((event, index) => ({ ...event, seq: index + 1 }));

  const text = await eventStreamResponse(new EventChannel(...events, endEvent(events.length + 1))).text();

  const received = parseEvents(text);
  assertEquals<unknown>(received.slice(0, -1), events);
});

Deno.test("eventStreamResponse() ends after run.end, whatever comes behind it", async () => {
  const events = new EventChannel(logEvent(1, "a"), endEvent(2), logEvent(3, "late"));

  const text = await eventStreamResponse(events).text();

  assertEquals([typesOf(parseEvents(text)), events.asked, events.endings], [["step.log", "run.end"], 2, [["return"]]]);
});

Deno.test("eventStreamResponse() ends in the chunk of run.end, without another one", async () => {
  const chunks = new ChunkReader(eventStreamResponse(new EventChannel(logEvent(1, "a"), endEvent(2))));
  await chunks.read();

  const [last, ...rest] = await chunks.readAll();

  assertEquals([typesOf(parseEvents(last ?? "")), rest], [["step.log", "run.end"], []]);
});

Deno.test("eventStreamResponse() throws for a stream that is read already", () => {
  const stream = greeter().stream("greet");
  stream[Symbol.asyncIterator]();

  assertThrows(() => eventStreamResponse(stream), StreamUsedError);
});

const BAD_OPTIONS: readonly [options: Record<string, unknown>, message: string][] = [
  ...[0, -1, 1.5, NaN, Infinity, 2 ** 31, "15000", null].map((heartbeatMs): [Record<string, unknown>, string] => [
    { heartbeatMs },
    `Cannot stream events: heartbeatMs must be a whole number of ms from 1 on: ${heartbeatMs}`,
  ]),
  ...[-1, 1.5, NaN, Infinity, 2 ** 31, "1\nevent: admin", null].map((retryMs): [Record<string, unknown>, string] => [
    { retryMs },
    `Cannot stream events: retryMs must be a whole number of ms from 0 on: ${retryMs}`,
  ]),
  ...["stop", "", null, true].map((onDisconnect): [Record<string, unknown>, string] => [
    { onDisconnect },
    `Cannot stream events: onDisconnect must be "cancel" or "detach": ${onDisconnect}`,
  ]),
];

for (const [options, message] of BAD_OPTIONS) {
  Deno.test(`eventStreamResponse() throws for ${Deno.inspect(options)} and leaves the run and the signal alone`, () => {
    const events = new EventChannel();
    const signal = spiedSignal();

    assertThrows(() => eventStreamResponse(events, { ...options, signal: signal.signal }), RangeError, message);

    assertEquals([events.calls, signal.added], [[], 0]);
  });
}

Deno.test("eventStreamResponse() takes an option that is undefined for one that is left out", async () => {
  const options = {
    describeError: undefined,
    onDisconnect: undefined,
    signal: undefined,
    heartbeatMs: undefined,
    retryMs: undefined,
    waitUntil: undefined,
    clock: undefined,
  };

  const first = await new ChunkReader(eventStreamResponse(new EventChannel(), options)).read();

  assertEquals(first, HELLO);
});

Deno.test("eventStreamResponse() gives waitUntil a promise that is pending while the run is", async () => {
  const gate = Promise.withResolvers<void>();
  const workflow = new Workflow().add({ name: "wait", action: () => gate.promise });
  let done: Promise<void> | null = null;

  const chunks = new ChunkReader(
    eventStreamResponse(workflow.stream("wait"), { waitUntil: (promise) => done = promise }),
  );
  await chunks.readUntil("step.start");
  const before = await stateOf(Promise.resolve(done));
  gate.resolve();
  await chunks.readAll();

  assertEquals([before, await stateOf(Promise.resolve(done))], ["pending", "resolved: undefined"]);
});

Deno.test("eventStreamResponse() gives waitUntil a promise that settles after the run's cleanup", async () => {
  const order: string[] = [];
  const cleanup = Promise.withResolvers<void>();
  const workflow = new Workflow().add({
    name: "wait",
    action: async (_ctx, _payload, _log, { signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await cleanup.promise;
      order.push("cleaned up");
    },
  });
  const all = Promise.withResolvers<void>();
  const chunks = new ChunkReader(
    eventStreamResponse(workflow.stream("wait"), {
      waitUntil: (promise) => all.resolve(promise.then(() => void order.push("done"))),
    }),
  );
  await chunks.readUntil("step.start");

  await chunks.cancel();
  await laterTurn();
  order.push("a later turn");
  cleanup.resolve();
  await all.promise;

  assertEquals(order, ["a later turn", "cleaned up", "done"]);
});

Deno.test("eventStreamResponse() serves any async iterable of events, a native generator too", async () => {
  const order: string[] = [];
  async function* events(): AsyncGenerator<WorkflowEvent> {
    try {
      yield logEvent(1, "a");
      await laterTurn();
      yield logEvent(2, "b");
      yield endEvent(3);
    } finally {
      order.push("finally");
    }
  }

  const text = await eventStreamResponse(events()).text();

  assertEquals([parseEvents(text).map(({ seq }) => seq), order], [[1, 2, 3], ["finally"]]);
});

Deno.test("eventStreamResponse() leaves a native generator when the client goes away", async () => {
  const left = Promise.withResolvers<string>();
  const gate = Promise.withResolvers<void>();
  async function* events(): AsyncGenerator<WorkflowEvent> {
    try {
      yield logEvent(1, "a");
      await gate.promise;
      yield logEvent(2, "b");
    } finally {
      left.resolve("left");
    }
  }
  const clock = new ManualClock();
  const chunks = new ChunkReader(eventStreamResponse(events(), { clock }));
  await chunks.readUntil("step.log");
  const waiting = chunks.read();
  await laterTurn();

  await chunks.cancel();
  gate.resolve();

  assertEquals([await waiting, await left.promise, clock.pendingMs], [null, "left", []]);
});

Deno.test("eventStreamResponse() leaves an iterable without return() when the client goes away", async () => {
  const clock = new ManualClock();
  const done = Promise.withResolvers<void>();
  const events: AsyncIterable<WorkflowEvent> = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
  };
  const chunks = new ChunkReader(eventStreamResponse(events, { clock, waitUntil: (all) => done.resolve(all) }));
  await chunks.read();
  const waiting = chunks.read();
  await laterTurn();

  await chunks.cancel();
  await done.promise;

  assertEquals([await waiting, clock.pendingMs], [null, []]);
});
