import { PayloadError, RunnerClosedError, SerializationError } from "@stepstream/workflow";
import { createRunsHandler } from "@stepstream/workflow/http";
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { typesOf } from "../tools/events.ts";
import { parseEvents } from "../tools/parse_event_stream.ts";
import { ask, type Asking, ORIGIN, problem, problemOf } from "./ask.ts";
import { FakeRuns } from "./fake_runs.ts";
import { parseLines } from "./sample_run.ts";
import { greetings, waiting } from "./sample_workflows.ts";

const RUN_ID = "run-0123456789-0123456789";
const ALL_TYPES = ["run.start", "step.start", "step.log", "step.result", "step.start", "step.result", "run.end"];

Deno.test("POST /runs answers 201 with the run's id and where its events are", async () => {
  await using runs = new FakeRuns(greetings());
  const handler = createRunsHandler(runs);

  const { status, headers, json } = await ask(handler, "POST", "/runs", { body: { start: "greet", payload: "Ada" } });

  const [runId] = runs.runIds;
  assertMatch(String(runId), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const url = new URL(headers.get("location") ?? "", `${ORIGIN}/runs`);
  assertEquals([status, json, url.pathname, headers.get("content-type"), headers.get("cache-control")], [
    201,
    { runId, events: `runs/${runId}/events` },
    `/runs/${runId}`,
    "application/json",
    "no-store",
  ]);
});

Deno.test("POST /runs with a runId starts one run, and answers 200 with the same body from then on", async () => {
  await using runs = new FakeRuns(greetings());
  const handler = createRunsHandler(runs);
  const asking = { body: { workflow: "greetings", start: "greet", payload: "Ada", runId: RUN_ID } };

  const answers = [await ask(handler, "POST", "/runs", asking), await ask(handler, "POST", "/runs", asking)];

  const body = { runId: RUN_ID, events: `runs/${RUN_ID}/events` };
  assertEquals(answers.map(({ status, json, headers }) => [status, json, headers.get("location")]), [
    [201, body, `runs/${RUN_ID}`],
    [200, body, `runs/${RUN_ID}`],
  ]);
  assertEquals(runs.runIds, [RUN_ID]);
});

Deno.test("POST /runs with an Idempotency-Key starts one run a key", async () => {
  await using runs = new FakeRuns(greetings());
  const handler = createRunsHandler(runs);
  const post = (key: string) =>
    ask(handler, "POST", "/runs", { body: { start: "greet" }, headers: { "idempotency-key": key } });

  const [first, again, other] = [await post("a".repeat(21)), await post("a".repeat(21)), await post("b".repeat(21))];

  assertEquals([first.status, again.status, other.status, runs.runIds.length], [201, 200, 201, 2]);
  assertEquals(again.json, first.json);
});

Deno.test("POST /runs makes of an Idempotency-Key an id that holds neither the key nor the scope", async () => {
  await using runs = new FakeRuns(greetings());
  const headers = { "idempotency-key": "order-42-of-the-second-of-may" };
  const handlers = ["", "tenant-a", "tenant-b"].map((scope) => createRunsHandler(runs, { keyScope: () => scope }));

  for (const handler of handlers) await ask(handler, "POST", "/runs", { body: { start: "greet" }, headers });

  assertEquals(runs.runIds.map((runId) => /^key_[0-9a-f]{64}$/.test(runId)), [true, true, true]);
  assertEquals(new Set(runs.runIds).size, 3);
});

const CONFLICTS: readonly (readonly [what: string, body: Record<string, unknown>])[] = [
  ["payload", { workflow: "greetings", start: "greet", payload: "Bob" }],
  ["start", { workflow: "greetings", start: "shout", payload: "Ada" }],
  ["workflow", { workflow: "more", start: "greet", payload: "Ada" }],
];

for (const [what, body] of CONFLICTS) {
  Deno.test(`POST /runs answers 409 for an id that is taken by another ${what}`, async () => {
    await using runs = new FakeRuns(greetings(), greetings("more"));
    const handler = createRunsHandler(runs);
    const first = { workflow: "greetings", start: "greet", payload: "Ada" };
    await ask(handler, "POST", "/runs", { body: { ...first, runId: RUN_ID } });

    const answer = await ask(handler, "POST", "/runs", { body: { ...body, runId: RUN_ID } });

    assertEquals(problemOf(answer), problem(409));
  });
}

for (const accept of ["text/event-stream", "application/x-ndjson"]) {
  Deno.test(`POST /runs with accept: ${accept} answers with the events from the first on`, async () => {
    await using runs = new FakeRuns(greetings());
    const handler = createRunsHandler(runs);
    const asking = { body: { start: "greet", payload: "Ada", runId: RUN_ID }, headers: { accept } };

    const answers = [await ask(handler, "POST", "/runs", asking), await ask(handler, "POST", "/runs", asking)];

    const seen = answers.map(({ status, headers, text }) => [
      status,
      headers.get("content-type"),
      headers.get("location"),
      headers.get("content-location"),
      typesOf(accept === "text/event-stream" ? parseEvents(text) : parseLines(text)),
    ]);
    const rest = [accept, `runs/${RUN_ID}`, `runs/${RUN_ID}/events`, ALL_TYPES];
    assertEquals(seen, [[201, ...rest], [200, ...rest]]);
  });
}

Deno.test("POST /runs with accept: text/event-stream lets the run go on when its client leaves", async () => {
  await using runs = new FakeRuns(waiting());
  const handler = createRunsHandler(runs);
  const request = new Request(`${ORIGIN}/runs`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({ start: "wait", runId: RUN_ID }),
  });
  const response = await handler(request);

  await response.body?.cancel();

  assertEquals([(await runs.get(RUN_ID))?.status, runs.readers], ["running", 0]);
});

