import { type FollowedRun, type FollowOptions, followRun } from "@stepstream/workflow/client";
import { assertEquals, assertLess } from "@std/assert";
import { endEvent, eventsFullOf, logEvent } from "../sse/sample_events.ts";
import { laterTurn, readAll, stateOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { spiedSignal } from "../tools/spied_signal.ts";
import { EventServer, HELLO, messagesOf, openResponse, refusal, streamResponse } from "./event_server.ts";
import { until } from "../tools/until.ts";

const EVENTS = eventsFullOf("a");
const FIRST = messagesOf([logEvent(1, "a")]);

/** Something that a reader may be waiting for when it is stopped, with a `fetch` that does not heed its signal. */
interface Phase {
  readonly name: string;
  /** How to get there; `reach` is called when it is reached. */
  readonly options: (reach: () => void) => FollowOptions;
}

function never(reach: () => void): Promise<never> {
  reach();
  return new Promise(() => {});
}

/** A body that stays silent. */
function silentBody(reach: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: () => never(reach) }, { highWaterMark: 0 });
}

const EVENT_STREAM = { "content-type": "text/event-stream" };
const PHASES: readonly Phase[] = [
  { name: "waits for its headers", options: (reach) => ({ headers: () => never(reach), fetch: () => refusal(500) }) },
  { name: "waits for an answer", options: (reach) => ({ fetch: () => never(reach) }) },
  {
    name: "reads",
    options: (reach) => ({ fetch: () => new Response(silentBody(reach), { headers: EVENT_STREAM }) }),
  },
  {
    name: "reads what a refusal says",
    options: (reach) => ({
      fetch: () =>
        new Response(silentBody(reach), { status: 404, headers: { "content-type": "application/problem+json" } }),
    }),
  },
  {
    name: "pauses",
    options: (reach) => ({ fetch: () => refusal(503), onState: (state) => state === "reconnecting" && reach() }),
  },
];

interface Reached {
  readonly run: FollowedRun;
  readonly clock: ManualClock;
  readonly spy: ReturnType<typeof spiedSignal>;
  readonly pending: Promise<IteratorResult<unknown>>[];
}

/** A reader in that phase, with two that wait for an event. */
async function reach({ options }: Phase): Promise<Reached> {
  const clock = new ManualClock();
  const spy = spiedSignal();
  const reached = Promise.withResolvers<void>();
  const run = followRun("/events", { clock, signal: spy.signal, ...options(() => reached.resolve()) });
  const pending = [run.next(), run.next()];
  await reached.promise;
  return { run, clock, spy, pending };
}

for (const phase of PHASES) {
  Deno.test(`followRun() ends at once when its reader leaves while it ${phase.name}`, async () => {
    using trap = new RejectionTrap();
    const { run, clock, spy, pending } = await reach(phase);

    const ended = run.return("over");
    const done = await Promise.all(pending);

    assertEquals([done, await ended, clock.pendingMs, spy.listeners], [
      [{ done: true, value: undefined }, { done: true, value: undefined }],
      { done: true, value: "over" },
      [],
      0,
    ]);
    await laterTurn();
    assertEquals([trap.reasons, await run.next()], [[], { done: true, value: undefined }]);
  });

  Deno.test(`followRun() rejects with the signal's reason when it is aborted while it ${phase.name}`, async () => {
    using trap = new RejectionTrap();
    const { run, clock, spy, pending } = await reach(phase);

    spy.abort("enough");
    const settled = await Promise.allSettled(pending);

    assertEquals([settled, clock.pendingMs, spy.listeners], [
      [{ status: "rejected", reason: "enough" }, { status: "fulfilled", value: { done: true, value: undefined } }],
      [],
      0,
    ]);
    await laterTurn();
    assertEquals([trap.reasons, await run.next()], [[], { done: true, value: undefined }]);
  });
}

Deno.test("followRun() closes the connection at a break", async () => {
  await using server = new EventServer(() => openResponse(HELLO + FIRST));
  const signals: AbortSignal[] = [];
  const { signal, listeners } = spiedSignal();

  for await (
    const event of followRun(server.url, {
      signal,
      fetch: (url, init) => {
        signals.push(init.signal);
        return fetch(url, init);
      },
    })
  ) {
    assertEquals(event.seq, 1);
    break;
  }

  assertEquals([signals.map(({ aborted }) => aborted), listeners], [[true], 0]);
  await until(() => server.requests[0]?.signal.aborted === true);
});

Deno.test("followRun() closes the connection when its scope is left", async () => {
  await using server = new EventServer(() => openResponse(HELLO + FIRST));

  {
    await using run = followRun(server.url);
    await run.next();
  }

  await until(() => server.requests[0]?.signal.aborted === true);
});

Deno.test("followRun() closes a connection that is open when it is aborted, after any event", async () => {
  await using server = new EventServer(() => streamResponse(HELLO + messagesOf(EVENTS)));

  for (let count = 0; count < EVENTS.length; count += 1) {
    const spy = spiedSignal();
    const run = followRun(server.url, { signal: spy.signal });
    const seqs: (number | undefined)[] = [];
    for (let index = 0; index < count; index += 1) seqs.push((await run.next()).value?.seq);
    spy.abort("enough");
    const { items, failure } = await readAll(run);

    // What had come already is not given any more.
    assertEquals([seqs.length, items, failure?.error, spy.listeners], [count, [], "enough", 0]);
  }
});

