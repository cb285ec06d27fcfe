import { EventsGoneError, MemoryStore, type Step, Workflow } from "@stepstream/workflow";
import { followRun } from "@stepstream/workflow/client";
import { createRunsHandler } from "@stepstream/workflow/http";
import { Runner } from "@stepstream/workflow/runner";
import { assertEquals, assertInstanceOf } from "@std/assert";
import { Hono } from "hono";
import { ChunkReader } from "../sse/chunk_reader.ts";
import { readAll, typesOf } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";
import { LocalServer } from "../tools/local_server.ts";
import { parseEvents } from "../tools/parse_event_stream.ts";
import { ask, problem, problemOf, requestOf } from "./ask.ts";
import { parseLines, seqsOf } from "./sample_run.ts";
import { greetings, waiting } from "./sample_workflows.ts";

const RUN_ID = "run-0123456789-0123456789";
const EVENTS = `/runs/${RUN_ID}/events`;
const GREETING = ["run.start", "step.start", "step.log", "step.result", "step.start", "step.result", "run.end"];

/** A runner that leaves at once what is at work when the test is over. */
class HastyRunner extends Runner {
  override async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ timeoutMs: 0 });
  }
}

function runnerOf(...workflows: readonly Workflow[]): Runner {
  return new HastyRunner({ workflows, store: new MemoryStore(), pollMs: 5 });
}

Deno.test("createRunsHandler() on a Runner starts a run once, streams it, tells its head and its end", async () => {
  await using runner = runnerOf(greetings());
  const handler = createRunsHandler(runner);
  const asking = { body: { start: "greet", payload: "Ada", runId: RUN_ID } };

  const started = await ask(handler, "POST", "/runs", asking);
  const { text } = await ask(handler, "GET", EVENTS);
  const again = await ask(handler, "POST", "/runs", asking);
  const other = await ask(handler, "POST", "/runs", { body: { ...asking.body, payload: "Bob" } });
  const { json: head } = await ask(handler, "GET", `/runs/${RUN_ID}`);
  const ended = await ask(handler, "GET", EVENTS, { headers: { "last-event-id": "7" } });
  const lines = await ask(handler, "GET", EVENTS, { headers: { "accept": "application/x-ndjson" } });

  assertEquals([started.status, again.status, other.status, ended.status], [201, 200, 409, 204]);
  assertEquals(typesOf(parseEvents(text)), GREETING);
  assertEquals(parseLines(lines.text), parseEvents(text));
  const { createdAt: _createdAt, updatedAt: _updatedAt, ...fields } = Object(head);
  assertEquals(fields, { runId: RUN_ID, workflow: "greetings", version: "1", status: "completed", lastSeq: 7 });
});

Deno.test("createRunsHandler() on a Runner tells who followed a longer run of this id that its events are gone", async () => {
  await using runner = runnerOf(greetings());
  const handler = createRunsHandler(runner);
  const asking = { body: { start: "greet", payload: "Ada", runId: RUN_ID }, headers: { accept: "text/event-stream" } };
  await ask(handler, "POST", "/runs", asking);
  const fetch = (url: string) => handler(requestOf("GET", url));

  const [beyond, atEnd] = [
    await readAll(followRun(EVENTS, { after: 8, fetch })),
    await readAll(followRun(EVENTS, { after: 7, fetch })),
  ];

  assertInstanceOf(beyond.failure?.error, EventsGoneError);
  assertEquals([beyond.failure.error.after, beyond.failure.error.first, atEnd], [8, 1, { items: [], failure: null }]);
});

Deno.test("createRunsHandler() on a Runner answers POST with the stream, which a client can come back to", async () => {
  await using runner = runnerOf(gated());
  const handler = createRunsHandler(runner);
  const headers = { accept: "text/event-stream" };
  const chunks = new ChunkReader(
    await handler(requestOf("POST", "/runs", { body: { start: "wait", runId: RUN_ID }, headers })),
  );
  const first = parseEvents(await chunks.readUntil("step.start"));

  await chunks.cancel();
  gates.open("wait");
  const { text } = await ask(handler, "GET", EVENTS, { headers: { "last-event-id": String(first.at(-1)?.seq) } });

  assertEquals([typesOf(first), typesOf(parseEvents(text))], [["run.start", "step.start"], ["step.result", "run.end"]]);
});

Deno.test("createRunsHandler() on a Runner cancels a run whose readers see it end", async () => {
  await using runner = runnerOf(waiting());
  const handler = createRunsHandler(runner);
  const chunks = new ChunkReader(
    await handler(
      requestOf("POST", "/runs", { body: { start: "wait", runId: RUN_ID }, headers: { accept: "text/event-stream" } }),
    ),
  );
  await chunks.readUntil("step.start");

  const statuses = [
    (await ask(handler, "DELETE", `/runs/${RUN_ID}`)).status,
    (await ask(handler, "DELETE", `/runs/${RUN_ID}`)).status,
    (await ask(handler, "DELETE", "/runs/missing")).status,
  ];
  const [end] = parseEvents((await chunks.readAll()).join("")).slice(-1);

  assertEquals([statuses, end?.type === "run.end" && end.status], [[202, 204, 404], "cancelled"]);
});