const REFUSED: readonly (readonly [what: string, status: number, asking: Asking])[] = [
  ["no body", 415, {}],
  ["an empty body", 400, { body: "" }],
  ["no JSON", 400, { body: "{" }],
  ["JSON with more after it", 400, { body: "{} {}" }],
  ["invalid UTF-8", 400, { body: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]) }],
  ["a character that is cut off", 400, { body: new Uint8Array([0x22, 0xe2, 0x82]) }],
  ["null", 422, { body: "null" }],
  ["a list", 422, { body: ["greet"] }],
  ["a text", 422, { body: '"greet"' }],
  ["no start", 422, { body: {} }],
  ["a start that is no text", 422, { body: { start: 1 } }],
  ["a start that is not there", 422, { body: { start: "missing" } }],
  ["a start of every object", 422, { body: { start: "constructor" } }],
  ["a workflow that is no text", 422, { body: { start: "greet", workflow: 1 } }],
  ["a workflow that is not there", 422, { body: { start: "greet", workflow: "missing" } }],
  ["a workflow of every object", 422, { body: { start: "greet", workflow: "__proto__" } }],
  ["a field that is not known", 422, { body: { start: "greet", input: 1 } }],
  ["a field __proto__", 422, { body: '{"start":"greet","__proto__":{"payload":1}}' }],
  ["a field constructor", 422, { body: '{"start":"greet","constructor":1}' }],
  ["a start in __proto__", 422, { body: '{"__proto__":{"start":"greet"}}' }],
  ["a runId that is no text", 422, { body: { start: "greet", runId: 1 } }],
  ["an empty runId", 422, { body: { start: "greet", runId: "" } }],
  ["a runId that is too long", 422, { body: { start: "greet", runId: "x".repeat(129) } }],
  ["a runId with a slash", 422, { body: { start: "greet", runId: `${RUN_ID}/x` } }],
  ["a runId with dots", 422, { body: { start: "greet", runId: `..${RUN_ID}` } }],
  ["a runId with a line feed", 422, { body: { start: "greet", runId: `${RUN_ID}\n` } }],
  ["a runId beyond ASCII", 422, { body: { start: "greet", runId: `${RUN_ID}é` } }],
  ["a runId like one of a key", 422, { body: { start: "greet", runId: `key_${"0".repeat(64)}` } }],
  ["an empty key", 400, { body: { start: "greet" }, headers: { "idempotency-key": "" } }],
  ["a key that is too long", 400, { body: { start: "greet" }, headers: { "idempotency-key": "x".repeat(129) } }],
  ["a key beyond ASCII", 400, { body: { start: "greet" }, headers: { "idempotency-key": "é".repeat(30) } }],
  ["a runId and a key", 400, { body: { start: "greet", runId: RUN_ID }, headers: { "idempotency-key": RUN_ID } }],
  ["text/plain", 415, { body: '{"start":"greet"}', headers: { "content-type": "text/plain" } }],
  ["a form", 415, { body: "start=greet", headers: { "content-type": "application/x-www-form-urlencoded" } }],
  ["a type that begins like JSON", 415, {
    body: '{"start":"greet"}',
    headers: { "content-type": "application/jsonp" },
  }],
  ["JSON as a parameter", 415, { body: "{}", headers: { "content-type": "text/plain; application/json" } }],
  ["another charset", 415, { body: "{}", headers: { "content-type": "application/json; charset=utf-16" } }],
  ["a compressed body", 415, { body: "{}", headers: { "content-encoding": "gzip" } }],
  ["an Accept of nothing there is", 406, { body: { start: "greet" }, headers: { accept: "text/html" } }],
];

