import { Workflow } from "@stepstream/workflow";
import { eventStreamResponse } from "@stepstream/workflow/sse";
import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { laterTurn, typesOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { parseEvents } from "../tools/parse_event_stream.ts";
import { ChunkReader } from "./chunk_reader.ts";
import { EventChannel } from "./event_channel.ts";
import { endEvent, logEvent } from "./sample_events.ts";

const HEARTBEAT = ":\n\n";

/** A stream whose client waits for more, with the hello read. */
async function waitingStream(...options: readonly [{ readonly heartbeatMs?: number }?]) {
  const clock = new ManualClock();
  const events = new EventChannel();
  const chunks = new ChunkReader(eventStreamResponse(events, { clock, ...options[0] }));
  await chunks.read();
  return { clock, events, chunks };
}

/** What the client gets by then; the reading goes on in the background. */
function collect(chunks: ChunkReader): string[] {
  const got: string[] = [];
  (async () => {
    for (let chunk = await chunks.read(); chunk !== null; chunk = await chunks.read()) {
      got.push(chunk === HEARTBEAT ? "beat" : typesOf(parseEvents(chunk)).join());
    }
    got.push("end");
  })();
  return got;
}

Deno.test("eventStreamResponse() sends a heartbeat once it was silent for heartbeatMs, no sooner", async () => {
  const { clock, chunks } = await waitingStream({ heartbeatMs: 50 });
  const got = collect(chunks);
  await laterTurn();

  clock.tick(49);
  await laterTurn();
  const before = [...got];
  clock.tick(1);
  await laterTurn();

  assertEquals([before, got], [[], ["beat"]]);
  await chunks.cancel();
});

Deno.test("eventStreamResponse() sends one heartbeat for every silent interval", async () => {
  const { clock, events, chunks } = await waitingStream({ heartbeatMs: 50 });
  const got = collect(chunks);

  for (let beat = 0; beat < 3; beat += 1) {
    await laterTurn();
    clock.tick(50);
  }
  await laterTurn();

  assertEquals([got, events.asked], [["beat", "beat", "beat"], 1]);
  await chunks.cancel();
});

Deno.test("eventStreamResponse() sends no heartbeat while events flow", async () => {
  const { clock, events, chunks } = await waitingStream({ heartbeatMs: 50 });
  const got = collect(chunks);

  for (let seq = 1; seq <= 4; seq += 1) {
    await laterTurn();
    clock.tick(49);
    events.push(logEvent(seq, null));
  }
  await laterTurn();

  assertEquals(got, ["step.log", "step.log", "step.log", "step.log"]);
  await chunks.cancel();
});

Deno.test("eventStreamResponse() loses no event that comes after a heartbeat", async () => {
  const { clock, events, chunks } = await waitingStream({ heartbeatMs: 50 });
  const got = collect(chunks);
  await laterTurn();

  clock.tick(50);
  await laterTurn();
  events.push(logEvent(1, null));
  events.push(endEvent(2));
  await laterTurn();

  assertEquals(got, ["beat", "step.log,run.end", "end"]);
});

Deno.test("eventStreamResponse() sends heartbeats while an action waits", async () => {
  const gate = Promise.withResolvers<void>();
  const clock = new ManualClock();
  const workflow = new Workflow().add({ name: "wait", action: () => gate.promise });
  const chunks = new ChunkReader(eventStreamResponse(workflow.stream("wait"), { clock, heartbeatMs: 50 }));
  await chunks.read();
  const got = collect(chunks);
  await laterTurn();

  clock.tick(50);
  await laterTurn();
  gate.resolve();
  await laterTurn();

  assertEquals(got, ["run.start,step.start", "beat", "step.result,run.end", "end"]);
});

Deno.test("eventStreamResponse() sets a single timer, and none while the client does not read", async () => {
  const { clock, events, chunks } = await waitingStream({ heartbeatMs: 50 });

  const unread = clock.pendingMs;
  const chunk = chunks.read();
  await laterTurn();
  const waiting = clock.pendingMs;
  events.push(logEvent(1, null));
  await chunk;

  assertEquals([unread, waiting, clock.pendingMs], [[], [50], []]);
  await chunks.cancel();
});

Deno.test("eventStreamResponse() leaves no timer behind run.end", async () => {
  const { clock, events, chunks } = await waitingStream();
  const got = collect(chunks);
  await laterTurn();

  events.push(endEvent(1));
  await laterTurn();
  const pendingMs = clock.pendingMs;
  clock.tick(60_000);
  await laterTurn();

  assertEquals([pendingMs, got], [[], ["run.end", "end"]]);
});

Deno.test("eventStreamResponse() leaves no timer when the events fail", async () => {
  const { clock, events, chunks } = await waitingStream();
  const chunk = chunks.read().catch((error) => error);
  await laterTurn();

  events.fail("broken");
  await chunk;

  assertEquals(clock.pendingMs, []);
});

for (const onDisconnect of ["cancel", "detach"] as const) {
  Deno.test(`eventStreamResponse() that is left to ${onDisconnect} leaves no timer, whenever that happens`, async () => {
    const pending: number[][] = [];
    for (let microtasks = 0; microtasks < 16; microtasks += 1) {
      const clock = new ManualClock();
      // Deaf, as an action may be: only the client's leaving ends the wait.
      const events = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
      const chunks = new ChunkReader(eventStreamResponse(events, { clock, onDisconnect }));
      await chunks.read();
      const chunk = chunks.read();
      for (let index = 0; index < microtasks; index += 1) await undefined;

      const left = chunks.cancel();
      await laterTurn();
      pending.push(clock.pendingMs);
      await Promise.all([chunk, left]);
    }

    assertEquals(pending, Array.from({ length: 16 }, () => []));
  });
}

Deno.test("eventStreamResponse() beats every 8 seconds of the platform's clock, before Bun.serve takes a stream for dead", async () => {
  using time = new FakeTime();
  const chunks = new ChunkReader(eventStreamResponse(new EventChannel()));
  await chunks.read();
  const got = collect(chunks);
  await laterTurn();

  await time.tickAsync(7_999);
  await laterTurn();
  const before = [...got];
  await time.tickAsync(1);
  await laterTurn();

  assertEquals([before, got], [[], ["beat"]]);
  await chunks.cancel();
});
