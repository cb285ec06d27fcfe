import { type Any, StoreError, type WorkflowEvent } from "@stepstream/workflow";
import { createRunsHandler } from "@stepstream/workflow/http";
import { assertEquals } from "@std/assert";
import { endEvent } from "../sse/sample_events.ts";
import { ask, type Asking, problem, problemOf } from "./ask.ts";
import { FakeRuns } from "./fake_runs.ts";
import { notes } from "./sample_run.ts";
import { waiting } from "./sample_workflows.ts";

const ID = "run-1";

/** Runs that are deleted between a look at them and what follows. */
class RunsThatGo extends FakeRuns {
  override follow(...[runId, options]: Parameters<FakeRuns["follow"]>): ReturnType<FakeRuns["follow"]> {
    this.delete(runId);
    return super.follow(runId, options);
  }
}

/** One note, and a run that then fails with the error. */
function failure(error: unknown): WorkflowEvent<Any, Any>[] {
  return [...notes(1, false), { ...endEvent(2), status: "failed", error }];
}

Deno.test("GET /runs/:id tells where the run stands, and nothing of who works on it", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(2));

  const { status, headers, json } = await ask(createRunsHandler(runs), "GET", `/runs/${ID}`);

  assertEquals([
    status,
    headers.get("content-type"),
    headers.get("cache-control"),
    headers.get("x-content-type-options"),
  ], [
    200,
    "application/json",
    "no-store",
    "nosniff",
  ]);
  assertEquals(json, {
    runId: ID,
    workflow: "orders",
    version: "1",
    status: "completed",
    lastSeq: 3,
    createdAt: 1_001,
    updatedAt: 1_001,
  });
});

Deno.test("GET /runs/:id tells what a run has failed with, in the words that its readers get", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, failure(new TypeError("no tea", { cause: "a secret" })));
  const describeError = () => ({ name: "Failure", message: "try later" });

  const { json: plain } = await ask(createRunsHandler(runs), "GET", `/runs/${ID}`);
  const { json: blander } = await ask(createRunsHandler(runs, { describeError }), "GET", `/runs/${ID}`);

  assertEquals(Reflect.get(Object(plain), "status"), "failed");
  assertEquals(Reflect.get(Object(plain), "error"), { name: "TypeError", message: "no tea" });
  assertEquals(Reflect.get(Object(blander), "error"), { name: "Failure", message: "try later" });
});

Deno.test("GET /runs/:id tells where a run stands whose last events are gone", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, failure(new TypeError("no tea")));
  runs.forget(ID, 3);

  const { status, json } = await ask(createRunsHandler(runs), "GET", `/runs/${ID}`);

  assertEquals([status, Object.hasOwn(Object(json), "error")], [200, false]);
});

Deno.test("GET /runs/:id answers 404 for a run that is deleted while it is read, and tells onError nothing", async () => {
  await using runs = new RunsThatGo();
  runs.put(ID, failure(new TypeError("no tea")));
  const told: unknown[] = [];

  const answer = await ask(createRunsHandler(runs, { onError: (error) => told.push(error) }), "GET", `/runs/${ID}`);

  assertEquals([problemOf(answer), told], [problem(404), []]);
});

Deno.test("GET /runs/:id/events just ends where the run is deleted by then, and tells onError nothing", async () => {
  await using runs = new RunsThatGo();
  runs.put(ID, notes(2));
  const told: unknown[] = [];
  const handler = createRunsHandler(runs, { onError: (error) => told.push(error) });

  const { status, text } = await ask(handler, "GET", `/runs/${ID}/events`);

  assertEquals([status, text.includes("data:"), told], [200, false, []]);
});

Deno.test("DELETE /runs/:id answers 202 for a run that it cancels, 204 for one that has ended", async () => {
  await using runs = new FakeRuns(waiting());
  const handler = createRunsHandler(runs);
  const { json } = await ask(handler, "POST", "/runs", { body: { start: "wait" } });
  const path = `/runs/${Reflect.get(Object(json), "runId")}`;

  const answers = [await ask(handler, "DELETE", path), await ask(handler, "DELETE", path)];

  const { json: head } = await ask(handler, "GET", path);
  assertEquals(answers.map(({ status, text }) => [status, text]), [[202, ""], [204, ""]]);
  assertEquals(Reflect.get(Object(head), "status"), "cancelled");
});

const PATHS: readonly (readonly [id: string, path: string])[] = [
  ["order/42", "order%2F42"],
  ["order/42", "order%2f42"],
  ["a b", "a%20b"],
  ["100%", "100%25"],
  ["%2F", "%252F"],
  ["...", "..."],
  ["a..b", "a..b"],
  ["é", "%C3%A9"],
  ["?#", "%3F%23"],
  ["__proto__", "__proto__"],
  ["constructor", "constructor"],
  ["a\r\nb", "a%0D%0Ab"],
  ["\0", "%00"],
];

for (const [id, path] of PATHS) {
  Deno.test(`GET /runs/${path} finds the run ${JSON.stringify(id)}`, async () => {
    await using runs = new FakeRuns();
    runs.put(id, notes(1));

    const { status, json } = await ask(createRunsHandler(runs), "GET", `/runs/${path}`);

    assertEquals([status, Reflect.get(Object(json), "runId")], [200, id]);
  });
}

const NOWHERE: readonly string[] = [
  "/",
  "/run",
  "/RUNS",
  "/runs/",
  "//runs",
  "/runs//events",
  "/runs/.",
  "/runs/..",
  "/runs/%2e%2e",
  "/runs/%2e%2e%2f",
  "/runs/order/42",
  `/runs/${ID}/`,
  `/runs/${ID}/event`,
  `/runs/${ID}/events/`,
  `/runs/${ID}/events/1`,
  "/runs/%",
  "/runs/%ff",
  "/runs/%C3",
  "/runs/missing",
  "/runs/missing/events",
  "/runs/__proto__",
  `/runs/${"x".repeat(513)}`,
];