for (const [what, status, asking] of REFUSED) {
  Deno.test(`POST /runs answers ${status} for ${what}, and starts nothing`, async () => {
    await using runs = new FakeRuns(greetings());
    const handler = createRunsHandler(runs);

    const answer = await ask(handler, "POST", "/runs", asking);

    assertEquals([problemOf(answer), runs.runIds], [problem(status), []]);
  });
}

const TAKEN: readonly (readonly [what: string, asking: Asking])[] = [
  ["a charset", { body: { start: "greet" }, headers: { "content-type": "Application/JSON; charset=UTF-8" } }],
  ["a byte order mark", { body: '\ufeff{"start":"greet"}' }],
  ["null for what is left out", { body: { start: "greet", workflow: null, runId: null } }],
  ["a payload with __proto__", { body: '{"start":"greet","payload":{"__proto__":{"polluted":true}}}' }],
  ["the shortest runId", { body: { start: "greet", runId: "x" } }],
  ["a runId of all characters there are", { body: { start: "greet", runId: "Order.7:a_b~c-d" } }],
  ["a short key", { body: { start: "greet" }, headers: { "idempotency-key": "7" } }],
  ["the longest runId", { body: { start: "greet", runId: "x".repeat(128) } }],
];

for (const [what, asking] of TAKEN) {
  Deno.test(`POST /runs takes ${what}`, async () => {
    await using runs = new FakeRuns(greetings());
    const handler = createRunsHandler(runs);

    const { status } = await ask(handler, "POST", "/runs", asking);

    assertEquals([status, runs.runIds.length, Reflect.get({}, "polluted")], [201, 1, undefined]);
  });
}

Deno.test("POST /runs needs a workflow where there are several", async () => {
  await using runs = new FakeRuns(greetings(), waiting());
  const handler = createRunsHandler(runs);

  const answer = await ask(handler, "POST", "/runs", { body: { start: "greet" } });

  assertEquals([problemOf(answer), runs.runIds], [problem(422), []]);
});

Deno.test("POST /runs starts at the steps of starts only, and tells nothing of the others", async () => {
  await using runs = new FakeRuns(greetings(), waiting());
  const handler = createRunsHandler(runs, { starts: { greetings: ["greet"] } });
  const post = (workflow: string, start: string) => ask(handler, "POST", "/runs", { body: { workflow, start } });

  const allowed = await post("greetings", "greet");
  const refused = [
    await post("greetings", "shout"),
    await post("greetings", "missing"),
    await post("waiting", "wait"),
    await post("constructor", "name"),
  ];

  assertEquals([allowed.status, ...refused.map(({ status }) => status)], [201, 422, 422, 422, 422]);
  assertEquals(new Set(refused.map(({ text }) => text)).size, 1);
});

Deno.test("POST /runs tells what a schema has against the payload", async () => {
  await using runs = new FakeRuns(greetings());
  runs.failure = new PayloadError("secret-step", [{ message: "too short", path: ["items", { key: 0 }] }]);
  const handler = createRunsHandler(runs);

  const { status, json, text } = await ask(handler, "POST", "/runs", { body: { start: "greet" } });

  assertEquals([status, Reflect.get(Object(json), "issues"), text.includes("secret")], [
    422,
    [{ message: "too short", path: ["items", "0"] }],
    false,
  ]);
});

Deno.test("POST /runs answers 422 for a payload that cannot be stored", async () => {
  await using runs = new FakeRuns(greetings());
  runs.failure = new SerializationError("greet", "payload", "an object with a toJSON");
  const handler = createRunsHandler(runs);

  const answer = await ask(handler, "POST", "/runs", { body: { start: "greet" } });

  assertEquals(problemOf(answer), problem(422));
});

