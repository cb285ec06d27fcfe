import { RunCancelledError, type RunStream, Workflow, type WorkflowEvent } from "@stepstream/workflow";
import { eventStreamResponse } from "@stepstream/workflow/sse";
import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { laterTurn, typesOf } from "../tools/events.ts";
import { LocalServer } from "../tools/local_server.ts";
import { parseEvents, parseEventStream } from "../tools/parse_event_stream.ts";
import { ChunkReader } from "./chunk_reader.ts";
import { quickestWithin } from "./quickest_within.ts";
import { logEvent } from "./sample_events.ts";
import { TalkingWorkflow } from "./talking_workflow.ts";
import { type WatchedRun, watchedRun } from "./watched_run.ts";

/** A program that reads an event stream over HTTP. */
interface Client {
  readonly chunks: ChunkReader;
  /** Goes away in the middle of the stream. */
  readonly leave: () => Promise<void>;
  /** Reads what is left to the end of the stream. */
  readonly finish: () => Promise<string>;
}

const CLIENTS: readonly { readonly name: string; readonly open: (url: string) => Promise<Client> }[] = [
  { name: "fetch", open: openFetch },
  { name: "curl", open: openCurl },
];

async function openFetch(url: string): Promise<Client> {
  const controller = new AbortController();
  const chunks = new ChunkReader(await fetch(url, { signal: controller.signal }));
  return {
    chunks,
    finish: async () => (await chunks.readAll()).join(""),
    leave: async () => {
      controller.abort();
      await chunks.readAll().catch(() => {});
    },
  };
}

