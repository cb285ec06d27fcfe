import { FollowError, followRun, type FollowState } from "@stepstream/workflow/client";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { endEvent, eventsFullOf, logEvent } from "../sse/sample_events.ts";
import { readAll } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { parseEvents } from "../tools/parse_event_stream.ts";
import { settleTicking } from "../tools/settle_ticking.ts";
import { EventServer, HELLO, messagesOf, openResponse, refusal, streamResponse } from "./event_server.ts";
import { TornServer } from "./torn_server.ts";
import { until } from "../tools/until.ts";

const EVENTS = eventsFullOf("ü😀");
/** The events as they are after the wire. */
const READ = parseEvents(messagesOf(EVENTS));
/** Short, for what is done at each of its bytes. */
const FEW = [logEvent(1, "ü😀"), logEvent(2, "b"), endEvent(3)];
const STREAM = new TextEncoder().encode(HELLO + messagesOf(FEW));
const QUICK = { maxDelayMs: 0 };
const EVENT = messagesOf([logEvent(1, "a")]);

Deno.test("followRun() gives the same events wherever the stream ends too early", async () => {
  let cutAt = 0;
  await using server = new EventServer(({ after }, index) =>
    streamResponse(index === 0 ? STREAM.slice(0, cutAt) : HELLO + messagesOf(FEW, after))
  );

  for (cutAt = 0; cutAt < STREAM.length; cutAt += 1) {
    server.requests.length = 0;
    const { items, failure } = await readAll(followRun(server.url, QUICK));

    const got = parseEvents(new TextDecoder().decode(STREAM.subarray(0, cutAt))).length;
    assertEquals(
      [items, failure, server.afters],
      [FEW, null, got === FEW.length ? [0] : [0, got]],
      `cut at ${cutAt}`,
    );
  }
});

Deno.test("followRun() gives the same events wherever the connection breaks", async () => {
  const encoder = new TextEncoder();
  let cutAt = 0;
  let isTorn = true;
  await using server = new TornServer((after) => {
    const body = isTorn ? STREAM.subarray(0, cutAt) : encoder.encode(HELLO + messagesOf(FEW, after));
    const answer = { body, isTorn };
    isTorn = false;
    return answer;
  });

  for (cutAt = 1; cutAt < STREAM.length; cutAt += 1) {
    isTorn = true;
    const { items, failure } = await readAll(followRun(server.url, QUICK));

    assertEquals([items, failure], [FEW, null], `cut at ${cutAt}`);
  }
});

Deno.test("followRun() gives the same events when every connection gives only some bytes more than the last event", async () => {
  const longest = Math.max(...EVENTS.map((event) => new TextEncoder().encode(messagesOf([event])).length));
  await using server = new EventServer(({ after }) =>
    streamResponse(new TextEncoder().encode(messagesOf(EVENTS, after)).slice(0, longest))
  );

  const { items } = await readAll(followRun(server.url, { ...QUICK, maxFailures: 1 }));

  assertEquals([items, server.requests.length > 4], [READ, true]);
});

for (const status of [408, 425, 429, 500, 502, 503, 504, 599]) {
  Deno.test(`followRun() tries again after a ${status}, at first and later`, async () => {
    await using server = new EventServer(({ after }, index) =>
      index % 2 === 0
        ? refusal(status, { "content-type": "text/html" }, "<h1>Bad gateway</h1>")
        : streamResponse(messagesOf(EVENTS.slice(0, index === 1 ? 3 : undefined), after))
    );

    const { items, failure } = await readAll(followRun(server.url, QUICK));

    assertEquals([items, failure, server.afters], [READ, null, [0, 0, 3, 3]]);
  });
}

Deno.test("followRun() tries again when the server cannot be reached", async () => {
  const server = new EventServer(() => refusal(500));
  await server[Symbol.asyncDispose]();
  const errors: unknown[] = [];
  let token = 0;

  const { failure } = await readAll(followRun(server.url, {
    ...QUICK,
    maxFailures: 2,
    headers: () => ({ "x-token": `${token += 1}` }),
    onState: (state, error) => state === "reconnecting" && errors.push(error),
  }));

  assertInstanceOf(failure?.error, FollowError);
  assertEquals([failure.error.status, failure.error.message, token], [
    null,
    "Cannot follow the run: failures in a row: 3",
    3,
  ]);
  assert(errors.every((error) => error instanceof TypeError) && failure.error.cause instanceof TypeError);
});

Deno.test("followRun() tries again when the headers cannot be had", async () => {
  let calls = 0;
  await using server = new EventServer(() => streamResponse(messagesOf(EVENTS)));

  const { items } = await readAll(followRun(server.url, {
    ...QUICK,
    headers: () => {
      calls += 1;
      return calls < 3 ? Promise.reject(new Error("no token")) : {};
    },
  }));

  assertEquals([items, calls], [READ, 3]);
});