Deno.test("createRunsHandler() on a Runner refuses what its workflows do not take", async () => {
  await using runner = runnerOf(greetings());
  const handler = createRunsHandler(runner);
  const post = (body: unknown) => ask(handler, "POST", "/runs", { body });

  const answers = [
    await post({ start: "missing" }),
    await post({ start: "greet", workflow: "missing" }),
    await post('{"start":"greet","payload":{"toJSON":1}}'),
  ];

  assertEquals(answers.map(problemOf), [problem(422), problem(422), problem(422)]);
  assertEquals((await runner.list()).length, 0);
});

Deno.test("createRunsHandler() on a Runner tells what a step's schema has against the payload", async () => {
  await using runner = runnerOf(greetings().add(picky));
  const handler = createRunsHandler(runner);

  const { status, json } = await ask(handler, "POST", "/runs", { body: { start: "picky", payload: 1 } });

  assertEquals([status, Reflect.get(Object(json), "issues")], [422, [{ message: "not enough", path: ["count"] }]]);
});

Deno.test("createRunsHandler() on a Runner counts the runs at work against maxRuns", async () => {
  await using runner = runnerOf(waiting());
  const handler = createRunsHandler(runner, { maxRuns: 2 });
  const post = (runId: string) => ask(handler, "POST", "/runs", { body: { start: "wait", runId } });
  const [a, b, c] = ["a".repeat(21), "b".repeat(21), "c".repeat(21)] as const;
  await Promise.all([post(a), post(b)]);

  const [full, repeated] = [await post(c), await post(a)];
  await runner.cancel(a);
  const free = await post(c);

  assertEquals([full.status, repeated.status, free.status], [429, 200, 201]);
});

Deno.test("createRunsHandler() on a Runner lists runs page by page", async () => {
  await using runner = runnerOf(greetings());
  const handler = createRunsHandler(runner, { authorize: () => true });
  for (const runId of ["a", "b", "c"]) await ask(handler, "POST", "/runs", { body: { start: "greet", runId } });

  const seen: string[] = [];
  for (let next: string | null = ""; next !== null;) {
    const { json } = await ask(handler, "GET", `/runs?limit=2${next === "" ? "" : `&after=${next}`}`);
    const page: { runs: { runId: string }[]; next: string | null } = Object(json);
    seen.push(page.runs.map(({ runId }) => runId).join());
    next = page.next;
  }

  assertEquals([seen.map((ids) => ids.split(",").length), seen.join().split(",").toSorted()], [[2, 1], [
    "a",
    "b",
    "c",
  ]]);
});

Deno.test("createRunsHandler() on a Runner says reset where a client is ahead of the store", async () => {
  await using runner = runnerOf(waiting());
  const handler = createRunsHandler(runner);
  await ask(handler, "POST", "/runs", { body: { start: "wait", runId: RUN_ID } });

  const { status, text } = await ask(handler, "GET", `${EVENTS}?after=99`);

  assertEquals([status, text.split("\n\n").slice(1)], [200, ['event: reset\nid: 0\ndata: {"after":99,"first":1}', ""]]);
});

Deno.test("createRunsHandler() on a Runner that is closed ends its streams for the clients to come back, and starts nothing", async () => {
  const runner = runnerOf(waiting());
  const handler = createRunsHandler(runner);
  const asking = { body: { start: "wait", runId: RUN_ID }, headers: { accept: "text/event-stream" } };
  const chunks = new ChunkReader(await handler(requestOf("POST", "/runs", asking)));
  await chunks.readUntil("step.start");

  const closing = runner.close({ timeoutMs: 0 });
  const rest = parseEvents((await chunks.readAll()).join(""));
  await closing;
  const refused = await ask(handler, "POST", "/runs", { body: { start: "wait" } });

  assertEquals([typesOf(rest).includes("run.end"), problemOf(refused)], [false, problem(503)]);
});

Deno.test("createRunsHandler() on a Runner, mounted in Hono and served, gives every reader every event", async () => {
  await using runner = runnerOf(gated());
  await using server = new LocalServer(new Hono().mount("/api", createRunsHandler(runner)).fetch);
  const started = await fetch(`${server.origin}/api/runs`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID() },
    body: JSON.stringify({ start: "wait" }),
  });
  const { events } = await started.json();

  const responses = await Promise.all(
    [0, 1, 2].map((after) => fetch(new URL(`${events}?after=${after}`, started.url))),
  );
  gates.open("wait");
  const seqs = await Promise.all(responses.map(async (response) => seqsOf(parseEvents(await response.text()))));

  assertEquals(seqs, [[1, 2, 3, 4], [2, 3, 4], [3, 4]]);
});

const gates = new Gates();

/** A workflow whose one step waits at a gate. */
function gated(): Workflow {
  return new Workflow({ name: "gated" }).add({ name: "wait", action: () => gates.wait("wait") });
}

const picky: Step = {
  name: "picky",
  action: () => {},
  input: {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: () => ({ issues: [{ message: "not enough", path: ["count"] }] }),
    },
  },
};