function openCurl(url: string): Promise<Client> {
  const child = new Deno.Command("curl", {
    args: ["--silent", "--no-buffer", url],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const chunks = new ChunkReader({ body: child.stdout });
  return Promise.resolve({
    chunks,
    finish: async () => {
      const rest = (await chunks.readAll()).join("");
      await child.status;
      return rest;
    },
    leave: async () => {
      child.kill("SIGKILL");
      await chunks.readAll();
      await child.status;
    },
  });
}

/** A server whose every answer is the stream of a run that waits. */
function serveWatchedRuns(): { server: LocalServer; opened: () => Promise<WatchedRun> } {
  let next = Promise.withResolvers<WatchedRun>();
  const server = new LocalServer((request) => {
    const run = watchedRun();
    next.resolve(run);
    return eventStreamResponse(run.stream, { signal: request.signal });
  });
  return {
    server,
    opened: async () => {
      const run = await next.promise;
      next = Promise.withResolvers();
      return run;
    },
  };
}

for (const { name, open } of CLIENTS) {
  Deno.test(`eventStreamResponse() gives ${name} every event before the run goes on`, async () => {
    const talk = new TalkingWorkflow();
    await using server = new LocalServer(() => eventStreamResponse(talk.workflow.stream("talk")));
    const { chunks, finish } = await open(server.origin);

    const heard: string[] = [];
    for (const word of ["one", "two", "three"]) {
      const text = await chunks.readUntil("step.log");
      heard.push(...parseEvents(text).map((event) => event.type === "step.log" ? event.name : event.type));
      assertEquals(heard.at(-1), word);
      talk.answer();
    }
    const rest = await finish();

    assertEquals([heard, typesOf(parseEvents(rest))], [
      ["run.start", "step.start", "one", "two", "three"],
      ["step.result", "run.end"],
    ]);
  });

  Deno.test(`eventStreamResponse() keeps ${name} alive with heartbeats`, async () => {
    const run = watchedRun();
    await using server = new LocalServer(() => eventStreamResponse(run.stream, { heartbeatMs: 10 }));
    const { chunks, finish } = await open(server.origin);

    const silence = await chunks.readUntil("\n\n:\n\n:\n\n");
    run.release();
    const rest = await finish();

    const { messages, comments, errors } = parseEventStream(silence + rest);
    assertEquals([messages.length, comments.slice(0, 3), errors], [5, ["heartbeat 10", "", ""], []]);
  });

  Deno.test(`eventStreamResponse() cancels the run within 100 ms of ${name} going away`, async () => {
    const { server, opened } = serveWatchedRuns();
    await using _server = server;

    const delayMs = await quickestWithin(100, async () => {
      const { chunks, leave } = await open(server.origin);
      const { stream, abortedAt } = await opened();
      await chunks.readUntil("step.log");
      const leftAt = Date.now();
      const left = leave();
      const heardAt = await abortedAt;
      await left;
      await assertRejects(() => stream.result, RunCancelledError);
      return heardAt - leftAt;
    });

    assertLess(delayMs, 100);
  });
}

Deno.test("eventStreamResponse() over HTTP has no compression and the headers of an event stream", async () => {
  const workflow = new Workflow().add({ name: "work", action: () => "x".repeat(10_000) });
  await using server = new LocalServer(() => eventStreamResponse(workflow.stream("work")));

  const response = await fetch(server.origin, { headers: { "accept-encoding": "gzip, br" } });
  await response.text();

  const names = ["content-type", "content-encoding", "cache-control", "x-accel-buffering", "x-content-type-options"];
  assertEquals(names.map((name) => response.headers.get(name)), [
    "text/event-stream",
    null,
    "no-cache, no-transform",
    "no",
    "nosniff",
  ]);
});

Deno.test("eventStreamResponse() over HTTP answers before the run tells anything", async () => {
  const released = Promise.withResolvers<void>();
  async function* events(): AsyncGenerator<WorkflowEvent> {
    await released.promise;
    yield logEvent(1, null);
  }
  await using server = new LocalServer(() => eventStreamResponse(events()));

  const chunks = new ChunkReader(await fetch(server.origin));
  const first = await chunks.read();
  released.resolve();
  await chunks.readAll();

  assertEquals(first, "retry: 2000\n: heartbeat 8000\n\n");
});

Deno.test("eventStreamResponse() does not take Deno's abort after a finished response for a client that left", async () => {
  const workflow = new Workflow().add({ name: "work", action: () => 1 });
  const aborted = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<RunStream>();
  await using server = new LocalServer((request) => {
    const { signal } = request;
    signal.addEventListener("abort", () => aborted.resolve());
    const stream: RunStream = workflow.stream("work", null, { signal });
    opened.resolve(stream);
    return eventStreamResponse(stream, { signal });
  });

  const text = await (await fetch(server.origin)).text();
  await aborted.promise;

  const stream = await opened.promise;
  assertEquals([text.includes('"status":"completed"'), (await stream.result).context], [true, { "result.work": 1 }]);
});

Deno.test("eventStreamResponse() that is told to detach lets the run end after its client went away", async () => {
  const run = watchedRun();
  const gone = Promise.withResolvers<void>();
  await using server = new LocalServer((request) => {
    request.signal.addEventListener("abort", () => gone.resolve());
    return eventStreamResponse(run.stream, { signal: request.signal, onDisconnect: "detach" });
  });
  const { chunks, leave } = await openFetch(server.origin);
  await chunks.readUntil("step.log");

  await leave();
  await gone.promise;
  run.release();

  assertEquals((await run.stream.result).trace.map(({ step, ok }) => [step, ok]), [["wait", true]]);
});

Deno.test("eventStreamResponse() shows a client a broken stream, not a finished one, where the events fail", async () => {
  // deno-lint-ignore require-yield
  async function* events(): AsyncGenerator<WorkflowEvent> {
    await laterTurn();
    throw new Error("broken");
  }
  await using server = new LocalServer(() => eventStreamResponse(events()));

  const response = await fetch(server.origin);

  await assertRejects(() => response.text());
});

Deno.test("eventStreamResponse() lets the run stand still behind a client that stops reading its socket", async () => {
  const length = 100_000;
  const filler = "x".repeat(1_000);
  let ran = 0;
  const workflow = new Workflow().add({
    name: "loop",
    action: () => {
      ran += 1;
      return filler;
    },
    decision: (_ctx, _result, enqueue) => {
      if (ran < length) enqueue.tail("loop");
    },
  });
  const opened = Promise.withResolvers<RunStream>();
  await using server = new LocalServer((request) => {
    const stream: RunStream = workflow.stream("loop", null, { maxSteps: length, captureTrace: false });
    opened.resolve(stream);
    return eventStreamResponse(stream, { signal: request.signal });
  });
  const { hostname, port } = new URL(server.origin);
  const socket = await Deno.connect({ hostname, port: Number(port) });
  await socket.write(new TextEncoder().encode(`GET / HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`));

  const stream = await opened.promise;
  await untilUnchanged(() => ran);
  const ranAtPause = ran;
  socket.close();

  await assertRejects(() => stream.result, RunCancelledError);
  assertEquals(ranAtPause > 0 && ranAtPause < length / 4 ? "stood still" : `ran ${ranAtPause} steps`, "stood still");
});

/** Waits until a number has stayed the same for many turns: nothing more is on its way. */
async function untilUnchanged(read: () => number): Promise<void> {
  let last = read();
  for (let turns = 0; turns < 100; turns += 1) {
    await laterTurn();
    if (read() === last && last > 0) continue;
    last = read();
    turns = 0;
  }
}