Deno.test("followRun() gives up after maxFailures in a row, with the last one as the cause", async () => {
  await using server = new EventServer(({ after }, index) =>
    index === 2 ? streamResponse(messagesOf(EVENTS.slice(0, 2), after)) : refusal(503)
  );
  const states: FollowState[] = [];

  const { items, failure } = await readAll(followRun(server.url, {
    ...QUICK,
    maxFailures: 3,
    onState: (state) => states.push(state),
  }));

  assertInstanceOf(failure?.error, FollowError);
  assertInstanceOf(failure.error.cause, FollowError);
  // Two, then events, then the end of those, then two more; the third of those is one too many.
  assertEquals([items.length, server.requests.length, failure.error.status, failure.error.cause.message], [
    2,
    6,
    503,
    "Cannot follow the run: the server answered 503",
  ]);
});

Deno.test("followRun() gives up at once with maxFailures: 0", async () => {
  await using server = new EventServer(() => refusal(503));

  const { failure } = await readAll(followRun(server.url, { maxFailures: 0 }));

  assertEquals([String(failure?.error), server.requests.length], [
    "FollowError: Cannot follow the run: failures in a row: 1",
    1,
  ]);
});

Deno.test("followRun() tells what the server has said last when it gives up", async () => {
  const problem = JSON.stringify({ title: "Service Unavailable", detail: "Closing" });
  const type = { "content-type": "application/problem+json" };
  await using server = new EventServer(() => refusal(503, type, problem));

  const { failure } = await readAll(followRun(server.url, { ...QUICK, maxFailures: 1 }));

  assertInstanceOf(failure?.error, FollowError);
  const { status, title, detail, message } = failure.error;
  assertEquals({ status, title, detail, message }, {
    status: 503,
    title: "Service Unavailable",
    detail: "Closing",
    message: "Cannot follow the run: failures in a row: 2: Service Unavailable: Closing",
  });
});

Deno.test("followRun() does not give up on connections that end after a heartbeat", async () => {
  await using server = new EventServer((_, index) => streamResponse(index < 10 ? `${HELLO}:\n\n` : messagesOf(EVENTS)));

  const { items } = await readAll(followRun(server.url, { ...QUICK, maxFailures: 1 }));

  assertEquals(items, READ);
});

Deno.test("followRun() gives up on connections that end after their first words", async () => {
  await using server = new EventServer(() => streamResponse(HELLO));

  const { failure } = await readAll(followRun(server.url, { ...QUICK, maxFailures: 4 }));

  assertEquals([String(failure?.error), server.requests.length], [
    "FollowError: Cannot follow the run: failures in a row: 5",
    5,
  ]);
});

/** The pauses that the reader makes, by the longest random number there is. */
async function pausesOf(responses: readonly (() => Response)[], options = {}): Promise<number[]> {
  const clock = new ManualClock();
  const pauses: number[] = [];
  const random = Math.random;
  Math.random = () => 1;
  try {
    let index = 0;
    await settleTicking(
      readAll(followRun("/events", {
        clock,
        fetch: () => responses[index++]?.() ?? streamResponse(messagesOf([logEvent(1, "a"), endEvent(2)])),
        onState: (state) => state === "reconnecting" && pauses.push(...clock.pendingMs),
        ...options,
      })),
      clock,
    );
  } finally {
    Math.random = random;
  }
  return pauses;
}

function times<Item>(count: number, item: Item): Item[] {
  return Array(count).fill(item);
}

