import { type Any, MemoryStore, Workflow, type WorkflowEvent } from "@stepstream/workflow";
import { type FollowOptions, followRun } from "@stepstream/workflow/client";
import { createRunsHandler } from "@stepstream/workflow/http";
import { Runner } from "@stepstream/workflow/runner";
import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { readAll } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";
import { LocalServer } from "../tools/local_server.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { Random } from "../tools/random.ts";
import { storedEvents } from "../tools/stored_run.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";
import { MortalServer } from "./mortal_server.ts";
import { seqsOf } from "./sample_run.ts";

/** Tries again soon, and for as long as a test takes to end an outage. */
const EAGER: FollowOptions = { maxDelayMs: 20, maxFailures: Infinity };

Deno.test("followRun() gives every event once of a run whose server is killed and started again", async () => {
  const [kills, numbersPerLife] = [6, 100];
  const random = new Random(1);
  await using folder = await TemporaryFolder.create();
  const file = `${folder.path}/runs.db`;
  await using server = new MortalServer(file);
  await server.start(numbersPerLife);
  await (await server.post("mortal")).body?.cancel();
  const url = `${server.origin}/runs/mortal/events`;
  // One more comes with each server. They read for themselves, whatever this one is about.
  const readings = [readAll(followRun(url, EAGER))];
  const events: WorkflowEvent<Any, Any>[] = [];
  const posts: number[] = [];

  let killAt = 1 + random.below(300);
  for await (const event of followRun(url, EAGER)) {
    events.push(event);
    if (posts.length === kills || events.length < killAt) continue;
    await server.kill();
    await server.start((posts.length + 2) * numbersPerLife);
    const again = await server.post("mortal");
    await again.body?.cancel();
    posts.push(again.status);
    readings.push(readAll(followRun(url, EAGER)));
    killAt = events.length + 1 + random.below(300);
  }
  const others = await Promise.all(readings);
  await server.kill();

  using database = new DatabaseSync(file);
  const stored = await storedEvents(await SqliteStore.open(database), "mortal");
  assertEquals(seqsOf(events), stored.map((_, index) => index + 1));
  assertEquals([events, ...others.map(({ items }) => items)], Array.from({ length: kills + 2 }, () => stored));
  const ends = stored.filter(({ type }) => type === "run.end").map((end) => Reflect.get(end, "status"));
  assertEquals([ends, posts], [["completed"], Array.from({ length: kills }, () => 200)]);
});

Deno.test("followRun() bears a burst of 503s, and waits for as long as they say", async () => {
  const gates = new Gates();
  const workflow = new Workflow({ name: "wait" }).add({ name: "wait", action: () => gates.wait("wait") });
  await using runner = new Runner({ workflows: [workflow], store: new MemoryStore() });
  const handler = createRunsHandler(runner);
  // What the proxy answers instead of the server, by what it says of when to come again.
  const refusals: (string | null)[] = ["7", null, null, "Thu, 01 Jan 1970 00:01:00 GMT", "soon", "7"];
  let cut = new AbortController();
  await using proxy = new LocalServer(async (request) => {
    const retryAfter = refusals.shift();
    if (retryAfter !== undefined) {
      const headers: HeadersInit = retryAfter === null ? {} : { "retry-after": retryAfter };
      return new Response("<h1>Busy</h1>", { status: 503, headers: { "content-type": "text/html", ...headers } });
    }
    cut = new AbortController();
    const { body, headers } = await handler(request);
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    // What is cut ends like any other answer, as it does behind proxies that speak HTTP/1.0 with their server.
    body?.pipeTo(writable, { signal: cut.signal, preventAbort: true }).catch(() => writable.close());
    return new Response(readable, { headers });
  });
  const clock = new ManualClock();
  const waits: number[] = [];
  const onState: FollowOptions["onState"] = (state) => {
    if (state !== "reconnecting") return;
    waits.push(...clock.pendingMs);
    clock.tick(clock.nextDueMs);
  };
  const { runId } = await runner.start("wait", "wait");

  const seqs: number[] = [];
  const url = `${proxy.origin}/runs/${runId}/events`;
  for await (const { seq } of followRun(url, { clock, onState, maxDelayMs: 0 })) {
    seqs.push(seq);
    if (seq !== 2) continue;
    refusals.push("1", null, "2", ...Array.from({ length: 10 }, () => null));
    cut.abort();
    gates.open("wait");
  }

  assertEquals(seqs, [1, 2, 3, 4]);
  // The date counts from the present time of the clock, which has gone on by then.
  const [first, ...later] = [
    [7_000, 0, 0, 53_000, 0, 7_000],
    [0, 1_000, 0, 2_000],
    Array.from({ length: 10 }, () => 0),
  ];
  assertEquals(waits, [...first ?? [], ...later.flat()]);
});
