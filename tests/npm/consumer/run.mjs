/** Uses the installed package as a program would, every entry point of it, and prints what came of it as JSON. */
import { MemoryStore, Workflow, WorkflowError } from "@stepstream/workflow";
import { FollowError, followRun } from "@stepstream/workflow/client";
import { DurableObjectHost, DurableObjectRuns } from "@stepstream/workflow/hosts/durable-object";
import { createRunsHandler } from "@stepstream/workflow/http";
import { Runner } from "@stepstream/workflow/runner";
import { eventStreamResponse } from "@stepstream/workflow/sse";
import { DenoKvStore } from "@stepstream/workflow/stores/deno-kv";
import { DurableObjectStore } from "@stepstream/workflow/stores/durable-object";
import { PostgresStore } from "@stepstream/workflow/stores/postgres";
import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { runStoreCases } from "@stepstream/workflow/testing";
import { createNamespace, createState } from "./objects.mjs";

const trip = new Workflow({ name: "trip" }).add(
  {
    name: "book",
    action: (_ctx, city) => `${city} booked`,
    decision: (_ctx, _result, enqueue) => enqueue.tail("pack"),
  },
  { name: "pack", action: (_ctx, booking) => `${booking}, packed` },
);

/** What a reader of events sees. */
async function read(stream, isEnough = () => false) {
  const types = [];
  for await (const event of stream) {
    types.push(event.type);
    if (isEnough(event)) break;
  }
  return types;
}

const streamed = await read(trip.stream("book", "Rome"));

const store = new MemoryStore();
const left = await read(trip.stream("book", "Oslo", { store, runId: "trip-1" }), ({ type }) => type === "step.result");
const resumed = await read(trip.resume("trip-1", { store }));

const runner = new Runner({ workflows: [trip], store });
const handler = createRunsHandler(runner);
const { runId } = await runner.start("trip", "book", "Bonn");
const fetch = (url, init) => handler(new Request(url, init));
const followed = await read(followRun(`http://localhost/runs/${runId}/events`, { fetch }));
const refused = await followRun("http://localhost/runs/no-such-run/events", { fetch }).next().catch((error) => error);
await runner.close();

class TripRun {
  #host;

  constructor(state) {
    this.#host = new DurableObjectHost(state, { workflows: [trip] });
  }

  fetch(request) {
    return this.#host.fetch(request);
  }

  alarm(info) {
    return this.#host.alarm(info);
  }
}

const hostHandler = createRunsHandler(new DurableObjectRuns(createNamespace(TripRun), { workflows: [trip] }));
const fetchHosted = (url, init) => hostHandler(new Request(url, init));
const order = { workflow: "trip", start: "book", payload: "Lyon", runId: "trip-2" };
const { status } = await fetchHosted("http://localhost/runs", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(order),
});
const hosted = await read(followRun("http://localhost/runs/trip-2/events", { fetch: fetchHosted }));

const sse = await eventStreamResponse(trip.stream("book", "Bern")).text();
for (const { run } of runStoreCases) {
  await run(new MemoryStore());
  await run(await DurableObjectStore.open(createState().storage));
}

// deno-lint-ignore no-console -- printing is what it is for
console.log(JSON.stringify({
  streamed,
  left,
  resumed,
  followed,
  status,
  hosted,
  // Whichever entry point gives it, a class is the same.
  isRefused: refused instanceof FollowError && refused instanceof WorkflowError,
  messages: sse.match(/^id: \d+$/gm),
  stores: [DenoKvStore, PostgresStore, SqliteStore].map(({ name, open }) => `${name} ${typeof open}`),
}));