Deno.test("POST /runs answers 429 when maxRuns run, until one of them has ended", async () => {
  await using runs = new FakeRuns(waiting());
  const handler = createRunsHandler(runs, { maxRuns: 2 });
  const post = () => ask(handler, "POST", "/runs", { body: { start: "wait" } });
  await post();
  await post();

  const refused = await post();
  await runs.cancel(runs.runIds[1] ?? "");
  const taken = await post();
  const refusedAgain = await post();

  assertEquals([problemOf(refused), refused.headers.get("retry-after")], [problem(429), "5"]);
  assertEquals([taken.status, refusedAgain.status], [201, 429]);
});

Deno.test("POST /runs counts the runs that are about to start", async () => {
  await using runs = new FakeRuns(waiting());
  const handler = createRunsHandler(runs, { maxRuns: 3 });
  const posts = Array.from({ length: 8 }, () => ask(handler, "POST", "/runs", { body: { start: "wait" } }));

  const statuses = (await Promise.all(posts)).map(({ status }) => status);

  assertEquals([statuses.filter((status) => status === 201).length, runs.runIds.length], [3, 3]);
});

Deno.test("POST /runs answers for a run there is though maxRuns run", async () => {
  await using runs = new FakeRuns(waiting());
  const handler = createRunsHandler(runs, { maxRuns: 1 });
  const asking = { body: { start: "wait", runId: RUN_ID } };
  await ask(handler, "POST", "/runs", asking);

  const again = await ask(handler, "POST", "/runs", asking);
  const other = await ask(handler, "POST", "/runs", { body: { start: "wait", runId: `${RUN_ID}x` } });

  assertEquals([again.status, other.status], [200, 429]);
});

Deno.test("POST /runs beyond maxRuns looks nothing up for a client that has chosen no id", async () => {
  await using runs = new FakeRuns(waiting());
  const handler = createRunsHandler(runs, { maxRuns: 0 });

  const { status } = await ask(handler, "POST", "/runs", { body: { start: "wait" } });

  assertEquals([status, runs.calls], [429, []]);
});

Deno.test("POST /runs gives the place back of a run that did not start", async () => {
  await using runs = new FakeRuns(greetings());
  const handler = createRunsHandler(runs, { maxRuns: 1 });
  for (let index = 0; index < 3; index += 1) {
    await ask(handler, "POST", "/runs", { body: { start: "missing" } });
  }

  const { status } = await ask(handler, "POST", "/runs", { body: { start: "greet" } });

  assertEquals(status, 201);
});

Deno.test("POST /runs answers 503 where the runner was closed", async () => {
  await using runs = new FakeRuns(greetings());
  runs.failure = new RunnerClosedError("start a run");

  const answer = await ask(createRunsHandler(runs), "POST", "/runs", { body: { start: "greet" } });

  assertEquals([problemOf(answer), answer.headers.get("retry-after")], [problem(503), "5"]);
});

Deno.test("POST /runs starts no run that nobody has a place to read", async () => {
  await using runs = new FakeRuns(greetings());
  const handler = createRunsHandler(runs, { maxReaders: 0 });
  const headers = { accept: "text/event-stream" };

  const answer = await ask(handler, "POST", "/runs", { body: { start: "greet" }, headers });

  assertEquals([problemOf(answer), runs.runIds], [problem(429), []]);
});

Deno.test("POST /runs gives every client another id", async () => {
  await using runs = new FakeRuns(greetings());
  const handler = createRunsHandler(runs);

  const [first, second] = [
    await ask(handler, "POST", "/runs", { body: { start: "greet" } }),
    await ask(handler, "POST", "/runs", { body: { start: "greet" } }),
  ];

  assertNotEquals(first?.json, second?.json);
});

const LINKS: readonly (readonly [publicUrl: string, location: string])[] = [
  ["", `/runs/${RUN_ID}`],
  ["/api", `/api/runs/${RUN_ID}`],
  ["https://example.com/api", `https://example.com/api/runs/${RUN_ID}`],
];

for (const [publicUrl, location] of LINKS) {
  Deno.test(`POST /runs links to ${location} with publicUrl "${publicUrl}"`, async () => {
    await using runs = new FakeRuns(greetings());
    const handler = createRunsHandler(runs, { publicUrl });

    const { headers, json } = await ask(handler, "POST", "/runs", { body: { start: "greet", runId: RUN_ID } });

    assertEquals([headers.get("location"), json], [location, { runId: RUN_ID, events: `${location}/events` }]);
  });
}
