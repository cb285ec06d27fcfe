import { type Any, Workflow, type WorkflowEvent } from "@stepstream/workflow";
import { eventStreamResponse } from "@stepstream/workflow/sse";
import { assertEquals, assertLess } from "@std/assert";
import { laterTurn, stateOf, typesOf } from "../tools/events.ts";
import { heapInUse } from "../tools/heap.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { parseEvents } from "../tools/parse_event_stream.ts";
import { ChunkReader } from "./chunk_reader.ts";
import { EventChannel } from "./event_channel.ts";
import { endEvent, logEvent } from "./sample_events.ts";

/** A workflow of one step that comes again and again. */
function loop(length: number, onStep: (count: number) => unknown = () => {}): Workflow {
  let count = 0;
  return new Workflow().add({
    name: "loop",
    action: () => {
      count += 1;
      return onStep(count);
    },
    decision: (_ctx, _result, enqueue) => {
      if (count < length) enqueue.tail("loop", count);
    },
  });
}

function numbersOf(events: readonly WorkflowEvent<Any, Any>[]): number[] {
  return events.map(({ seq }) => seq);
}

Deno.test("eventStreamResponse() sends a log event while its action waits for the client who gets it", async () => {
  const gate = Promise.withResolvers<string>();
  const workflow = new Workflow().add({
    name: "ask",
    action: (_ctx, _payload, log) => {
      log.event("waiting");
      return gate.promise;
    },
  });
  const chunks = new ChunkReader(eventStreamResponse(workflow.stream("ask")));

  const before = await chunks.readUntil("step.log");
  gate.resolve("answer");
  const after = (await chunks.readAll()).join("");

  assertEquals([typesOf(parseEvents(before)), typesOf(parseEvents(after))], [
    ["run.start", "step.start", "step.log"],
    ["step.result", "run.end"],
  ]);
});

Deno.test("eventStreamResponse() sends each chunk of a generator before the next one is made", async () => {
  let released = Promise.withResolvers<void>();
  const workflow = new Workflow().add({
    name: "count",
    action: async function* () {
      for (let value = 1; value <= 3; value += 1) {
        yield value;
        await released.promise;
      }
    },
  });
  const chunks = new ChunkReader(eventStreamResponse(workflow.stream("count")));

  const seen: string[] = [];
  for (let value = 1; value <= 3; value += 1) {
    seen.push((await chunks.readUntil("step.chunk")).match(/"value":\d/g)?.join() ?? "");
    const { resolve } = released;
    released = Promise.withResolvers();
    resolve();
  }
  await chunks.readAll();

  assertEquals(seen, ['"value":1', '"value":2', '"value":3']);
});

Deno.test("eventStreamResponse() sends an event of a slow source without waiting for the next", async () => {
  const events = new EventChannel();
  const chunks = new ChunkReader(eventStreamResponse(events, { clock: new ManualClock() }));
  await chunks.read();

  const seen: number[][] = [];
  for (let seq = 1; seq <= 3; seq += 1) {
    const chunk = chunks.read();
    await laterTurn();
    events.push(logEvent(seq, null));
    seen.push(numbersOf(parseEvents(await chunk ?? "")));
  }

  assertEquals(seen, [[1], [2], [3]]);
  await chunks.cancel();
});

Deno.test("eventStreamResponse() sends what is ready in few chunks", async () => {
  const stream = loop(1_000).stream("loop", 0, { clock: new ManualClock() });

  const chunks = await new ChunkReader(eventStreamResponse(stream, { clock: new ManualClock() })).readAll();

  const text = chunks.join("");
  const fewest = Math.ceil(text.length / (64 * 1024));
  assertEquals([parseEvents(text).length, chunks.length <= fewest + 1], [2_002, true]);
});

Deno.test("eventStreamResponse() sends what is ready in few chunks also from a native generator", async () => {
  async function* events(): AsyncGenerator<WorkflowEvent> {
    for (let seq = 1; seq < 100; seq += 1) yield logEvent(seq, null);
    yield endEvent(100);
  }

  const chunks = await new ChunkReader(eventStreamResponse(events(), { clock: new ManualClock() })).readAll();

  assertEquals(chunks.map((chunk) => parseEvents(chunk).length), [0, 100]);
});

Deno.test("eventStreamResponse() sends chunks of a bounded size", async () => {
  const stream = loop(1_000, () => "x".repeat(1_000)).stream("loop", 0, { clock: new ManualClock() });

  const chunks = await new ChunkReader(eventStreamResponse(stream, { clock: new ManualClock() })).readAll();

  assertLess(Math.max(...chunks.map(({ length }) => length)), 128 * 1024 + 2_000);
});

