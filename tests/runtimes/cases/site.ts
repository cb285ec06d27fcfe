import { MemoryStore, type StepScope, Workflow } from "@stepstream/workflow";
import { createRunsHandler } from "@stepstream/workflow/http";
import { Runner } from "@stepstream/workflow/runner";
import { eventStreamResponse } from "@stepstream/workflow/sse";
import { cut } from "./cut.ts";

/** Low, since where nothing else tells of a client that left, a write does. */
const HEARTBEAT_MS = 50;
/** How often an action looks whether it may go on. */
const LOOK_EVERY_MS = 5;
/** What became of the runs that wait, by their key. It is plain data: a Worker's requests can share nothing else. */
const talks = new Map<string, "working" | "released" | "aborted">();

/** Says a word, and another once its key is released. */
const talk = new Workflow({ name: "talk" }).add({
  name: "talk",
  action: async (_ctx, key, log, { signal }) => {
    talks.set(key, "working");
    signal.addEventListener("abort", () => talks.set(key, "aborted"));
    log.event("one");
    // By looking again and again: in a Worker nothing that another request does can wake this one.
    while (talks.get(key) === "working") await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    log.event("two");
  },
});

/** Waits to be cancelled, and has nothing at work meanwhile. */
const silent = new Workflow({ name: "silent" }).add({
  name: "silent",
  action: (_ctx, key, _log, { signal }) => {
    talks.set(key, "working");
    return new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        talks.set(key, "aborted");
        resolve();
      });
    });
  },
});

/** Counts up to 5, on a later turn each time. */
const count = new Workflow({ name: "count" }).add({
  name: "count",
  action: async (_ctx, number, log, { idempotencyKey }: StepScope) => {
    log.event("counting", { number, idempotencyKey });
    await new Promise((resolve) => setTimeout(resolve, 1));
    return number + 1;
  },
  decision: (_ctx, { value }, enqueue) => {
    if (value !== null && value <= 5) enqueue.tail("count");
  },
});

const store = new MemoryStore();
const runner = new Runner({ workflows: [talk, count], store: new MemoryStore() });
const serveRuns = createRunsHandler(runner, { heartbeatMs: HEARTBEAT_MS, retryMs: 1 });

/** Keeps a promise alive beyond the response, where a host would not. */
export type WaitUntil = (done: Promise<void>) => void;

/**
 * A site to try clients and servers on:
 *
 * - `GET /talks/:key/events`: the events of a run that is cancelled when its client leaves, `GET /talks/:key` what
 *   became of it, and `POST /talks/:key` lets it go on.
 * - `GET /silences/:key/events`: the events of such a run that never goes on, and `GET /silences/:key` what became of
 *   it.
 * - `GET /trips/:id/events?after=`: the events of a stored run, which is at work while somebody reads them.
 * - `/runs`: runs that belong to a runner, which is for a process that lives between its requests.
 * - `/cut/…`: the same, with streams that end after some bytes.
 */
export async function serveSite(request: Request, waitUntil?: WaitUntil): Promise<Response> {
  const url = new URL(request.url);
  const [, kind, id = "", part] = url.pathname.split("/");
  const options = { signal: request.signal, heartbeatMs: HEARTBEAT_MS, retryMs: 1, waitUntil };
  switch (kind) {
    case "cut":
      return cut(
        await serveSite(new Request(new URL(url.pathname.slice("/cut".length) + url.search, url), request)),
        "closed",
      );
    case "talks":
      if (part === "events") return eventStreamResponse(talk.stream("talk", id), options);
      if (request.method === "POST") talks.set(id, "released");
      return new Response(talks.get(id) ?? "none");
    case "silences":
      if (part === "events") return eventStreamResponse(silent.stream("silent", id), options);
      return new Response(talks.get(id) ?? "none");
    case "trips": {
      const after = Number(url.searchParams.get("after") ?? request.headers.get("last-event-id") ?? 0);
      const isKnown = await store.find(id) !== null;
      const stream = isKnown ? count.resume(id, { store, after }) : count.stream("count", 1, { store, runId: id });
      return eventStreamResponse(stream, options);
    }
    case "runs":
      return await serveRuns(request);
    default:
      return new Response(null, { status: 404 });
  }
}
