import { EventsGoneError, type Result } from "@stepstream/workflow";
import { FollowError, followRun, type FollowState } from "@stepstream/workflow/client";
import { encodeEvent } from "@stepstream/workflow/sse";
import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { endEvent, eventsFullOf, logEvent } from "../sse/sample_events.ts";
import { laterTurn, readAll } from "../tools/events.ts";
import { parseEvents } from "../tools/parse_event_stream.ts";
import {
  EventServer,
  HELLO,
  messagesOf,
  openResponse,
  refusal,
  type SeenRequest,
  streamResponse,
} from "./event_server.ts";

const EVENTS = eventsFullOf("ü😀\n");
/** The events as they are after the wire. */
const READ = parseEvents(messagesOf(EVENTS));
const QUICK = { maxDelayMs: 0 };
const NEVER = () => Promise.reject(new Error("Nothing is to be sent"));

function answerAll({ after }: SeenRequest): Response {
  return streamResponse(HELLO + messagesOf(EVENTS, after));
}

Deno.test("followRun() gives every event once, in order, and is done after run.end", async () => {
  await using server = new EventServer(answerAll);

  const { items, failure } = await readAll(followRun(server.url));

  assertEquals([items, failure, server.requests.map(({ target }) => target)], [READ, null, ["/runs/run-1/events"]]);
});

Deno.test("followRun() is done at run.end although the server keeps the connection", async () => {
  await using server = new EventServer(() => openResponse(HELLO + messagesOf(EVENTS)));

  const { items } = await readAll(followRun(server.url));

  assertEquals(items, READ);
});

Deno.test("followRun() gives a failed run's run.end like any other", async () => {
  const failed = { ...endEvent(1), status: "failed" as const, error: new RangeError("too much") };
  await using server = new EventServer(() => streamResponse(messagesOf([failed])));

  const { items, failure } = await readAll(followRun(server.url));

  assertEquals([items, failure], [
    [{ ...failed, error: { name: "RangeError", message: "too much" } }],
    null,
  ]);
});

Deno.test("followRun() asks for what comes after `after`, in the query and with no header that needs a preflight", async () => {
  await using server = new EventServer(answerAll);

  const { items } = await readAll(followRun(new URL(`${server.url}?key=a%20b#top`), { after: 5 }));

  const [request] = server.requests;
  assertEquals([items, request?.target, request?.headers.get("accept"), request?.headers.has("last-event-id")], [
    READ.slice(5),
    "/runs/run-1/events?key=a%20b&after=5",
    "text/event-stream",
    false,
  ]);
});

Deno.test("followRun() is done at a 204", async () => {
  const states: FollowState[] = [];
  await using server = new EventServer(() => refusal(204));

  const { items, failure } = await readAll(followRun(server.url, { after: 8, onState: (state) => states.push(state) }));
  await laterTurn();

  assertEquals([items, failure, states], [[], null, ["connecting", "done"]]);
});

Deno.test("followRun() sends nothing before the first next()", async () => {
  let sent = 0;
  const run = followRun("https://example.com/runs/r/events", {
    fetch: () => Promise.reject(new Error(`${sent += 1}`)),
  });
  await laterTurn();

  const sentBefore = sent;
  const ended = await run.return("over");

  assertEquals([sentBefore, ended, await run.next(), sent], [
    0,
    { done: true, value: "over" },
    { done: true, value: undefined },
    0,
  ]);
});

Deno.test("followRun() serves several next() at once in their order, and those after the end are done", async () => {
  await using server = new EventServer(() => streamResponse(messagesOf([logEvent(1, "a"), endEvent(2)])));
  const run = followRun(server.url);

  const pulled = await Promise.all([run.next(), run.next(), run.next(), run.next()]);

  assertEquals(pulled.map(({ done, value }) => done ? "done" : value.type), ["step.log", "run.end", "done", "done"]);
});

Deno.test("followRun() drops what it had already", async () => {
  const sent = [1, 2, 2, 1, 3, 3].map((seq) => encodeEvent(logEvent(seq, seq))).join("");
  await using server = new EventServer(() => streamResponse(sent + messagesOf([logEvent(2, 2), endEvent(4)])));

  const { items } = await readAll(followRun(server.url));

  assertEquals(items.map(({ seq }) => seq), [1, 2, 3, 4]);
});

