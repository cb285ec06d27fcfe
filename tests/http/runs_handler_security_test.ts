import { createRunsHandler, type RunsAction, type RunsHandlerOptions } from "@stepstream/workflow/http";
import { assertEquals } from "@std/assert";
import { ask, type Asking, ORIGIN, problem, problemOf } from "./ask.ts";
import { FakeRuns } from "./fake_runs.ts";
import { notes } from "./sample_run.ts";
import { greetings } from "./sample_workflows.ts";

const ID = "run-1";
const START = { body: { start: "greet", payload: 1 } };

const ACTIONS:
  readonly (readonly [method: string, path: string, asking: Asking, status: number, action: RunsAction])[] = [
    ["GET", `/runs/${ID}`, {}, 404, { type: "read", runId: ID }],
    ["HEAD", `/runs/${ID}`, {}, 404, { type: "read", runId: ID }],
    ["GET", `/runs/${ID}/events`, {}, 404, { type: "follow", runId: ID }],
    ["GET", `/runs/${ID}/events?after=1`, {}, 404, { type: "follow", runId: ID }],
    ["GET", `/runs/${ID}/events?after=99`, {}, 404, { type: "follow", runId: ID }],
    ["HEAD", `/runs/${ID}/events`, {}, 404, { type: "follow", runId: ID }],
    ["DELETE", `/runs/${ID}`, {}, 404, { type: "cancel", runId: ID }],
    ["POST", "/runs", { body: { ...START.body, runId: "new" } }, 403, {
      type: "start",
      workflow: "greetings",
      start: "greet",
      payload: 1,
      runId: "new",
    }],
  ];

for (const [method, path, asking, status, action] of ACTIONS) {
  Deno.test(`${method} ${path} asks authorize for ${action.type} before the host, and answers ${status} if refused`, async () => {
    await using runs = new FakeRuns(greetings());
    runs.put(ID, notes(1));
    const asked: unknown[] = [];
    const authorize = async (request: Request, action: RunsAction): Promise<boolean> => {
      await undefined;
      asked.push(request.method, action);
      return false;
    };

    const answer = await ask(createRunsHandler(runs, { authorize }), method, path, asking);

    assertEquals([answer.status, asked, runs.calls], [status, [method, action], []]);
  });
}

Deno.test("createRunsHandler() says of a foreign run just what it says of a run there is not", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1));
  const handler = createRunsHandler(runs, { authorize: (_request, { type }) => type === "list" });
  const open = createRunsHandler(runs);

  for (const [method, path] of [["GET", ""], ["GET", "/events"], ["DELETE", ""]] as const) {
    const foreign = await ask(handler, method, `/runs/${ID}${path}`);
    const missing = await ask(open, method, `/runs/missing${path}`);

    assertEquals([foreign.status, foreign.text, [...foreign.headers]], [404, missing.text, [...missing.headers]]);
  }
});

Deno.test("createRunsHandler() takes nothing but true for leave", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1));

  for (const answer of [undefined, null, 1, "yes", {}]) {
    const options: RunsHandlerOptions = {};
    Reflect.set(options, "authorize", () => answer);

    const { status } = await ask(createRunsHandler(runs, options), "GET", `/runs/${ID}`);

    assertEquals([answer, status], [answer, 404]);
  }
});

Deno.test("createRunsHandler() gives the answer of authorize, if it has one of its own", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1));
  const authorize = () => new Response("Who are you?", { status: 401, headers: { "www-authenticate": "Bearer" } });

  const answer = await ask(createRunsHandler(runs, { authorize }), "GET", `/runs/${ID}`);

  assertEquals([answer.status, answer.text, answer.headers.get("www-authenticate")], [401, "Who are you?", "Bearer"]);
});

Deno.test("createRunsHandler() tells onError where the answer of authorize was read before", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1));
  const denied = new Response("Who are you?", { status: 401 });
  await denied.text();
  const told: string[] = [];
  const handler = createRunsHandler(runs, { authorize: () => denied, onError: (error) => told.push(String(error)) });

  const { status } = await ask(handler, "GET", `/runs/${ID}`);

  const because = "its body was read before: make a Response for each request";
  assertEquals([status, told], [500, [`TypeError: Cannot give the answer of authorize, because ${because}`]]);
});

