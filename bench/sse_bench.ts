/**
 * What an event stream costs beside a raw body: 10,000 events that are ready at once, read by one client over loopback,
 * and the same bytes as a body of chunks that were encoded beforehand, 64 events each.
 */
import { Workflow, type WorkflowEvent } from "@stepstream/workflow";
import { encodeEvent, eventStreamResponse } from "@stepstream/workflow/sse";
import { measure } from "./tools/measure.ts";
import { printRatios, printTitle } from "./tools/print.ts";

const STEPS = 5_000;
const EVENTS_A_CHUNK = 64;

const chain = new Workflow<{ count: number }>().add({
  name: "count",
  action: (_ctx, number) => number + 1,
  decision: (_ctx, result, enqueue) => {
    if (result.ok && result.value < STEPS) enqueue.tail("count", result.value);
  },
});

async function* from(events: readonly WorkflowEvent[]): AsyncGenerator<WorkflowEvent> {
  yield* events;
}

function createRawBody(chunks: readonly Uint8Array<ArrayBuffer>[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks[next];
      next += 1;
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
  }, { highWaterMark: 0 });
}

const events: WorkflowEvent[] = [];
for await (const event of chain.stream("count", 0)) events.push(event);
const chunks: Uint8Array<ArrayBuffer>[] = [];
const encoder = new TextEncoder();
for (let at = 0; at < events.length; at += EVENTS_A_CHUNK) {
  chunks.push(encoder.encode(events.slice(at, at + EVENTS_A_CHUNK).map((event) => encodeEvent(event)).join("")));
}

const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
  switch (new URL(request.url).pathname) {
    case "/raw":
      return new Response(createRawBody(chunks), { headers: { "content-type": "text/event-stream" } });
    case "/recorded":
      return eventStreamResponse(from(events), { signal: request.signal });
    default:
      return eventStreamResponse(chain.stream("count", 0), { signal: request.signal });
  }
});

/** Reads a body to its end, in the same process: what the client costs is the same for all. */
async function read(path: string): Promise<void> {
  const url = `http://127.0.0.1:${server.addr.port}${path}`;
  const response = await fetch(url);
  const reader = response.body?.getReader();
  while (reader !== undefined && !(await reader.read()).done);
}

printTitle("10,000 ready events to one client, server-sent");
const medians = await measure(
  {
    "raw body of 64-event chunks": () => read("/raw"),
    "eventStreamResponse, recorded": () => read("/recorded"),
    "eventStreamResponse, live run": () => read("/live"),
  },
  21,
  10,
);
printRatios(medians, "raw body of 64-event chunks", events.length, "event");
await server.shutdown();