Deno.test("followRun() connects again where an event is missing", async () => {
  const events = [logEvent(1, "a"), logEvent(2, "b"), logEvent(3, "c"), endEvent(4)];
  await using server = new EventServer(({ after }, index) =>
    streamResponse(messagesOf(index === 0 ? events.filter(({ seq }) => seq !== 2) : events, after))
  );

  const { items } = await readAll(followRun(server.url, QUICK));

  assertEquals([items, server.afters], [events, [0, 1]]);
});

Deno.test("followRun() rejects with EventsGoneError when events are missing again and again", async () => {
  await using server = new EventServer(({ after }) =>
    streamResponse(messagesOf(after === 0 ? [logEvent(1, "a"), logEvent(3, "c")] : [endEvent(4)]))
  );

  const { items, failure } = await readAll(followRun(server.url, QUICK));

  assertInstanceOf(failure?.error, EventsGoneError);
  const { runId, after, first } = failure.error;
  assertEquals([items.length, runId, after, first, server.afters], [1, "run-1", 1, 4, [0, 1, 1]]);
});

Deno.test("followRun() rejects with EventsGoneError at a reset", async () => {
  await using server = new EventServer(() => streamResponse(`${HELLO}event: reset\ndata: {"after":2,"first":9}\n\n`));

  const { items, failure } = await readAll(followRun(server.url, { after: 2 }));

  assertInstanceOf(failure?.error, EventsGoneError);
  const { runId, after, first } = failure.error;
  assertEquals([items, runId, after, first, server.afters], [[], "run-1", 2, 9, [2]]);
});

Deno.test("followRun() leaves messages with names that it does not know alone", async () => {
  await using server = new EventServer(() =>
    streamResponse(`event: progress\ndata: none of ours\n\n${messagesOf([endEvent(1)])}`)
  );

  const { items } = await readAll(followRun(server.url));

  assertEquals(items, [endEvent(1)]);
});

const HOSTILE: readonly (readonly [what: string, stream: string])[] = [
  ["no JSON", "id: 1\ndata: {\n\n"],
  ["no object", "id: 1\ndata: null\n\n"],
  ["a list", "id: 1\ndata: []\n\n"],
  ["no seq", 'id: 1\ndata: {"type":"run.end"}\n\n'],
  ["a seq that is a text", 'id: 1\ndata: {"type":"run.end","seq":"1"}\n\n'],
  ["a seq that is no whole number", 'id: 1.5\ndata: {"type":"run.end","seq":1.5}\n\n'],
  ["a seq that is not positive", 'id: 0\ndata: {"type":"run.end","seq":0}\n\n'],
  ["a seq that is too great", 'id: 9007199254740992\ndata: {"type":"run.end","seq":9007199254740992}\n\n'],
  ["a type that is no text", 'id: 1\ndata: {"type":1,"seq":1}\n\n'],
  ["another id", 'id: 2\ndata: {"type":"run.end","seq":1}\n\n'],
  ["no id", 'data: {"type":"run.end","seq":1}\n\n'],
  ["a reset without a number", "event: reset\ndata: {}\n\n"],
];

for (const [what, stream] of HOSTILE) {
  Deno.test(`followRun() asks again after a message with ${what}, and gives up in the end`, async () => {
    await using server = new EventServer(() => streamResponse(stream));

    const { items, failure } = await readAll(followRun(server.url, { maxDelayMs: 0, maxFailures: 1 }));

    assertInstanceOf(failure?.error, FollowError);
    assertInstanceOf(failure.error.cause, FollowError);
    const { message } = failure.error.cause;
    const told = message.slice(0, "Cannot follow the run: a message is no event of its id: ".length);
    assertEquals([items, told, server.requests.length], [
      [],
      "Cannot follow the run: a message is no event of its id: ",
      2,
    ]);
  });
}

