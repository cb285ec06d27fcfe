import type { WorkflowEvent } from "@stepstream/workflow";
import { type FollowOptions, followRun } from "@stepstream/workflow/client";
import { LocalServer } from "../tools/local_server.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";
import { PATIENCE_MS, untilAnswered } from "../tools/until.ts";
import { prepareWorker, WorkerdProcess, type WorkerFolder } from "../tools/workerd.ts";

/** What a test knows of an object. */
export interface ObjectLook {
  readonly alarms: number;
  readonly readers: number;
  readonly tables: readonly { readonly count: number }[];
}

const EAGER: FollowOptions = { maxDelayMs: 50, maxFailures: Infinity };

/** A worker with its objects in a workerd that can be killed, and the server that its actions ask. */
export class DurableObjectWorld implements AsyncDisposable {
  /** How often actions have asked for each path. */
  readonly asked = new Map<string, number>();
  readonly #folder: TemporaryFolder;
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();
  readonly #probe: LocalServer;
  #worker: WorkerFolder | null = null;
  #process: WorkerdProcess | null = null;

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
    this.#probe = new LocalServer(async (request) => {
      const { pathname } = new URL(request.url);
      this.asked.set(pathname, (this.asked.get(pathname) ?? 0) + 1);
      if (pathname.startsWith("/gate/")) this.hold(pathname);
      await this.#gates.get(pathname)?.promise;
      return new Response();
    });
  }

  /** Starts it; `null` where there is no workerd. */
  static async start(): Promise<DurableObjectWorld | null> {
    const world = new DurableObjectWorld(await TemporaryFolder.create());
    const objects = { RUNS: "PlainRun", SHORT: "ShortRun", EXTENDED: "ExtendedRun" };
    world.#worker = await prepareWorker(world.#folder, {
      entryPoint: "tests/hosts/durable_object_worker.ts",
      objects,
      probe: world.#probe.origin,
    });
    if (world.#worker !== null) {
      world.#process = await WorkerdProcess.start(world.#worker);
      return world;
    }
    await world[Symbol.asyncDispose]();
    return null;
  }

  get origin(): string {
    return this.#process?.origin ?? "";
  }

  /** Kills workerd. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** Starts it again after it was killed, at the same address. */
  async restart(): Promise<void> {
    if (this.#worker !== null) this.#process = await WorkerdProcess.start(this.#worker, this.#process?.port);
  }

  /** Keeps the actions that ask for a path waiting; those that ask for a gate always are. */
  hold(path: string): void {
    if (!this.#gates.has(path)) this.#gates.set(path, Promise.withResolvers());
  }

  /** Lets the actions go that wait for a path, now and later. */
  open(path: string): void {
    this.hold(path);
    this.#gates.get(path)?.resolve();
  }

  /** Starts a run; `of` names the objects. */
  async post(order: Record<string, unknown>, of = ""): Promise<Response> {
    return await fetch(`${this.origin}/runs?of=${of}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(order),
    });
  }

  /** Starts a run and answers its id. */
  async start(workflow: string, payload: unknown, of = ""): Promise<string> {
    const response = await this.post({ workflow, start: workflow, payload }, of);
    const { runId } = await response.json();
    if (response.status !== 201) throw new Error(`It was not started: ${response.status}`);
    return runId;
  }

  async *follow(runId: string, after = 0, of = ""): AsyncGenerator<WorkflowEvent, void, undefined> {
    const late = new AbortController();
    const options = { ...EAGER, after, signal: late.signal };
    const events = followRun(`${this.origin}/runs/${encodeURIComponent(runId)}/events?of=${of}`, options);
    let last = after;
    const lose = () => late.abort(new Error(`Waited ${PATIENCE_MS} ms for the event after ${last} of a run`));
    let timer = setTimeout(lose, PATIENCE_MS);
    try {
      for await (const event of events) {
        clearTimeout(timer);
        last = event.seq;
        yield event;
        timer = setTimeout(lose, PATIENCE_MS);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** How a run stands, by the answer's status and body. */
  async read(runId: string, of = ""): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
    const response = await fetch(`${this.origin}/runs/${encodeURIComponent(runId)}?of=${of}`);
    return { status: response.status, body: await response.json() };
  }

  /** Cancels a run and answers the status. */
  async cancel(runId: string): Promise<number> {
    const response = await fetch(`${this.origin}/runs/${encodeURIComponent(runId)}`, { method: "DELETE" });
    await response.body?.cancel();
    return response.status;
  }

  /** Waits until actions have asked for a path so often. */
  async untilAsked(path: string, times: number): Promise<void> {
    await untilAnswered(
      `${path} to be asked for ${times} times`,
      () => this.asked.get(path) ?? 0,
      (asked) => asked >= times,
    );
  }

  async look(runId: string, of = ""): Promise<ObjectLook> {
    return await (await fetch(`${this.origin}/look/${encodeURIComponent(runId)}?of=${of}`)).json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.kill();
    for (const { resolve } of this.#gates.values()) resolve();
    await this.#probe[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** What a run has told: whether its numbers have no gap, the tokens of its results in order, and how it ended. */
export function summaryOf(events: readonly WorkflowEvent[]): {
  readonly isDense: boolean;
  readonly results: readonly number[];
  readonly end: string | undefined;
} {
  const last = events.at(-1);
  return {
    isDense: events.every(({ seq }, index) => seq === index + 1),
    results: events.flatMap((event) => event.type === "step.result" ? [event.token] : []),
    end: last?.type === "run.end" ? last.status : undefined,
  };
}

/** 1, 2, 3 … */
export function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
