import { followRun } from "@stepstream/workflow/client";
import { createRunsHandler, type RunsAction } from "@stepstream/workflow/http";
import { assertEquals } from "@std/assert";
import { logEvent } from "../sse/sample_events.ts";
import { readAll } from "../tools/events.ts";
import { LocalServer } from "../tools/local_server.ts";
import { parseEvents } from "../tools/parse_event_stream.ts";
import { ask, problem, problemOf } from "./ask.ts";
import { FakeRuns } from "./fake_runs.ts";
import { notes, parseLines, seqsOf } from "./sample_run.ts";
import { greetings } from "./sample_workflows.ts";

const ID = "run-1";
const RUN = `/runs/${ID}`;
const SSE = "text/event-stream";
const NDJSON = "application/x-ndjson";

const ACCEPTS: readonly (readonly [accept: string | null, type: string | null])[] = [
  [null, "application/json"],
  ["", "application/json"],
  ["*/*", "application/json"],
  ["application/*", "application/json"],
  ["text/event-stream, application/json", "application/json"],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"],
  [SSE, SSE],
  ["text/*", SSE],
  ["application/json;q=0.5, text/event-stream", SSE],
  [NDJSON, NDJSON],
  ["text/html", null],
];

for (const [accept, type] of ACCEPTS) {
  Deno.test(`GET /runs/:id with accept: ${accept} answers with ${type ?? "406"}`, async () => {
    await using runs = new FakeRuns();
    runs.put(ID, notes(1));

    const answer = await ask(createRunsHandler(runs), "GET", RUN, accept === null ? {} : { headers: { accept } });

    if (type === null) return assertEquals(problemOf(answer), problem(406));
    const { headers } = answer;
    assertEquals([answer.status, headers.get("content-type"), headers.get("vary")], [200, type, "Accept"]);
  });
}

for (const [accept, parse] of [[SSE, parseEvents], [NDJSON, parseLines]] as const) {
  Deno.test(`GET /runs/:id as ${accept} streams what /runs/:id/events does, from the client's cursor on`, async () => {
    await using runs = new FakeRuns();
    runs.put(ID, notes(3));
    const handler = createRunsHandler(runs);

    const whole = await ask(handler, "GET", RUN, { headers: { accept } });
    const byQuery = await ask(handler, "GET", `${RUN}?after=2`, { headers: { accept } });
    const byHeader = await ask(handler, "GET", RUN, { headers: { accept, "last-event-id": "3" } });
    const ended = await ask(handler, "GET", `${RUN}?after=4`, { headers: { accept } });
    const bad = await ask(handler, "GET", `${RUN}?after=x`, { headers: { accept } });

    assertEquals(whole.text, (await ask(handler, "GET", `${RUN}/events`, { headers: { accept } })).text);
    assertEquals([whole, byQuery, byHeader].map(({ text }) => seqsOf(parse(text))), [[1, 2, 3, 4], [3, 4], [4]]);
    assertEquals([ended.status, ended.text, problemOf(bad)], [204, "", problem(400)]);
  });
}

Deno.test("HEAD /runs/:id with accept: text/event-stream answers without following the run", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1, false));

  const { status, headers, text } = await ask(createRunsHandler(runs), "HEAD", RUN, { headers: { accept: SSE } });

  assertEquals([status, headers.get("content-type"), text, runs.calls], [200, SSE, "", [`get ${ID}`]]);
});

Deno.test("GET /runs/:id asks authorize for a reader of events only where it streams them", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1));
  const asked: RunsAction["type"][] = [];
  const handler = createRunsHandler(runs, {
    authorize: (_request, { type }) => asked.push(type) > 0 && type === "read",
  });

  const head = await ask(handler, "GET", RUN);
  const stream = await ask(handler, "GET", RUN, { headers: { accept: SSE } });

  assertEquals([head.status, problemOf(stream), asked], [200, problem(404), ["read", "follow"]]);
});

Deno.test("followRun() follows the Location of a start over HTTP", async () => {
  await using runs = new FakeRuns(greetings());
  await using server = new LocalServer(createRunsHandler(runs));
  const started = await fetch(`${server.origin}/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ start: "greet", payload: "Ada" }),
  });
  await started.body?.cancel();

  const address = new URL(started.headers.get("location") ?? "", started.url);
  const { items, failure } = await readAll(followRun(address));

  assertEquals([failure, seqsOf(items)], [null, [1, 2, 3, 4, 5, 6, 7]]);
});

Deno.test("EventSource on a run's own address hears its events", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1, false));
  await using server = new LocalServer(createRunsHandler(runs));
  const source = new EventSource(`${server.origin}${RUN}`);
  const heard = Promise.withResolvers<string>();
  source.onmessage = ({ lastEventId }) => {
    if (lastEventId === "2") heard.resolve(lastEventId);
    else runs.push(ID, logEvent(2, "note 2"));
  };
  source.onerror = () => heard.resolve("an error");

  const last = await heard.promise;
  source.close();

  assertEquals(last, "2");
});