for (const path of NOWHERE) {
  Deno.test(`GET ${path.slice(0, 40)} answers 404`, async () => {
    await using runs = new FakeRuns();
    runs.put(ID, notes(1));

    const answer = await ask(createRunsHandler(runs), "GET", path);

    const { headers } = answer;
    assertEquals(problemOf(answer), problem(404));
    assertEquals([headers.get("cache-control"), headers.get("x-content-type-options")], ["no-store", "nosniff"]);
  });
}

for (const id of ["", "x".repeat(513), "%ff"]) {
  Deno.test(`createRunsHandler() looks up no run for what is no id: ${id.slice(0, 5)}`, async () => {
    await using runs = new FakeRuns();
    const handler = createRunsHandler(runs);

    const statuses = [
      await ask(handler, "GET", `/runs/${id}`),
      await ask(handler, "GET", `/runs/${id}/events`),
      await ask(handler, "DELETE", `/runs/${id}`),
    ].map(({ status }) => status);

    assertEquals([statuses, runs.calls], [[404, 404, 404], []]);
  });
}

Deno.test("DELETE /runs/:id answers 404 for a run there is not", async () => {
  await using runs = new FakeRuns();

  const answer = await ask(createRunsHandler(runs), "DELETE", "/runs/missing");

  assertEquals(problemOf(answer), problem(404));
});

const METHODS: readonly (readonly [method: string, path: string, status: number, allow: string | null])[] = [
  ["PUT", "/runs", 405, "GET, HEAD, POST, OPTIONS"],
  ["DELETE", "/runs", 405, "GET, HEAD, POST, OPTIONS"],
  ["POST", `/runs/${ID}`, 405, "GET, HEAD, DELETE, OPTIONS"],
  ["PATCH", `/runs/${ID}`, 405, "GET, HEAD, DELETE, OPTIONS"],
  ["POST", `/runs/${ID}/events`, 405, "GET, HEAD, OPTIONS"],
  ["DELETE", `/runs/${ID}/events`, 405, "GET, HEAD, OPTIONS"],
  ["OPTIONS", "/runs", 204, "GET, HEAD, POST, OPTIONS"],
  ["OPTIONS", `/runs/${ID}`, 204, "GET, HEAD, DELETE, OPTIONS"],
  ["OPTIONS", `/runs/${ID}/events`, 204, "GET, HEAD, OPTIONS"],
  ["OPTIONS", "/elsewhere", 404, null],
];

for (const [method, path, status, allow] of METHODS) {
  Deno.test(`${method} ${path} answers ${status} and asks the host nothing`, async () => {
    await using runs = new FakeRuns();

    const answer = await ask(createRunsHandler(runs), method, path);

    assertEquals([answer.status, answer.headers.get("allow"), runs.calls], [status, allow, []]);
    if (status !== 204) assertEquals(problemOf(answer), problem(status));
  });
}

const HEADS: readonly (readonly [path: string, status: number, type: string | null, asking: Asking])[] = [
  [`/runs/${ID}`, 200, "application/json", {}],
  [`/runs/${ID}/events`, 200, "text/event-stream", {}],
  [`/runs/${ID}/events`, 200, "application/x-ndjson", { headers: { accept: "application/x-ndjson" } }],
  [`/runs/${ID}/events?after=2`, 204, null, {}],
  [`/runs/${ID}/events?after=3`, 200, "text/event-stream", {}],
  [`/runs/${ID}/events?after=x`, 400, "application/problem+json", {}],
  ["/runs/missing", 404, "application/problem+json", {}],
  ["/runs", 403, "application/problem+json", {}],
];

for (const [path, status, type, asking] of HEADS) {
  Deno.test(`HEAD ${path} answers ${status} ${type}, without a body and without following the run`, async () => {
    await using runs = new FakeRuns();
    runs.put(ID, notes(1));

    const answer = await ask(createRunsHandler(runs), "HEAD", path, asking);

    const followed = runs.calls.filter((call) => call.startsWith("follow"));
    assertEquals([answer.status, answer.headers.get("content-type"), answer.text, followed], [status, type, "", []]);
  });
}

for (
  const [method, path] of [["GET", `/runs/${ID}`], ["GET", `/runs/${ID}/events`], ["DELETE", `/runs/${ID}`]] as const
) {
  Deno.test(`${method} ${path} answers a bare 500 where the host fails, and tells onError`, async () => {
    await using runs = new FakeRuns();
    const failure = new StoreError(null, "read a run", "postgres://admin:hunter2@db is down");
    runs.failure = failure;
    const told: unknown[] = [];
    const handler = createRunsHandler(runs, { onError: (error, request) => told.push(error, request.method) });

    const { status, headers, json } = await ask(handler, method, path);

    assertEquals([status, headers.get("content-type"), json, told], [
      500,
      "application/problem+json",
      { type: "about:blank", title: "Internal Server Error", status: 500 },
      [failure, method],
    ]);
  });
}

Deno.test("createRunsHandler() serves its routes below basePath only", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1));
  const handler = createRunsHandler(runs, { basePath: "/api/v1" });

  const paths = [`/api/v1/runs/${ID}`, `/runs/${ID}`, `/api/v1runs/${ID}`, `/api/runs/${ID}`];
  const statuses = await Promise.all(paths.map(async (path) => (await ask(handler, "GET", path)).status));

  assertEquals(statuses, [200, 404, 404, 404]);
});