Deno.test("createRunsHandler() answers a bare 500 where authorize throws, and asks the host nothing", async () => {
  await using runs = new FakeRuns(greetings());
  runs.put(ID, notes(1));
  const failure = new Error("token of admin is hunter2");
  const told: unknown[] = [];
  const handler = createRunsHandler(runs, {
    authorize: () => Promise.reject(failure),
    onError: (error) => told.push(error),
  });

  const answers = [await ask(handler, "GET", `/runs/${ID}/events`), await ask(handler, "POST", "/runs", START)];

  const body = { type: "about:blank", title: "Internal Server Error", status: 500 };
  assertEquals([answers.map(({ json }) => json), told, runs.calls], [[body, body], [failure, failure], []]);
});

Deno.test("createRunsHandler() asks authorize again when a client comes back", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(3));
  let mayFollow = true;
  const handler = createRunsHandler(runs, { authorize: () => mayFollow });
  const first = await ask(handler, "GET", `/runs/${ID}/events`);

  mayFollow = false;
  const second = await ask(handler, "GET", `/runs/${ID}/events`, { headers: { "last-event-id": "1" } });

  assertEquals([first.status, second.status], [200, 404]);
});

for (const [accept, type] of [["application/json", "read"], ["text/event-stream", "follow"]] as const) {
  Deno.test(`POST /runs with accept: ${accept} shows nobody a foreign run that has the id already`, async () => {
    await using runs = new FakeRuns(greetings());
    const asked: string[] = [];
    const handler = createRunsHandler(runs, {
      authorize: (_request, action) => {
        asked.push(action.type);
        return action.type === "start";
      },
    });
    const post = (headers: Record<string, string>) => ask(handler, "POST", "/runs", { ...START, headers });
    await post({ "idempotency-key": "order-42" });

    const answer = await post({ "idempotency-key": "order-42", accept });

    assertEquals([problemOf(answer), asked], [problem(409), ["start", "start", type]]);
    assertEquals(runs.calls.filter((call) => call.startsWith("follow")), []);
  });
}

Deno.test("POST /runs takes short ids and keys where there is authorize, a key for each scope", async () => {
  await using runs = new FakeRuns(greetings());
  const handler = createRunsHandler(runs, {
    authorize: () => true,
    keyScope: (request) => Promise.resolve(request.headers.get("authorization") ?? ""),
  });
  const post = (authorization: string) =>
    ask(handler, "POST", "/runs", { ...START, headers: { authorization, "idempotency-key": "order-42" } });

  const answers = [await post("ada"), await post("bob"), await post("ada")];
  const chosen = await ask(handler, "POST", "/runs", { body: { ...START.body, runId: "a" } });

  assertEquals(answers.map(({ status }) => status), [201, 201, 200]);
  assertEquals([chosen.status, runs.runIds.length], [201, 3]);
});

const PAGE = "https://app.example.com";
const CORS = { origins: [PAGE] };

const SITES: readonly (readonly [headers: Record<string, string>, isAllowed: boolean, isAllowedByCors: boolean])[] = [
  [{}, true, true],
  [{ "sec-fetch-site": "same-origin", "origin": ORIGIN }, true, true],
  [{ "sec-fetch-site": "none" }, true, true],
  [{ "origin": ORIGIN }, true, true],
  [{ "origin": "https://runs.test" }, true, true],
  [{ "sec-fetch-site": "cross-site" }, false, false],
  [{ "sec-fetch-site": "same-site" }, false, false],
  [{ "sec-fetch-site": "nonsense" }, false, false],
  [{ "sec-fetch-site": "cross-site", "origin": PAGE }, false, true],
  [{ "origin": PAGE }, false, true],
  [{ "origin": "https://evil.example" }, false, false],
  [{ "origin": `${PAGE}.evil.example` }, false, false],
  [{ "origin": "https://app.example.com:8443" }, false, false],
  [{ "origin": "http://app.example.com" }, false, false],
  [{ "origin": "http://runs.test:81" }, false, false],
  [{ "origin": "null" }, false, false],
  [{ "origin": "" }, false, false],
];

