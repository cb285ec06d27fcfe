import { type DurableObjectSqlStorage, DurableObjectStore } from "@stepstream/workflow/stores/durable-object";
import { runStoreCases } from "@stepstream/workflow/testing";

/** What the worker touches of its bindings. */
interface Env {
  readonly STORE: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
}

/** A Durable Object that tries its store on itself. */
export class StoreObject {
  readonly #storage: DurableObjectSqlStorage;

  constructor({ storage }: { readonly storage: DurableObjectSqlStorage }) {
    this.#storage = storage;
  }

  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    return Response.json(await (TRIALS[pathname] ?? fail)(this.#storage));
  }
}

export default {
  async fetch(request: Request, { STORE }: Env): Promise<Response> {
    try {
      return await STORE.get(STORE.idFromName(new URL(request.url).searchParams.get("object") ?? "")).fetch(request);
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};

type Trial = (storage: DurableObjectSqlStorage) => Promise<unknown>;

const TRIALS: Readonly<Record<string, Trial>> = {
  "/cases": async (storage) => {
    const outcomes: Record<string, string> = {};
    for (const { name, run } of runStoreCases) {
      // A store of its own, on the storage of all.
      const store = await DurableObjectStore.open(storage);
      outcomes[name] = await run(store).then(() => "kept", String);
    }
    return outcomes;
  },
  "/create": async (storage) => {
    const store = await DurableObjectStore.open(storage);
    const event = { seq: 1, text: LONG };
    const isNew = await store.create({ ...RUN, snapshot: LONG, events: [event] });
    const isWritten = await store.commit({ ...COMMIT, revision: 1, record: LONG, events: [{ ...event, seq: 2 }] });
    return [isNew, isWritten];
  },
  "/load": async (storage) => {
    const store = await DurableObjectStore.open(storage);
    const run = await store.load("r");
    const events = await store.events("r", 0, 9);
    const texts = [run?.snapshot, ...run?.records.map(({ text }) => text) ?? [], ...events.map(({ text }) => text)];
    return texts.map((text) => text === LONG);
  },
  "/delete": async (storage) => {
    const store = await DurableObjectStore.open(storage);
    const count = (): unknown => storage.sql.exec("SELECT count(*) AS parts FROM stepstream_parts").toArray();
    const before = count();
    await store.commit({ ...COMMIT, revision: 2, snapshot: "{}", status: "completed", wakeAt: null });
    const between = count();
    await store.delete("r");
    return [before, between, count()];
  },
  "/rollback": async (storage) => {
    const store = await DurableObjectStore.open(storage);
    await store.create({ ...RUN, runId: "torn", snapshot: "{}", events: [] });
    const twice = [{ seq: 1, text: "a" }, { seq: 1, text: "b" }];
    const error = await store.commit({ ...COMMIT, runId: "torn", revision: 1, record: "[]", events: twice }).catch((
      error,
    ) => error);
    const run = await store.load("torn");
    return [error.name, run?.revision, run?.records, await store.events("torn", 0, 9)];
  },
  "/rings": async (storage) => {
    const store = await DurableObjectStore.open(storage);
    const rings: string[] = [];
    const stop = store.onCommit((runId) => rings.push(runId));
    await store.create({ ...RUN, runId: "bell", snapshot: "{}", events: [] });
    await store.create({ ...RUN, runId: "bell", snapshot: "{}", events: [] });
    await store.commit({ ...COMMIT, runId: "bell", revision: 1 });
    await store.commit({ ...COMMIT, runId: "bell", revision: 1 });
    await store.claim({ runId: "bell", isForced: true, limit: 1, until: 9, now: 5 });
    await store.delete("bell");
    stop();
    await store.create({ ...RUN, runId: "bell", snapshot: "{}", events: [] });
    return rings;
  },
  "/newer": async (storage) => {
    await DurableObjectStore.open(storage);
    storage.sql.exec("INSERT INTO stepstream_schema (version) VALUES (2)");
    return await DurableObjectStore.open(storage).then(() => "opened", String);
  },
};

const fail: Trial = () => Promise.reject(new Error("There is no such trial"));

/** Five million bytes, with surrogate pairs where it could be cut. */
const LONG = JSON.stringify(`x${"😀".repeat(1_250_000)}`);

const RUN = { runId: "r", workflow: "w", version: "1", wakeAt: 9, now: 1 } as const;
const COMMIT = {
  runId: "r",
  createdAt: 1,
  version: "1",
  status: "running",
  record: null,
  snapshot: null,
  events: [],
  wakeAt: 9,
  now: 2,
} as const;