Deno.test("followRun() sends nothing when it was aborted before", async () => {
  let sent = 0;
  const spy = spiedSignal();
  spy.abort("too late");
  const fetch = () => {
    sent += 1;
    return refusal(204);
  };

  const { items, failure } = await readAll(followRun("/events", { fetch, signal: spy.signal }));

  assertEquals([items, failure?.error, sent, spy.added], [[], "too late", 0, 0]);
});

Deno.test("followRun() adds its listener at the first next() and removes it at the end", async () => {
  const spy = spiedSignal();
  const answers = [refusal(503), streamResponse(FIRST), refusal(503), streamResponse(messagesOf([endEvent(2)]))];
  const fetch = () => answers.shift() ?? refusal(500);

  const run = followRun("/events", { fetch, signal: spy.signal, maxDelayMs: 0 });
  const before = spy.listeners;
  await run.next();
  const during = spy.listeners;
  await readAll(run);
  spy.abort("too late");

  assertEquals([before, during, spy.listeners, await run.next()], [0, 1, 0, { done: true, value: undefined }]);
});

Deno.test("followRun() cancels the body of an answer that comes after its reader has left", async () => {
  const answer = Promise.withResolvers<Response>();
  const cancelled = Promise.withResolvers<void>();
  const run = followRun("/events", { fetch: () => answer.promise });
  const pending = run.next();
  await laterTurn();
  await run.return();

  answer.resolve(
    new Response(new ReadableStream({ cancel: () => cancelled.resolve() }, { highWaterMark: 0 }), {
      headers: EVENT_STREAM,
    }),
  );

  await cancelled.promise;
  assertEquals(await pending, { done: true, value: undefined });
});

Deno.test("followRun() sends nothing more when its reader leaves the moment its headers come", async () => {
  const headers = Promise.withResolvers<HeadersInit>();
  let sent = 0;
  const fetch = () => {
    sent += 1;
    return refusal(204);
  };
  const run = followRun("/events", { fetch, headers: () => headers.promise });
  const pending = run.next();

  headers.resolve({});
  await run.return();

  await laterTurn();
  assertEquals([await pending, sent], [{ done: true, value: undefined }, 0]);
});

Deno.test("followRun() heeds a reader who leaves from within what it calls", async () => {
  const run: FollowedRun = followRun("/events", {
    headers: async () => {
      await run.return();
      return {};
    },
    fetch: () => refusal(500),
  });

  const first = await run.next();

  assertEquals(first, { done: true, value: undefined });
});

Deno.test("followRun() goes on while what hears of its states throws", async () => {
  const heard: unknown[] = [];
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    heard.push(event.error);
  };
  globalThis.addEventListener("error", listener);
  await using server = new EventServer(() => streamResponse(messagesOf(EVENTS)));

  const { items, failure } = await readAll(followRun(server.url, {
    onState: (state) => {
      throw state;
    },
  }));
  await laterTurn();
  globalThis.removeEventListener("error", listener);

  assertEquals([items.length, failure, heard], [EVENTS.length, null, ["connecting", "open", "done"]]);
});

Deno.test("followRun() stops the server when its reader stops", async () => {
  const piece = "a".repeat(64 * 1024);
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1;
      controller.enqueue(new TextEncoder().encode(messagesOf([logEvent(sent, piece)])));
    },
  }, { highWaterMark: 0 });
  await using server = new EventServer(() => new Response(body, { headers: EVENT_STREAM }));
  const standstill = async () => {
    let before = -1;
    for (let turns = 0; turns < 100; turns = sent === before ? turns + 1 : 0) {
      before = sent;
      await laterTurn();
    }
    return sent;
  };
  await using run = followRun(server.url);

  await run.next();
  const sentToNobody = await standstill();
  let last = 0;
  while (last < sentToNobody + 100) last = (await run.next()).value?.seq ?? Infinity;
  const sentInAll = await standstill();

  // What is on its way is in the buffers of the two sockets, and in the one of `fetch`.
  assertLess(sentToNobody * piece.length, 32 * 1024 * 1024);
  assertLess((sentInAll - last) * piece.length, 32 * 1024 * 1024);
});

Deno.test("followRun() reads nothing while nobody asks", async () => {
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls += 1;
      controller.enqueue(
        new TextEncoder().encode(messagesOf([logEvent(2 * pulls - 1, "a"), logEvent(2 * pulls, "b")])),
      );
    },
  }, { highWaterMark: 0 });
  const run = followRun("/events", { fetch: () => new Response(body, { headers: EVENT_STREAM }) });

  const seen: unknown[] = [];
  for (let count = 0; count < 4; count += 1) {
    const { value } = await run.next();
    await laterTurn();
    seen.push([value?.seq, pulls]);
  }

  assertEquals(seen, [[1, 1], [2, 1], [3, 2], [4, 2]]);
  assertEquals(await stateOf(run.return()), "done");
});