for (const [headers, isAllowed, isAllowedByCors] of SITES) {
  for (const [cors, allowed] of [[undefined, isAllowed], [CORS, isAllowedByCors]] as const) {
    Deno.test(`createRunsHandler() ${allowed ? "lets" : "refuses"} changes from ${JSON.stringify(headers)}${cors === undefined ? "" : " with cors"}`, async () => {
      await using runs = new FakeRuns(greetings());
      runs.put(ID, notes(1));
      const handler = createRunsHandler(runs, { cors });

      const post = await ask(handler, "POST", "/runs", { ...START, headers });
      const remove = await ask(handler, "DELETE", `/runs/${ID}`, { headers });
      const get = await ask(handler, "GET", `/runs/${ID}`, { headers });

      const done = runs.calls.filter((call) => /^(start|cancel)/.test(call)).length;
      assertEquals([post.status, remove.status, get.status, done], allowed ? [201, 204, 200, 2] : [403, 403, 200, 0]);
    });
  }
}

const PUBLIC_URLS: readonly (readonly [publicUrl: string, origin: string, isAllowed: boolean])[] = [
  ["https://app.example.com/api", PAGE, true],
  ["https://app.example.com/api", "https://evil.example", false],
  ["https://app.example.com/api", ORIGIN, true],
  ["/api", PAGE, false],
  ["", PAGE, false],
];

for (const [publicUrl, origin, isAllowed] of PUBLIC_URLS) {
  Deno.test(`createRunsHandler() at "${publicUrl}" ${isAllowed ? "lets" : "refuses"} changes from ${origin}`, async () => {
    await using runs = new FakeRuns(greetings());
    runs.put(ID, notes(1));
    const handler = createRunsHandler(runs, { publicUrl });

    const remove = await ask(handler, "DELETE", `/runs/${ID}`, { headers: { origin } });
    const foreign = await ask(handler, "DELETE", `/runs/${ID}`, {
      headers: { origin, "sec-fetch-site": "cross-site" },
    });

    assertEquals([remove.status, foreign.status], [isAllowed ? 204 : 403, 403]);
  });
}

function corsOf(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith("access-control-") || name === "vary"));
}

Deno.test("createRunsHandler() sends no CORS fields unless it is told to", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1));
  const handler = createRunsHandler(runs);
  const headers = { origin: PAGE, "access-control-request-method": "POST" };

  const answers = [
    await ask(handler, "GET", `/runs/${ID}`, { headers }),
    await ask(handler, "OPTIONS", "/runs", { headers }),
    await ask(handler, "GET", `/runs/${ID}/events`, { headers }),
  ];

  assertEquals(answers.map(({ headers }) => corsOf(headers)), [{ vary: "Accept" }, {}, {}]);
});

Deno.test("createRunsHandler() answers the preflight of an origin that is listed, and of no other", async () => {
  await using runs = new FakeRuns();
  const handler = createRunsHandler(runs, { cors: CORS, authorize: () => false });
  const preflight = (origin: string) =>
    ask(handler, "OPTIONS", `/runs/${ID}`, { headers: { origin, "access-control-request-method": "DELETE" } });

  const [listed, other] = [await preflight(PAGE), await preflight("https://evil.example")];

  assertEquals([listed.status, corsOf(listed.headers)], [204, {
    "access-control-allow-origin": PAGE,
    "access-control-allow-methods": "GET, HEAD, DELETE, OPTIONS",
    "access-control-allow-headers": "Authorization, Content-Type, Idempotency-Key, Last-Event-ID",
    "access-control-max-age": "600",
    "vary": "Origin",
  }]);
  assertEquals([other.status, corsOf(other.headers)], [204, { "vary": "Origin" }]);
});

Deno.test("createRunsHandler() lets pages of listed origins read every answer, problems and streams too", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1));
  const handler = createRunsHandler(runs, { cors: { ...CORS, credentials: true } });
  const paths = [`/runs/${ID}`, `/runs/${ID}/events`, "/runs/missing", "/elsewhere"];

  const answers = await Promise.all(paths.map((path) => ask(handler, "GET", path, { headers: { origin: PAGE } })));

  const fields = {
    "access-control-allow-origin": PAGE,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "Location, Content-Location, Retry-After",
    "vary": "Origin",
  };
  assertEquals(answers.map(({ headers }) => corsOf(headers)), [
    { ...fields, vary: "Accept, Origin" },
    fields,
    fields,
    fields,
  ]);
});

