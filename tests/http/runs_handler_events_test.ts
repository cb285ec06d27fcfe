import { StoreError } from "@stepstream/workflow";
import { createRunsHandler } from "@stepstream/workflow/http";
import { assertEquals, assertRejects } from "@std/assert";
import { ChunkReader } from "../sse/chunk_reader.ts";
import { HOSTILE_TEXTS } from "../sse/hostile_texts.ts";
import { endEvent, eventsFullOf, logEvent } from "../sse/sample_events.ts";
import { laterTurn } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { parseEvents, parseEventStream } from "../tools/parse_event_stream.ts";
import { spiedSignal } from "../tools/spied_signal.ts";
import { ask, problem, problemOf, requestOf } from "./ask.ts";
import { FakeRuns } from "./fake_runs.ts";
import { notes, parseLines, seqsOf } from "./sample_run.ts";
import { greetings } from "./sample_workflows.ts";

const ID = "run-1";
const EVENTS = `/runs/${ID}/events`;
const NDJSON = { accept: "application/x-ndjson" };

Deno.test("GET /runs/:id/events streams the events with their seq as the id", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(2));

  const { status, headers, text } = await ask(createRunsHandler(runs), "GET", EVENTS);

  const { messages, errors } = parseEventStream(text);
  assertEquals([status, errors, messages.map(({ id, event }) => [id, event])], [
    200,
    [],
    [["1", undefined], ["2", undefined], ["3", undefined]],
  ]);
  const names = ["content-type", "cache-control", "x-accel-buffering", "x-content-type-options"];
  assertEquals(names.map((name) => headers.get(name)), [
    "text/event-stream",
    "no-cache, no-transform",
    "no",
    "nosniff",
  ]);
});

Deno.test("GET /runs/:id/events as NDJSON has one event a line, the same as in an event stream", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(3));
  const handler = createRunsHandler(runs);

  const { headers, text } = await ask(handler, "GET", EVENTS, { headers: NDJSON });

  const { text: stream } = await ask(handler, "GET", EVENTS);
  assertEquals([headers.get("content-type"), parseLines(text)], ["application/x-ndjson", parseEvents(stream)]);
});

const ACCEPTS: readonly (readonly [accept: string | null, type: string | null])[] = [
  [null, "text/event-stream"],
  ["", "text/event-stream"],
  ["*/*", "text/event-stream"],
  ["text/event-stream", "text/event-stream"],
  ["Text/Event-Stream; charset=utf-8", "text/event-stream"],
  ["text/*", "text/event-stream"],
  ["application/*", "application/x-ndjson"],
  ["application/x-ndjson", "application/x-ndjson"],
  ["application/x-ndjson, text/event-stream", "text/event-stream"],
  ["text/event-stream;q=0.5, application/x-ndjson", "application/x-ndjson"],
  ["text/event-stream;q=0, */*", "application/x-ndjson"],
  ["*/*;q=0.1, application/x-ndjson;q=0.2", "application/x-ndjson"],
  ["application/json", null],
  ["text/html", null],
  ["*/*;q=0", null],
  ["text/event-stream;q=2", null],
  ["text/event-stream;q=", null],
  [",,;,", null],
];

for (const [accept, type] of ACCEPTS) {
  Deno.test(`GET /runs/:id/events with accept: ${accept} answers with ${type ?? "406"}`, async () => {
    await using runs = new FakeRuns();
    runs.put(ID, notes(1));

    const answer = await ask(createRunsHandler(runs), "GET", EVENTS, accept === null ? {} : { headers: { accept } });

    if (type === null) assertEquals([problemOf(answer), answer.headers.get("vary")], [problem(406), "Accept"]);
    else assertEquals([answer.status, answer.headers.get("content-type")], [200, type]);
  });
}