Deno.test("followRun() fails at the first message that is too long, and says how long one may be", async () => {
  const chunk = new TextEncoder().encode("a".repeat(1024 * 1024));
  let requests = 0;
  const fetch = () => {
    requests += 1;
    let chunks = 0;
    const body = new ReadableStream({
      pull(controller) {
        chunks += 1;
        controller.enqueue(chunks === 1 ? new TextEncoder().encode(`${messagesOf([logEvent(1, "a")])}data:`) : chunk);
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };

  const { items, failure } = await readAll(followRun("/events", { ...QUICK, maxFailures: 2, fetch }));

  assertInstanceOf(failure?.error, FollowError);
  const { name, message, status } = failure.error;
  assertEquals([items, name, message, status, requests], [
    [logEvent(1, "a")],
    "FollowError",
    "Cannot follow the run: a message is longer than 16777216 characters",
    200,
    1,
  ]);
});

const PROBLEM = JSON.stringify({
  type: "about:blank",
  title: "Unknown run",
  status: 404,
  detail: "There is no run r-1",
});
const REFUSALS: readonly (readonly [what: string, answer: () => Response, expected: Partial<FollowError>])[] = [
  [
    "a 404 with a problem",
    () => refusal(404, { "content-type": "application/problem+json; charset=utf-8" }, PROBLEM),
    {
      status: 404,
      title: "Unknown run",
      detail: "There is no run r-1",
      message: "Cannot follow the run: the server answered 404: Unknown run: There is no run r-1",
    },
  ],
  [
    "a 400 with a body that is no problem",
    () => refusal(400, { "content-type": "text/html" }, "<h1>No</h1>"),
    { status: 400, title: "", detail: "", message: "Cannot follow the run: the server answered 400" },
  ],
  [
    "a 401 with a broken problem",
    () => refusal(401, { "content-type": "application/problem+json" }, "{"),
    { status: 401, title: "", detail: "" },
  ],
  [
    "a 410 with a problem whose words are none",
    () => refusal(410, { "content-type": "application/problem+json" }, '{"title":{"toString":1},"detail":[1]}'),
    { status: 410, title: "", detail: "" },
  ],
  [
    "a 403 with an endless problem",
    () => {
      const chunk = new TextEncoder().encode(" ".repeat(64 * 1024));
      const body = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
      return new Response(body, { status: 403, headers: { "content-type": "application/problem+json" } });
    },
    { status: 403, title: "", detail: "" },
  ],
];

const ODD_ANSWERS: readonly (readonly [what: string, answer: () => Response])[] = [
  ["a page", () => new Response("<h1>Back soon</h1>", { headers: { "content-type": "text/html" } })],
  ["an empty 200", () => new Response(null)],
  ["a 304", () => refusal(304)],
];

for (const [what, answer] of ODD_ANSWERS) {
  Deno.test(`followRun() asks again after ${what}`, async () => {
    await using server = new EventServer((_request, index) =>
      index === 0 ? answer() : streamResponse(messagesOf([endEvent(1)]))
    );

    const { items, failure } = await readAll(followRun(server.url, { maxDelayMs: 0 }));

    assertEquals([items, failure, server.requests.length], [[endEvent(1)], null, 2]);
  });
}

for (const [what, answer, expected] of REFUSALS) {
  Deno.test(`followRun() rejects at ${what}, and is done then`, async () => {
    await using server = new EventServer(answer);
    const run = followRun(server.url);

    const { items, failure } = await readAll(run);

    assertInstanceOf(failure?.error, FollowError);
    const { status, title, detail, message } = failure.error;
    const seen = { status, title, detail, message };
    assertEquals([items, { ...seen, ...expected }, server.requests.length], [[], seen, 1]);
    assertEquals(await run.next(), { done: true, value: undefined });
  });
}

Deno.test("followRun() sends the headers it is given", async () => {
  await using server = new EventServer(answerAll);
  const seen = (name: string) => server.requests.at(-1)?.headers.get(name);

  await readAll(followRun(server.url, { headers: { authorization: "Bearer 1" } }));
  const first = seen("authorization");
  await readAll(followRun(server.url, { headers: new Headers([["authorization", "Bearer 2"]]) }));

  assertEquals([first, seen("authorization")], ["Bearer 1", "Bearer 2"]);
});

Deno.test("followRun() asks for the headers at each request", async () => {
  let token = 0;
  await using server = new EventServer(({ after }) => streamResponse(messagesOf(EVENTS.slice(0, after + 3), after)));

  const { items } = await readAll(followRun(server.url, {
    ...QUICK,
    headers: async () => {
      await laterTurn();
      token += 1;
      return [["authorization", `Bearer ${token}`]];
    },
  }));

  assertEquals([items, server.requests.map(({ headers }) => headers.get("authorization"))], [
    READ,
    ["Bearer 1", "Bearer 2", "Bearer 3", "Bearer 4"],
  ]);
});

Deno.test("followRun() hands its own fetch the url, the headers and a signal", async () => {
  const calls: unknown[] = [];

  const { items } = await readAll(followRun("/runs/run-1/events", {
    after: 7,
    headers: { "x-key": "1" },
    fetch: (url, { headers, signal }) => {
      calls.push([url, [...headers], signal.aborted]);
      return streamResponse(messagesOf(EVENTS, 7));
    },
  }));

  assertEquals([items, calls], [
    READ.slice(7),
    [["/runs/run-1/events?after=7", [["accept", "text/event-stream"], ["x-key", "1"]], false]],
  ]);
});

Deno.test("followRun() takes the platform's fetch when it is called", async () => {
  const original = globalThis.fetch;
  const run = followRun("http://127.0.0.1:1/events");

  globalThis.fetch = () => Promise.resolve(streamResponse(messagesOf(EVENTS)));
  const { items } = await readAll(run).finally(() => globalThis.fetch = original);

  assertEquals(items, READ);
});

Deno.test("followRun() tells where it stands", async () => {
  const states: unknown[] = [];
  await using server = new EventServer(({ after }, index) =>
    index === 1 ? refusal(503) : index === 3 ? refusal(404) : streamResponse(messagesOf([logEvent(after + 1, "a")]))
  );

  await readAll(followRun(server.url, {
    ...QUICK,
    onState: (state, error) => states.push(error === undefined ? state : `${state}: ${error}`),
  }));
  await laterTurn();

  assertEquals(states, [
    "connecting",
    "open",
    "reconnecting: Error: The stream ended before the run",
    "connecting",
    "reconnecting: FollowError: Cannot follow the run: the server answered 503",
    "connecting",
    "open",
    "reconnecting: Error: The stream ended before the run",
    "connecting",
    "failed: FollowError: Cannot follow the run: the server answered 404",
  ]);
});

const WRONG: readonly (readonly [what: string, call: () => unknown, message: string])[] = [
  [
    "an after that is negative",
    () => followRun("http://a/", { after: -1 }),
    "after must be a whole number from 0 on: -1",
  ],
  [
    "an after that is broken",
    () => followRun("http://a/", { after: 1.5 }),
    "after must be a whole number from 0 on: 1.5",
  ],
  [
    "a number of failures that is none",
    () => followRun("http://a/", { maxFailures: NaN }),
    "maxFailures must be a whole number from 0 on: NaN",
  ],
  [
    "a delay that is none",
    () => followRun("http://a/", { maxDelayMs: -1 }),
    "maxDelayMs must be a whole number from 0 on: -1",
  ],
  [
    "a url with an after of its own",
    () => followRun("http://a/?x=1&after=3", { fetch: NEVER }),
    'its url has an "after" of its own',
  ],
];

for (const [what, call, message] of WRONG) {
  Deno.test(`followRun() refuses ${what}`, () => {
    const error = assertThrows(call, Error);

    assertEquals(error.message, `Cannot follow the run: ${message}`);
  });
}

Deno.test("followRun() refuses a url that is none", () => {
  assertThrows(() => followRun("nowhere"), TypeError);
});

Deno.test("followRun() gives events of the types it is told", async () => {
  interface Steps {
    load: { batch: string };
    count: string;
  }

  const run = followRun<Steps, { count: number }>("/events", {
    fetch: () => streamResponse(messagesOf([endEvent(1)])),
  });

  for await (const event of run) {
    if (event.type === "step.start" && event.step === "load") {
      assertType<IsExact<typeof event.payload.batch, string>>(true);
    }
    if (event.type === "step.result" && event.step === "count") {
      assertType<IsExact<typeof event.result, Result<number>>>(true);
    }
  }
});