Deno.test("POST /runs reads no more of a body without end than its limit, and leaves it", async () => {
  await using runs = new FakeRuns(greetings());
  const chunk = new Uint8Array(64 * 1024).fill(0x20);
  let sent = 0;
  let isLeft = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += chunk.length;
      controller.enqueue(chunk);
      if (sent >= 100 * 1024 * 1024) controller.close();
    },
    cancel: () => {
      isLeft = true;
    },
  }, { highWaterMark: 0 });

  const answer = await ask(createRunsHandler(runs), "POST", "/runs", { body });

  assertEquals([problemOf(answer), sent <= 1024 * 1024 + 2 * chunk.length, isLeft], [problem(413), true, true]);
});

Deno.test("POST /runs does not wait for the end of a body that it refuses", async () => {
  await using runs = new FakeRuns(greetings());
  const neverLeft = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024).fill(0x20)),
    cancel: () => neverLeft.promise,
  });

  const answer = await ask(createRunsHandler(runs), "POST", "/runs", { body });

  assertEquals(problemOf(answer), problem(413));
});

Deno.test("POST /runs takes a body of just its limit, whatever content-length says", async () => {
  await using runs = new FakeRuns(greetings());
  const body = JSON.stringify(START.body);
  const post = (maxBodyBytes: number, headers: Record<string, string> = {}) =>
    ask(createRunsHandler(runs, { maxBodyBytes }), "POST", "/runs", { body, headers });

  const statuses = [
    await post(body.length),
    await post(body.length - 1),
    await post(body.length - 1, { "content-length": "1" }),
    await post(body.length, { "content-length": "99999" }),
    await post(body.length, { "content-length": "nonsense" }),
  ].map(({ status }) => status);

  assertEquals(statuses, [201, 413, 413, 413, 201]);
});

Deno.test("POST /runs answers 400 for a body that breaks off", async () => {
  await using runs = new FakeRuns(greetings());
  const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("cut")) });

  const answer = await ask(createRunsHandler(runs), "POST", "/runs", { body });

  assertEquals(problemOf(answer), problem(400));
});

function nested(depth: number): string {
  return `{"start":"greet","payload":${"[".repeat(depth)}${"]".repeat(depth)}}`;
}

const DEPTHS: readonly (readonly [what: string, body: string, status: number])[] = [
  ["a payload of just maxPayloadDepth", nested(3), 201],
  ["one deeper", nested(4), 422],
  ["100 000 levels", nested(100_000), 422],
  ["100 000 levels that are never closed", "[".repeat(100_000), 422],
  ["100 000 objects", `{"start":"greet","payload":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`, 422],
  ["brackets in a text", `{"start":"greet","payload":"${"[{".repeat(1_000)}"}`, 201],
  ["brackets after an escaped quote", `{"start":"greet","payload":"\\"${"[{".repeat(1_000)}"}`, 201],
  ["levels after an escaped backslash", `{"start":"greet","payload":["\\\\",[[[]]]]}`, 422],
  ["a text that never ends", `{"start":"${"[".repeat(100)}`, 400],
  ["brackets that only close", "]]]]]]", 400],
];

for (const [what, body, status] of DEPTHS) {
  Deno.test(`POST /runs answers ${status} for ${what}`, async () => {
    await using runs = new FakeRuns(greetings());

    const answer = await ask(createRunsHandler(runs, { maxPayloadDepth: 3 }), "POST", "/runs", { body });

    assertEquals(answer.status, status);
  });
}

Deno.test("createRunsHandler() echoes nothing of a request that it refuses", async () => {
  await using runs = new FakeRuns(greetings());
  const mark = "marked-as-secret";
  const handler = createRunsHandler(runs);

  const texts = [
    await ask(handler, "GET", `/runs/${mark}`),
    await ask(handler, "GET", `/${mark}`),
    await ask(handler, "GET", `/runs/${ID}/events?after=${mark}`),
    await ask(handler, "POST", "/runs", { body: `{"${mark}` }),
    await ask(handler, "POST", "/runs", { body: { [mark]: mark } }),
    await ask(handler, "POST", "/runs", { body: { start: mark, workflow: mark } }),
    await ask(handler, "POST", "/runs", { body: { start: mark } }),
    await ask(handler, "POST", "/runs", { body: {}, headers: { "content-type": mark } }),
    await ask(handler, mark, "/runs"),
  ].map(({ status, text }) => [status >= 400, text.includes(mark), text.includes("greet")]);

  assertEquals(texts, texts.map(() => [true, false, false]));
});