const CURSORS: readonly (readonly [header: string | null, query: string, seqs: readonly number[]])[] = [
  [null, "", [1, 2, 3, 4]],
  [null, "?after=0", [1, 2, 3, 4]],
  [null, "?after=2", [3, 4]],
  ["3", "", [4]],
  ["1", "?after=3", [2, 3, 4]],
  ["0", "?after=3", [1, 2, 3, 4]],
  ["2", "?after=x", [3, 4]],
];

for (const [header, query, seqs] of CURSORS) {
  Deno.test(`GET /runs/:id/events${query} with last-event-id: ${header} sends ${seqs}`, async () => {
    await using runs = new FakeRuns();
    runs.put(ID, notes(3));
    const headers: Record<string, string> = header === null ? {} : { "last-event-id": header };

    const { text } = await ask(createRunsHandler(runs), "GET", `${EVENTS}${query}`, { headers });

    assertEquals(seqsOf(parseEvents(text)), seqs);
  });
}

const BAD_CURSORS: readonly (readonly [header: string | null, query: string])[] = [
  ["", ""],
  ["x", ""],
  ["-1", ""],
  ["1.5", ""],
  ["1e3", ""],
  ["0x1", ""],
  ["1, 2", ""],
  ["9".repeat(16), ""],
  ["9".repeat(20_000), ""],
  ["x", "?after=1"],
  [null, "?after="],
  [null, "?after=+1"],
  [null, "?after=1&after=2"],
  [null, "?after=%00"],
];

for (const [header, query] of BAD_CURSORS) {
  Deno.test(`GET /runs/:id/events${query} with last-event-id: ${header?.slice(0, 20)} answers 400`, async () => {
    await using runs = new FakeRuns();
    runs.put(ID, notes(3));
    const headers: Record<string, string> = header === null ? {} : { "last-event-id": header };

    const answer = await ask(createRunsHandler(runs), "GET", `${EVENTS}${query}`, { headers });

    assertEquals([problemOf(answer), runs.calls], [problem(400), []]);
  });
}

Deno.test("GET /runs/:id/events answers 204 after the last event of a run that has ended", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(3));
  const handler = createRunsHandler(runs);

  const answers = [
    await ask(handler, "GET", `${EVENTS}?after=4`),
    await ask(handler, "GET", EVENTS, { headers: { "last-event-id": "4" } }),
    await ask(handler, "GET", `${EVENTS}?after=4`, { headers: NDJSON }),
  ];

  assertEquals(answers.map(({ status, text }) => [status, text]), [[204, ""], [204, ""], [204, ""]]);
});

const GAPS: readonly (readonly [what: string, after: number, first: number, change: (runs: FakeRuns) => void])[] = [
  ["after what an unfinished run has told", 9, 1, () => {}],
  ["after more than an ended run has told", 9, 1, (runs) => runs.push(ID, endEvent(6))],
  ["where the store has let go of events", 1, 4, (runs) => runs.forget(ID, 4)],
];

for (const [what, after, first, change] of GAPS) {
  Deno.test(`GET /runs/:id/events ${what} says reset and ends`, async () => {
    await using runs = new FakeRuns();
    runs.put(ID, notes(5, false));
    change(runs);
    const handler = createRunsHandler(runs);

    const stream = await ask(handler, "GET", `${EVENTS}?after=${after}`);
    const lines = await ask(handler, "GET", `${EVENTS}?after=${after}`, { headers: NDJSON });

    assertEquals(parseEventStream(stream.text).messages, [
      { id: String(first - 1), event: "reset", data: JSON.stringify({ after, first }) },
    ]);
    assertEquals([stream.status, lines.status, lines.text, runs.readers], [
      200,
      200,
      `\n{"type":"reset","after":${after},"first":${first}}\n`,
      0,
    ]);
  });
}

Deno.test("GET /runs/:id/events sends its first bytes before there is an event", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, []);
  const handler = createRunsHandler(runs, { heartbeatMs: 7_000, retryMs: 1_500 });

  const stream = new ChunkReader(await handler(requestOf("GET", EVENTS)));
  const lines = new ChunkReader(await handler(requestOf("GET", EVENTS, { headers: NDJSON })));
  const first = [await stream.read(), await lines.read()];

  assertEquals(first, ["retry: 1500\n: heartbeat 7000\n\n", "\n"]);
  await stream.cancel();
  await lines.cancel();
});