Deno.test("followRun() doubles the pause at each failure, up to maxDelayMs", async () => {
  const pauses = await pausesOf(times(6, () => refusal(503)), { maxDelayMs: 20_000 });

  assertEquals(pauses, [2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
});

Deno.test("followRun() pauses for half a minute at most", async () => {
  const pauses = await pausesOf(times(20, () => refusal(503)));

  assertEquals(pauses.slice(3), [16_000, ...times(16, 30_000)]);
});

Deno.test("followRun() starts from the pause that the server asks for, and over again after an event", async () => {
  const pauses = await pausesOf([
    () => refusal(503),
    () => refusal(503),
    () => streamResponse(`retry: 500\n\n${EVENT}`),
    () => refusal(503),
    () => streamResponse(HELLO),
  ]);

  assertEquals(pauses, [2_000, 4_000, 500, 1_000, 8_000]);
});

Deno.test("followRun() never hurries, whatever the server asks for", async () => {
  const pauses = await pausesOf([
    () => streamResponse("retry: 0\n\n"),
    () => streamResponse("retry: 99999999999999999999\n\n"),
    () => streamResponse("retry: now\n\n"),
  ]);

  assertEquals(pauses, [100, 30_000, 30_000]);
});

Deno.test("followRun() waits for as long as Retry-After says, unless its own pause is longer", async () => {
  const asks = ["60", "1", "0", new Date(90_000).toUTCString(), "soon", "-5", "9".repeat(40)];

  const pauses = await pausesOf(asks.map((ask) => () => refusal(429, { "retry-after": ask })));

  // The date is 90 s after the start, when 60 + 4 + 8 s have passed.
  assertEquals(pauses, [60_000, 4_000, 8_000, 18_000, 30_000, 30_000, 2 ** 31 - 1]);
});

Deno.test("followRun() pauses for a random part of what it may", async () => {
  const clock = new ManualClock();
  const pauses: number[] = [];

  for (let round = 0; round < 100; round += 1) {
    await settleTicking(
      readAll(followRun("/events", {
        clock,
        maxFailures: 1,
        fetch: () => refusal(503),
        onState: (state) => state === "reconnecting" && pauses.push(...clock.pendingMs),
      })),
      clock,
    );
  }

  assertEquals([pauses.length, pauses.every((ms) => ms >= 0 && ms <= 2_000)], [100, true]);
  assert(Math.min(...pauses) < 500 && Math.max(...pauses) > 1_500);
});

Deno.test("followRun() connects again when no answer comes for two and a half heartbeats", async () => {
  const clock = new ManualClock();
  await using server = new EventServer((_, index) =>
    index === 0 ? new Promise(() => {}) : streamResponse(messagesOf([endEvent(1)]))
  );

  const reading = readAll(followRun(server.url, { ...QUICK, clock }));
  await until(() => server.requests.length === 1);
  const pending = clock.pendingMs;
  clock.tick(37_499);
  const isPatient = clock.pendingMs.length === 1;
  clock.tick(1);
  await until(() => clock.pendingMs.includes(0));
  clock.tick(0);
  const { items } = await reading;

  assertEquals([pending, isPatient, items, server.requests.length], [[37_500], true, [endEvent(1)], 2]);
});

const SILENCES: readonly (readonly [announced: string, silenceMs: number])[] = [
  [HELLO, 37_500],
  [": heartbeat 2000\n\n", 5_000],
  ["data", 37_500],
  [": heartbeat 10\n\n", 1_000],
  [": heartbeat 99999999999999999999\n\n", 2 ** 31 - 1],
  [": heartbeat soon\n\n", 37_500],
];

for (const [announced, silenceMs] of SILENCES) {
  Deno.test(`followRun() connects again after ${silenceMs} ms of silence behind ${JSON.stringify(announced)}`, async () => {
    const clock = new ManualClock();
    const reasons: unknown[] = [];
    await using server = new EventServer(({ after }, index) =>
      index === 0 ? openResponse(EVENT + announced) : streamResponse(messagesOf([logEvent(1, "a"), endEvent(2)], after))
    );

    const run = followRun(server.url, {
      ...QUICK,
      clock,
      onState: (state, error) => state === "reconnecting" && reasons.push(error),
    });
    await run.next();
    const reading = readAll(run);
    // The events before the silence may come in several chunks, with a timer each.
    await until(() => clock.pendingMs.includes(silenceMs));
    clock.tick(silenceMs);
    // The pause; the network is given the time it takes.
    await until(() => clock.pendingMs.includes(0));
    clock.tick(0);
    const { items } = await reading;

    assertEquals([items.length, server.afters, String(reasons[0])], [
      1,
      [0, 1],
      `Error: Nothing came for ${silenceMs} ms`,
    ]);
    await until(() => server.requests[0]?.signal.aborted === true);
  });
}

Deno.test("followRun() takes a heartbeat for life, and a reader's own pause for no silence", async () => {
  const clock = new ManualClock();
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const body = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
  const send = (text: string) => controller?.enqueue(new TextEncoder().encode(text));
  send(HELLO + EVENT);
  const run = followRun("/events", {
    clock,
    fetch: () => new Response(body, { headers: { "content-type": "text/event-stream" } }),
  });
  const { value } = await run.next();

  // Nobody asks for an event in this hour.
  clock.tick(3_600_000);
  const idle = clock.pendingMs;
  const ended = run.next();
  for (let beat = 0; beat < 5; beat += 1) {
    await until(() => clock.pendingMs.length === 1);
    clock.tick(30_000);
    send(":\n\n");
    // The timer that is set anew is due later than the one before.
    await until(() => clock.nextDueMs === 37_500);
  }
  send(messagesOf([endEvent(2)]));

  assertEquals([value, idle, await ended, clock.pendingMs], [
    logEvent(1, "a"),
    [],
    { done: false, value: endEvent(2) },
    [],
  ]);
});
