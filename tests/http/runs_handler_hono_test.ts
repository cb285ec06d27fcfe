import { createRunsHandler, type RunsHandlerOptions } from "@stepstream/workflow/http";
import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { typesOf } from "../tools/events.ts";
import { LocalServer } from "../tools/local_server.ts";
import { parseEvents } from "../tools/parse_event_stream.ts";
import type { Handler } from "./ask.ts";
import { FakeRuns } from "./fake_runs.ts";
import { notes } from "./sample_run.ts";
import { greetings, waiting } from "./sample_workflows.ts";

interface Mount {
  readonly what: string;
  /** Where a client finds the routes. */
  readonly prefix: string;
  readonly options: RunsHandlerOptions;
  readonly mount: (handler: Handler) => Handler;
}

const MOUNTS: readonly Mount[] = [
  { what: "alone", prefix: "", options: {}, mount: (handler) => handler },
  { what: "alone with a basePath", prefix: "/v1", options: { basePath: "/v1" }, mount: (handler) => handler },
  { what: "mounted in Hono at /", prefix: "", options: {}, mount: (handler) => new Hono().mount("/", handler).fetch },
  {
    what: "mounted in Hono at /api",
    prefix: "/api",
    options: {},
    mount: (handler) => new Hono().mount("/api", handler).fetch,
  },
  {
    what: "mounted in Hono at /api with a publicUrl",
    prefix: "/api",
    options: { publicUrl: "/api" },
    mount: (handler) => new Hono().mount("/api", handler).fetch,
  },
  {
    what: "mounted in Hono with the request as it is",
    prefix: "/api",
    options: { basePath: "/api" },
    mount: (handler) => new Hono().mount("/api", handler, { replaceRequest: false }).fetch,
  },
  {
    what: "routed to by Hono",
    prefix: "/api",
    options: { basePath: "/api" },
    mount: (handler) => new Hono().all("/api/*", (c) => handler(c.req.raw)).fetch,
  },
  {
    what: "mounted in Hono in a Hono",
    prefix: "/a/b",
    options: {},
    mount: (handler) => new Hono().route("/a", new Hono().mount("/b", handler)).fetch,
  },
];

for (const { what, prefix, options, mount } of MOUNTS) {
  Deno.test(`createRunsHandler() ${what} is led through start, events, head and cancel by its own links`, async () => {
    await using runs = new FakeRuns(greetings());
    await using server = new LocalServer(mount(createRunsHandler(runs, options)));

    const started = await fetch(`${server.origin}${prefix}/runs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ start: "greet", payload: "Ada" }),
    });
    const { runId, events } = await started.json();
    const run = new URL(started.headers.get("location") ?? "", started.url);
    const stream = await fetch(new URL(events, started.url));
    const text = await stream.text();
    const head = await (await fetch(run)).json();
    const removed = await fetch(run, { method: "DELETE" });

    assertEquals([started.status, run.pathname], [201, `${prefix}/runs/${runId}`]);
    assertEquals([typesOf(parseEvents(text)).at(-1), head.status, removed.status], ["run.end", "completed", 204]);
  });

  Deno.test(`createRunsHandler() ${what} leads from a stream to where it goes on`, async () => {
    await using runs = new FakeRuns(waiting());
    await using server = new LocalServer(mount(createRunsHandler(runs, options)));

    const started = await fetch(`${server.origin}${prefix}/runs`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify({ start: "wait" }),
    });
    await started.body?.cancel();
    const again = await fetch(new URL(started.headers.get("content-location") ?? "", started.url), { method: "HEAD" });

    assertEquals([started.status, again.status, again.headers.get("content-type")], [201, 200, "text/event-stream"]);
  });
}

const IDS = ["order%2F42", "a%20b", "100%25", "%252F", "%C3%A9", "a%3Fb", "...", "__proto__"];

for (const path of IDS) {
  Deno.test(`createRunsHandler() mounted in Hono finds the run at /api/runs/${path}`, async () => {
    await using runs = new FakeRuns();
    runs.put(decodeURIComponent(path), notes(1));
    await using server = new LocalServer(new Hono().mount("/api", createRunsHandler(runs)).fetch);

    const response = await fetch(`${server.origin}/api/runs/${path}`);

    assertEquals((await response.json()).runId, decodeURIComponent(path));
  });
}

Deno.test("createRunsHandler() mounted in Hono only stops reading when a client goes away", async () => {
  await using runs = new FakeRuns(waiting());
  await using server = new LocalServer(new Hono().mount("/api", createRunsHandler(runs)).fetch);
  const left = Promise.withResolvers<void>();
  const follow = runs.follow.bind(runs);
  runs.follow = (...args) => {
    const reader = follow(...args);
    const leave = reader.return.bind(reader);
    reader.return = () => {
      left.resolve();
      return leave();
    };
    return reader;
  };
  const controller = new AbortController();
  const started = await fetch(`${server.origin}/api/runs`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({ start: "wait" }),
    signal: controller.signal,
  });
  const reading = started.text().catch(() => "left");

  controller.abort();
  await left.promise;

  const [runId = ""] = runs.runIds;
  assertEquals([await reading, runs.readers, (await runs.get(runId))?.status], ["left", 0, "running"]);
});