Deno.test("GET /runs/:id/events gives signs of life while nothing happens", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, []);
  const clock = new ManualClock();
  const handler = createRunsHandler(runs, { heartbeatMs: 10, clock });
  const stream = new ChunkReader(await handler(requestOf("GET", EVENTS)));
  const lines = new ChunkReader(await handler(requestOf("GET", EVENTS, { headers: NDJSON })));
  await stream.read();
  await lines.read();

  const beats = Promise.all([stream.read(), lines.read()]);
  await laterTurn();
  clock.tick(10);

  assertEquals(await beats, [":\n\n", "\n"]);
  await stream.cancel();
  await lines.cancel();
});

Deno.test("GET /runs/:id/events goes on with what happens from then on", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(2, false));
  const chunks = new ChunkReader(await createRunsHandler(runs)(requestOf("GET", EVENTS)));

  const replayed = await chunks.readUntil("note 2");
  runs.push(ID, logEvent(3, "note 3"));
  const live = await chunks.readUntil("note 3");
  runs.push(ID, endEvent(4));
  const rest = (await chunks.readAll()).join("");

  assertEquals([replayed, live, rest].map((text) => seqsOf(parseEvents(text))), [[1, 2], [3], [4]]);
});

Deno.test("GET /runs/:id/events pulls: behind a client that reads nothing no event is asked for", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1_000));
  const response = await createRunsHandler(runs)(requestOf("GET", EVENTS));
  await laterTurn();

  const readers = runs.readers;

  assertEquals(readers, 0);
  await response.body?.cancel();
});

for (const headers of [{ accept: "text/event-stream" }, NDJSON]) {
  Deno.test(`GET /runs/:id/events as ${headers.accept} only stops reading when its client leaves`, async () => {
    await using runs = new FakeRuns();
    runs.put(ID, notes(1, false));
    const clock = new ManualClock();
    const client = spiedSignal();
    const told: unknown[] = [];
    const handler = createRunsHandler(runs, { clock, onError: (error) => told.push(error) });
    const request = requestOf("GET", EVENTS, { headers });
    Object.defineProperty(request, "signal", { value: client.signal });
    const chunks = new ChunkReader(await handler(request));
    await chunks.readUntil("note 1");
    const waiting = chunks.read();
    await laterTurn();
    const before = runs.readers;

    await chunks.cancel();
    await laterTurn();

    assertEquals([before, await waiting, runs.readers], [1, null, 0]);
    assertEquals([clock.pendingMs, client.listeners, told], [[], 0, []]);
    assertEquals((await runs.get(ID))?.status, "running");
  });

  Deno.test(`GET /runs/:id/events as ${headers.accept} reads nothing for a request that is aborted already`, async () => {
    await using runs = new FakeRuns();
    runs.put(ID, notes(1, false));
    const clock = new ManualClock();
    const handler = createRunsHandler(runs, { clock });

    const response = await handler(requestOf("GET", EVENTS, { headers, signal: AbortSignal.abort() }));
    const text = await response.text();

    assertEquals([text.includes("note 1"), runs.readers, clock.pendingMs], [false, 0, []]);
    assertEquals((await runs.get(ID))?.status, "running");
  });

  Deno.test(`GET /runs/:id/events as ${headers.accept} only stops reading when the request is aborted`, async () => {
    await using runs = new FakeRuns();
    runs.put(ID, notes(1, false));
    const clock = new ManualClock();
    const controller = new AbortController();
    const handler = createRunsHandler(runs, { clock });
    const chunks = new ChunkReader(await handler(requestOf("GET", EVENTS, { headers, signal: controller.signal })));
    await chunks.readUntil("note 1");
    const waiting = chunks.read();
    await laterTurn();

    controller.abort();

    assertEquals([await waiting, runs.readers, clock.pendingMs, (await runs.get(ID))?.status], [
      null,
      0,
      [],
      "running",
    ]);
  });
}