Deno.test("eventStreamResponse() does not hold back for long what comes before a step that computes", async () => {
  const clock = new ManualClock();
  const stream = loop(20, () => clock.tick(5)).stream("loop", 0, { clock });

  const chunks = await new ChunkReader(eventStreamResponse(stream, { clock })).readAll();

  // What is ready when a step begins has to wait for that one step, as the step does not let go of the thread.
  const spansMs = chunks.map((chunk) => parseEvents(chunk)).map((events) =>
    (events.at(-1)?.at ?? 0) - (events[0]?.at ?? 0)
  );
  assertEquals(spansMs.filter((spanMs) => spanMs > 10), []);
});

Deno.test("eventStreamResponse() lets nothing run while its body is not read", async () => {
  const events = new EventChannel(logEvent(1, null), logEvent(2, null));
  const response = eventStreamResponse(events);

  await laterTurn();

  assertEquals(events.calls, []);
  await response.body?.cancel();
});

Deno.test("eventStreamResponse() lets the run stand still while its client reads no further", async () => {
  let ran = 0;
  const workflow = loop(Infinity, (count) => ran = count);
  const chunks = new ChunkReader(
    eventStreamResponse(workflow.stream("loop", 0, { maxSteps: Infinity }), { clock: new ManualClock() }),
  );
  await chunks.readUntil("step.result");

  const atPause = ran;
  for (let turn = 0; turn < 10; turn += 1) await laterTurn();

  assertEquals([ran, atPause < 1_000], [atPause, true]);
  await chunks.cancel();
});

Deno.test("eventStreamResponse() asks for one event at a time, and for none ahead of the client", async () => {
  const events = new EventChannel(logEvent(1, null));
  const chunks = new ChunkReader(eventStreamResponse(events, { clock: new ManualClock() }));
  await chunks.readUntil("step.log");

  events.push(logEvent(2, null));
  events.push(logEvent(3, null));
  await laterTurn();

  // The second one was asked for when nothing was ready, and waits where it is.
  assertEquals(events.asked, 2);
  await chunks.cancel();
});

Deno.test("eventStreamResponse() does not grow behind a client that stops reading a run of 100 000 events", async () => {
  const stream = loop(50_000, () => "x".repeat(1_000)).stream("loop", 0, { maxSteps: Infinity, captureTrace: false });
  const chunks = new ChunkReader(eventStreamResponse(stream));
  await chunks.readUntil("step.result");

  const before = heapInUse();
  const waiting = await stateOf(new Promise(() => {}));
  for (let turn = 0; turn < 50; turn += 1) await laterTurn();
  const grownBy = heapInUse() - before;

  assertEquals([waiting, grownBy < 1_000_000 ? "flat" : `${grownBy} bytes more`], ["pending", "flat"]);
  await chunks.cancel();
});

Deno.test("eventStreamResponse() does not grow behind a client that reads a run of 100 000 events", async () => {
  const stream = loop(50_000).stream("loop", 0, { maxSteps: Infinity, captureTrace: false });
  const chunks = new ChunkReader(eventStreamResponse(stream));
  await chunks.readUntil("step.result");

  const before = heapInUse();
  let length = 0;
  let last = "";
  for (let chunk = await chunks.read(); chunk !== null; chunk = await chunks.read()) {
    length += chunk.length;
    last = chunk;
  }
  const grownBy = heapInUse() - before;

  assertEquals(parseEvents(last).at(-1)?.seq, 100_002);
  assertEquals(grownBy < 2_000_000 ? "flat" : `${grownBy} bytes more of ${length} sent`, "flat");
});

Deno.test("eventStreamResponse() keeps no names of events that it has sent", async () => {
  const clock = new ManualClock();
  const events = new EventChannel();
  const chunks = new ChunkReader(eventStreamResponse(events, { clock }));
  await chunks.read();

  const before = heapInUse();
  for (let seq = 1; seq <= 300; seq += 1) {
    events.push({ ...logEvent(seq, null), name: `${seq} `.repeat(20_000) });
    await chunks.read();
  }
  const grownBy = heapInUse() - before;

  assertEquals(grownBy < 5_000_000 ? "flat" : `${grownBy} bytes more`, "flat");
  await chunks.cancel();
});

Deno.test("eventStreamResponse() does not grow while heartbeats are all there is", async () => {
  const clock = new ManualClock();
  const chunks = new ChunkReader(eventStreamResponse(new EventChannel(), { clock, heartbeatMs: 1 }));
  await chunks.read();
  const beat = async () => {
    const chunk = chunks.read();
    while (clock.pendingMs.length === 0) await undefined;
    clock.tick(1);
    await chunk;
  };
  for (let count = 0; count < 100; count += 1) await beat();

  const before = heapInUse();
  for (let count = 0; count < 20_000; count += 1) await beat();
  const grownBy = heapInUse() - before;

  assertEquals(grownBy < 1_000_000 ? "flat" : `${grownBy} bytes more`, "flat");
  await chunks.cancel();
});
