import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { eventStreamResponse } from "../../../src/sse/mod.ts";
import type { WorkflowEvent } from "../../../mod.ts";
import type { Peer, Start } from "../contract.ts";

const EVENTS_A_CHUNK = 64;

/** A Hono app with a run of the peer for every request of `/live`, and the same bytes made beforehand at `/raw`. */
export async function createSseApp(peer: Peer, start: Start): Promise<Hono> {
  const app = new Hono();
  app.get("/live", async (context) => {
    const events = await start();
    if (peer.hasSse) {
      return eventStreamResponse(events as AsyncIterable<WorkflowEvent>, {
        signal: context.req.raw.signal,
      });
    }
    return streamSSE(context, async (stream) => {
      let id = 0;
      for await (const event of events) {
        id += 1;
        await stream.writeSSE({ id: String(id), data: JSON.stringify(event) });
      }
    });
  });
  // Hono takes no routes once it has answered.
  let chunks: readonly Uint8Array<ArrayBuffer>[] = [];
  app.get("/raw", () => new Response(createBody(chunks), { headers: { "content-type": "text/event-stream" } }));
  chunks = toChunks(await (await app.request("/live")).text());
  return app;
}

function toChunks(text: string): Uint8Array<ArrayBuffer>[] {
  const messages = text.split(/(?<=\n\n)/);
  const encoder = new TextEncoder();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < messages.length; at += EVENTS_A_CHUNK) {
    chunks.push(
      encoder.encode(messages.slice(at, at + EVENTS_A_CHUNK).join("")),
    );
  }
  return chunks;
}

function createBody(
  chunks: readonly Uint8Array<ArrayBuffer>[],
): ReadableStream<Uint8Array<ArrayBuffer>> {
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