Deno.test("GET /runs/:id/events ends after maxConnectionMs or up to a fifth earlier, and its client gets the rest", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1, false));
  const clock = new ManualClock();
  const handler = createRunsHandler(runs, { clock, maxConnectionMs: 1_000, heartbeatMs: 60_000 });
  const chunks = new ChunkReader(await handler(requestOf("GET", EVENTS)));
  const [limitMs = 0] = clock.pendingMs;
  const first = await chunks.readUntil("note 1");
  const rest = chunks.readAll();
  await laterTurn();

  clock.tick(limitMs);
  const cut = first + (await rest).join("");
  runs.push(ID, logEvent(2, "note 2"));
  runs.push(ID, endEvent(3));
  const { text } = await ask(handler, "GET", EVENTS, { headers: { "last-event-id": "1" } });

  assertEquals([limitMs > 799 && limitMs <= 1_000, runs.readers, clock.pendingMs], [true, 0, []]);
  assertEquals([cut, text].map((text) => seqsOf(parseEvents(text))), [[1], [2, 3]]);
});

Deno.test("GET /runs/:id/events gives each connection another time to end", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, []);
  const clock = new ManualClock();
  const handler = createRunsHandler(runs, { clock });
  const responses: Response[] = [];
  for (let index = 0; index < 20; index += 1) responses.push(await handler(requestOf("GET", EVENTS)));

  const times = new Set(clock.pendingMs);

  assertEquals([times.size > 1, Math.min(...times) > 239_999, Math.max(...times) <= 300_000], [true, true, true]);
  for (const { body } of responses) await body?.cancel();
});

Deno.test("GET /runs/:id/events answers 429 beyond maxReadersPerRun, until one of them leaves", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, []);
  runs.put("run-2", []);
  const handler = createRunsHandler(runs, { maxReadersPerRun: 2 });
  const open = (id: string) => handler(requestOf("GET", `/runs/${id}/events`));
  const responses = [await open(ID), await open(ID), await open("run-2")];

  const refused = await ask(handler, "GET", EVENTS);
  await responses[0]?.body?.cancel();
  await laterTurn();
  responses.push(await open(ID));

  assertEquals([problemOf(refused), refused.headers.get("retry-after")], [problem(429), "5"]);
  assertEquals(responses.map(({ status }) => status), [200, 200, 200, 200]);
  for (const { body } of responses.slice(1)) await body?.cancel();
});

Deno.test("GET /runs/:id/events answers 429 beyond maxReaders of all runs", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, []);
  runs.put("run-2", notes(1));
  const handler = createRunsHandler(runs, { maxReaders: 1 });
  const response = await handler(requestOf("GET", EVENTS));

  const refused = await ask(handler, "GET", "/runs/run-2/events");
  await response.body?.cancel();
  await laterTurn();
  const taken = await ask(handler, "GET", "/runs/run-2/events");
  const again = await ask(handler, "GET", "/runs/run-2/events");

  assertEquals([refused.status, taken.status, again.status], [429, 200, 200]);
});

Deno.test("createRunsHandler() gives a reader's place back when nothing comes of the answer", async () => {
  await using runs = new FakeRuns(greetings());
  runs.put(ID, notes(1));
  const handler = createRunsHandler(runs, { maxReaders: 1, authorize: () => true });
  const { follow } = runs;
  runs.follow = () => {
    throw new StoreError(ID, "read an event", "the disk is gone");
  };
  const asking = { body: { start: "greet", runId: ID }, headers: { accept: "text/event-stream" } };

  const refused = [await ask(handler, "GET", EVENTS), await ask(handler, "POST", "/runs", asking)];
  runs.follow = follow;
  const taken = await ask(handler, "GET", EVENTS);

  assertEquals([...refused, taken].map(({ status }) => status), [500, 409, 200]);
});

