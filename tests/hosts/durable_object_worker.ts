import {
  DurableObjectHost,
  type DurableObjectHostOptions,
  DurableObjectRuns,
  type RunObjectNamespace,
  type RunObjectState,
} from "@stepstream/workflow/hosts/durable-object";
import { createRunsHandler } from "@stepstream/workflow/http";
import { eventStreamResponse } from "@stepstream/workflow/sse";
import { createWorkflows, MAX_STEPS, type Probe } from "./durable_object_workflows.ts";

interface Env extends Record<"RUNS" | "SHORT" | "EXTENDED", RunObjectNamespace> {
  readonly PROBE: Probe;
}

/** A reader who has left is missed after so long. */
const HEARTBEAT_MS = 200;
/** Many alarms to a run. */
const QUICK = { sliceMs: 20, heartbeatMs: HEARTBEAT_MS, runOptions: { maxSteps: MAX_STEPS } } as const;

class RunObject {
  readonly #host: DurableObjectHost;
  readonly #state: RunObjectState;
  #alarms = 0;

  constructor(state: RunObjectState, { PROBE }: Env, options: Partial<DurableObjectHostOptions> = {}) {
    this.#state = state;
    this.#host = new DurableObjectHost(state, { workflows: createWorkflows(PROBE), ...QUICK, ...options });
  }

  fetch(request: Request): Promise<Response> {
    return new URL(request.url).hostname === "look.invalid" ? this.#look() : this.#host.fetch(request);
  }

  async alarm(info?: { readonly scheduledTime?: number }): Promise<void> {
    this.#alarms += 1;
    await this.#host.alarm(info);
  }

  /** What a test wants to know of the object. */
  // deno-lint-ignore require-await
  async #look(): Promise<Response> {
    const tables = this.#state.storage.sql.exec(
      "SELECT count(*) AS count FROM sqlite_schema WHERE name LIKE 'stepstream%'",
    );
    return Response.json({ alarms: this.#alarms, readers: this.#host.readers, tables: tables.toArray() });
  }
}

/** A class of its own, as a Worker without types would write it. */
export class PlainRun extends RunObject {}

/** One whose runs are soon deleted. */
export class ShortRun extends RunObject {
  constructor(state: RunObjectState, env: Env) {
    super(state, env, { keepMs: 300 });
  }
}

// Only workerd has the module, so no bundler may look for it.
const platform: { readonly DurableObject: new (state: RunObjectState, env: Env) => object } = await import(
  ["cloudflare", "workers"].join(":")
);

/** One of the platform's own kind. */
export class ExtendedRun extends platform.DurableObject {
  readonly #run: RunObject;

  constructor(state: RunObjectState, env: Env) {
    super(state, env);
    this.#run = new RunObject(state, env);
  }

  fetch(request: Request): Promise<Response> {
    return this.#run.fetch(request);
  }

  alarm(info?: { readonly scheduledTime?: number }): Promise<void> {
    return this.#run.alarm(info);
  }
}

export default {
  async fetch(request: Request, env: Env, ctx: { waitUntil(done: Promise<unknown>): void }): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const [, first, second = ""] = pathname.split("/");
    const { RUNS, SHORT, EXTENDED } = env;
    const namespace = { short: SHORT, extended: EXTENDED }[searchParams.get("of") ?? ""] ?? RUNS;
    if (first === "look") {
      return await namespace.get(namespace.idFromName(second)).fetch(new Request("http://look.invalid/"));
    }
    const workflows = createWorkflows(env.PROBE);
    if (first === "attached") {
      const gate = workflows.find(({ name }) => name === "gate");
      if (gate === undefined) throw new Error("There is no gate");
      return eventStreamResponse(gate.stream("gate", second), {
        signal: request.signal,
        heartbeatMs: HEARTBEAT_MS,
        waitUntil: (done) => ctx.waitUntil(done),
      });
    }
    const handler = createRunsHandler(new DurableObjectRuns(namespace, { workflows }), {
      heartbeatMs: HEARTBEAT_MS,
      retryMs: 10,
      maxBodyBytes: 8_000_000,
      authorize: () => true,
    });
    return await handler(request);
  },
};
