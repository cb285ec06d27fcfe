/** Uses the types of the installed package, those of every entry point. */
import { MemoryStore, type Result, type RunStore, Workflow } from "@stepstream/workflow";
import { type FollowedRun, followRun } from "@stepstream/workflow/client";
import {
  DurableObjectHost,
  DurableObjectRuns,
  type RunObjectNamespace,
  type RunObjectState,
} from "@stepstream/workflow/hosts/durable-object";
import { createRunsHandler } from "@stepstream/workflow/http";
import { Runner } from "@stepstream/workflow/runner";
import { eventStreamResponse } from "@stepstream/workflow/sse";
import { type DenoKvDatabase, DenoKvStore } from "@stepstream/workflow/stores/deno-kv";
import { type DurableObjectSqlStorage, DurableObjectStore } from "@stepstream/workflow/stores/durable-object";
import { PostgresStore } from "@stepstream/workflow/stores/postgres";
import { type SqliteDatabase, SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { type RunStoreCase, runStoreCases } from "@stepstream/workflow/testing";

/** The payloads of the steps. */
export interface Steps {
  load: { readonly batch: string };
  price: string;
  sum: Result<number>[];
}

/** A workflow whose types are all inferred. */
export const shop = new Workflow<Steps>({ name: "shop" }).add(
  {
    name: "load",
    action: (_ctx, { batch }) => [batch],
    decision: (_ctx, result, enqueue) => enqueue.all("price", result.value ?? [], { then: "sum" }),
  },
  { name: "price", action: (_ctx, name) => name.length },
  { name: "sum", action: (_ctx, prices) => prices.reduce((sum, { value }) => sum + (value ?? 0), 0) },
);

/** The sum, by way of the events and by way of the context. */
export async function sum(): Promise<readonly number[]> {
  const sums: number[] = [];
  for await (const event of shop.stream("load", { batch: "B-1" })) {
    if (event.type === "step.result" && event.step === "sum" && event.result.ok) sums.push(event.result.value);
  }
  const { context } = await shop.run("load", { batch: "B-1" }, { store: new MemoryStore() });
  return [...sums, context["result.sum"] ?? 0];
}

/** What must not compile: were the types lost, none of these would be an error. */
export function refuse(): void {
  // @ts-expect-error -- a payload of the wrong type
  shop.stream("load", { batch: 1 });
  // @ts-expect-error -- a payload that is missing
  shop.stream("load");
  // @ts-expect-error -- no step of the workflow
  shop.stream("lod", { batch: "B-1" });
  // @ts-expect-error -- not a header
  followRun("https://example.com/", { headers: 1 });
}

/** Steps make a workflow no less of a workflow, whatever it is typed with. */
export function give(): readonly Workflow[] {
  let growing = new Workflow<Steps>();
  growing = growing.add({ name: "price", action: (_ctx, name) => name.length });
  const take = (workflow: Workflow) => workflow;
  return [
    take(new Workflow().add({ name: "a", action: () => 1 })),
    new Workflow().add({ name: "a", action: () => 1 }),
    growing,
    shop,
  ];
}

/** Runs over HTTP, and one that is followed. */
export function serve(store: RunStore): readonly [(request: Request) => Response | Promise<Response>, FollowedRun] {
  const handler = createRunsHandler(new Runner({ workflows: [shop], store }));
  return [handler, followRun("https://example.com/runs/r-1/events", { headers: { authorization: "Bearer secret" } })];
}

/** An object that runs a workflow. */
export class ShopRun {
  readonly #host: DurableObjectHost;

  constructor(ctx: RunObjectState) {
    this.#host = new DurableObjectHost(ctx, { workflows: [shop], keepMs: 1_000 });
  }

  /** Answers the Worker. */
  fetch(request: Request): Promise<Response> {
    return this.#host.fetch(request);
  }
}

/** Runs in such objects over HTTP. */
export function serveObjects(namespace: RunObjectNamespace): (request: Request) => Response | Promise<Response> {
  return createRunsHandler(new DurableObjectRuns(namespace, { workflows: [shop] }));
}

/** The stores on their handles, each of which is typed by what is touched. */
export function open(
  kv: DenoKvDatabase,
  storage: DurableObjectSqlStorage,
  database: SqliteDatabase,
): readonly Promise<RunStore>[] {
  return [
    DenoKvStore.open(kv),
    DurableObjectStore.open(storage),
    SqliteStore.open(database),
    PostgresStore.open({ query: () => Promise.resolve({ rows: [] }) }),
  ];
}

/** The rest. */
export const rest: readonly [Response, readonly RunStoreCase[]] = [
  eventStreamResponse(shop.stream("load", { batch: "B-1" })),
  runStoreCases,
];