Deno.test("GET /runs/:id/events lets 1 000 clients follow one run", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1, false));
  const handler = createRunsHandler(runs);
  const readers = Array.from({ length: 1_000 }, () => ask(handler, "GET", EVENTS));
  await laterTurn();

  runs.push(ID, logEvent(2, "note 2"));
  runs.push(ID, endEvent(3));
  const seen = (await Promise.all(readers)).map(({ text }) => seqsOf(parseEvents(text)).join());

  assertEquals([seen.filter((seqs) => seqs === "1,2,3").length, runs.readers], [1_000, 0]);
});

Deno.test("GET /runs/:id/events breaks off where following fails, and tells onError", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1, false));
  const failure = new StoreError(ID, "read an event", "the disk is gone");
  const told: unknown[] = [];
  const clock = new ManualClock();
  const handler = createRunsHandler(runs, { clock, onError: (error) => told.push(error) });
  runs.follow = () => {
    throw failure;
  };

  const answer = await ask(handler, "GET", EVENTS);

  assertEquals([problemOf(answer), told, clock.pendingMs], [problem(500), [failure], []]);
});

Deno.test("GET /runs/:id/events shows a broken stream where the events fail, and tells onError", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1, false));
  const failure = new StoreError(ID, "read an event", "the disk is gone");
  const told: unknown[] = [];
  const clock = new ManualClock();
  const handler = createRunsHandler(runs, { clock, onError: (error) => told.push(error) });
  const follow = runs.follow.bind(runs);
  runs.follow = (...args) => {
    const reader = follow(...args);
    reader.next = () => Promise.reject(failure);
    return reader;
  };
  const response = await handler(requestOf("GET", EVENTS));

  await assertRejects(() => response.text());

  assertEquals([response.status, told, clock.pendingMs], [200, [failure], []]);
});

// The long ones are for the encoder's own tests: every event holds them many times.
for (const [what, text] of HOSTILE_TEXTS.filter(([, text]) => text.length < 1_000)) {
  Deno.test(`GET /runs/:id/events gives back ${what} as it was, in both formats`, async () => {
    await using runs = new FakeRuns();
    const events = eventsFullOf(text);
    runs.put(ID, events);
    const handler = createRunsHandler(runs);

    const stream = parseEventStream((await ask(handler, "GET", EVENTS)).text);
    const lines = parseLines((await ask(handler, "GET", EVENTS, { headers: NDJSON })).text);

    assertEquals([stream.errors, stream.messages.map(({ id, event }) => `${id} ${event}`)], [
      [],
      events.map(({ seq }) => `${seq} undefined`),
    ]);
    assertEquals(lines, stream.messages.map(({ data }) => JSON.parse(data)));
    assertEquals(lines.map((event) => Reflect.get(event, "runId")), events.map(() => text));
  });
}

Deno.test("GET /runs/:id/events tells of errors their name and message, or what describeError makes of them", async () => {
  await using runs = new FakeRuns();
  const error = { name: "DbError", message: "no db", cause: { name: "Error", message: "hunter2" }, stack: "at db.ts" };
  runs.put(ID, [{ ...endEvent(1), status: "failed", error }]);
  const bland = { describeError: () => ({ name: "Error", message: "It failed" }) };

  const told = [
    await ask(createRunsHandler(runs), "GET", EVENTS),
    await ask(createRunsHandler(runs, bland), "GET", EVENTS),
    await ask(createRunsHandler(runs, bland), "GET", EVENTS, { headers: NDJSON }),
  ].map(({ text }) => /"error":(\{.*?\})/.exec(text)?.[1]);

  assertEquals(told, [
    '{"name":"DbError","message":"no db"}',
    '{"name":"Error","message":"It failed"}',
    '{"name":"Error","message":"It failed"}',
  ]);
});
