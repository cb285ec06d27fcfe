import { type Any, MemoryStore, Workflow, type WorkflowEvent } from "@stepstream/workflow";
import { FollowError, type FollowOptions, followRun, type FollowState } from "@stepstream/workflow/client";
import { createRunsHandler, type RunsHandlerOptions } from "@stepstream/workflow/http";
import { Runner } from "@stepstream/workflow/runner";
import { assertEquals } from "@std/assert";
import { until } from "../tools/until.ts";
import { ChunkReader } from "../sse/chunk_reader.ts";
import { laterTurn } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";
import { Nginx, type NginxOptions } from "../tools/nginx.ts";
import { parseEvents, parseEventStream } from "../tools/parse_event_stream.ts";
import { parseLines, seqsOf } from "./sample_run.ts";

/** How many notes a run of {@linkcode ProxiedRuns} tells. */
const NOTES = 3;
/** The events of such a run: its start, its step's, the notes, the result, the end. */
const SEQS = Array.from({ length: NOTES + 4 }, (_, i) => i + 1);
/** Tries again soon, and for as long as a test takes to end an outage. */
const EAGER: FollowOptions = { maxDelayMs: 10, maxFailures: Infinity };

/**
 * Runs served behind nginx. Their one step waits for {@linkcode ProxiedRuns.goOn} before each note and after the last.
 */
class ProxiedRuns implements AsyncDisposable {
  readonly nginx: Nginx;
  readonly #gates: Gates;
  readonly #runner: Runner;
  readonly #handler: (request: Request) => Promise<Response>;
  #server: CutServer;

  private constructor(nginx: Nginx, gates: Gates, runner: Runner, server: CutServer) {
    this.nginx = nginx;
    this.#gates = gates;
    this.#runner = runner;
    this.#server = server;
    this.#handler = server.handler;
  }

  /** `null` where there is no nginx, and none is required. */
  static async serve(options: NginxOptions & RunsHandlerOptions = {}): Promise<ProxiedRuns | null> {
    const gates = new Gates();
    const workflow = new Workflow({ name: "talk" }).add({
      name: "talk",
      action: async (_ctx, _payload, log, { signal }) => {
        signal.addEventListener("abort", () => gates.openAll());
        for (let note = 1; note <= NOTES; note += 1) {
          await gates.wait("talk");
          signal.throwIfAborted();
          log.event(`note ${note}`);
        }
        await gates.wait("talk");
      },
    });
    const runner = new Runner({ workflows: [workflow], store: new MemoryStore() });
    const server = new CutServer(createRunsHandler(runner, options));
    const nginx = await Nginx.start(server.origin, options);
    if (nginx !== null) return new ProxiedRuns(nginx, gates, runner, server);
    await server[Symbol.asyncDispose]();
    return null;
  }

  /** Starts a run; answers where its events are. */
  async start(): Promise<string> {
    const response = await this.post("application/json");
    const { events } = await response.json();
    return new URL(events, response.url).href;
  }

  post(accept: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`${this.nginx.url}/runs`, {
      method: "POST",
      headers: { accept, "content-type": "application/json", ...headers },
      body: JSON.stringify({ start: "talk" }),
    });
  }

  /** Lets the run go on by a note, or to its end after the last. */
  async goOn(): Promise<void> {
    await until(() => this.#gates.waiting.length > 0);
    this.#gates.open("talk");
  }

  /** Lets the run go on to its end. */
  async finish(notesTold: number): Promise<void> {
    for (let note = notesTold; note <= NOTES; note += 1) await this.goOn();
  }

  /** Ends the server behind nginx, with all that is open. */
  async stopServer(): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  /** Starts the server again at the same address. */
  startServerAgain(): void {
    this.#server = new CutServer(this.#handler, Number(new URL(this.#server.origin).port));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nginx[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
    await this.#runner.close({ timeoutMs: 0 });
  }
}

/** A server that can be started again at its port. */
class CutServer implements AsyncDisposable {
  readonly origin: string;
  readonly handler: (request: Request) => Promise<Response>;
  readonly #controller = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(handler: (request: Request) => Promise<Response>, port = 0) {
    const { signal } = this.#controller;
    this.handler = handler;
    this.#server = Deno.serve({ hostname: "127.0.0.1", port, signal, onListen: () => {} }, handler);
    this.origin = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await this.#server.finished;
  }
}

/** Somebody who reads a run with {@linkcode followRun}, and what has come of it so far. */
class Follower {
  readonly events: WorkflowEvent<Any, Any>[] = [];
  readonly states: FollowState[] = [];
  /** The statuses of the failures, `null` for a connection that was lost. */
  readonly failures: (number | null)[] = [];
  /** Settles when the reader is through. */
  readonly done: Promise<void>;
  #isOver = false;

  constructor(url: string, options: FollowOptions = {}) {
    const onState = (state: FollowState, error?: unknown): void => {
      this.states.push(state);
      if (state === "reconnecting") this.failures.push(error instanceof FollowError ? error.status : null);
    };
    this.done = this.#read(url, { ...options, onState }).finally(() => this.#isOver = true);
    // Whoever waits for something else learns of it, too.
    this.done.catch(() => {});
  }

  /** Waits until it has the event of this number. */
  async reaches(seq: number): Promise<void> {
    await this.#until(() => this.events.length >= seq);
  }

  /** Waits until it has failed so many times more. */
  async fails(times: number): Promise<void> {
    const enough = this.failures.length + times;
    await this.#until(() => this.failures.length >= enough);
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#isOver) await this.done.then(() => Promise.reject(new Error("The reader is through")));
      await laterTurn();
    }
  }

  async #read(url: string, options: FollowOptions): Promise<void> {
    for await (const event of followRun(url, options)) this.events.push(event);
  }
}

const FORMATS = [
  { accept: "text/event-stream", parse: parseEvents },
  { accept: "application/x-ndjson", parse: parseLines },
];

for (const { accept, parse } of FORMATS) {
  for (const isCompressing of [false, true]) {
    for (const isBuffering of [true, false]) {
      const name = `gzip ${isCompressing ? "on" : "off"} and proxy_buffering ${isBuffering ? "on" : "off"}`;
      Deno.test(`createRunsHandler() behind nginx with ${name} gives each event of ${accept} as it happens`, async () => {
        await using runs = await ProxiedRuns.serve({ isCompressing, isBuffering, httpVersion: "1.1" });
        if (runs === null) return;
        const response = await fetch(await runs.start(), { headers: { accept } });
        const chunks = new ChunkReader(response);

        const texts = [await chunks.readUntil("step.start")];
        for (let note = 1; note <= NOTES; note += 1) {
          await runs.goOn();
          texts.push(await chunks.readUntil(`note ${note}`));
        }
        await runs.goOn();
        texts.push((await chunks.readAll()).join(""));

        assertEquals(texts.map((text) => seqsOf(parse(text))), [[1, 2], [3], [4], [5], [6, 7]]);
        assertEquals(response.headers.get("content-encoding"), isCompressing ? "gzip" : null);
      });
    }
  }
}

for (const httpVersion of ["1.0", "1.1"] as const) {
  Deno.test(`followRun() behind nginx that speaks HTTP/${httpVersion} gives each event as it happens`, async () => {
    await using runs = await ProxiedRuns.serve({ isCompressing: true, httpVersion });
    if (runs === null) return;
    const follower = new Follower(await runs.start());

    await follower.reaches(2);
    for (let note = 1; note <= NOTES; note += 1) {
      await runs.goOn();
      await follower.reaches(2 + note);
    }
    await runs.goOn();
    await follower.done;

    assertEquals([seqsOf(follower.events), follower.states], [SEQS, ["connecting", "open", "done"]]);
  });
}

Deno.test("createRunsHandler() keeps a stream by heartbeats that nginx would cut for its silence", async () => {
  const [heartbeatMs, readTimeoutMs] = [50, 600];
  await using runs = await ProxiedRuns.serve({ heartbeatMs, readTimeoutMs, isCompressing: true });
  if (runs === null) return;
  const url = await runs.start();
  const follower = new Follower(url);
  const chunks = new ChunkReader(await fetch(url));

  let text = "";
  // As many as there are at most in twice that time.
  while (parseEventStream(text).comments.length <= 2 * readTimeoutMs / heartbeatMs) text += await chunks.read();
  await runs.finish(0);
  text += (await chunks.readAll()).join("");
  await follower.done;

  assertEquals([seqsOf(parseEvents(text)), seqsOf(follower.events)], [SEQS, SEQS]);
  assertEquals(follower.states, ["connecting", "open", "done"]);
});

for (const httpVersion of ["1.0", "1.1"] as const) {
  Deno.test(`followRun() goes on where nginx cuts a silent stream, over HTTP/${httpVersion}`, async () => {
    await using runs = await ProxiedRuns.serve({ readTimeoutMs: 50, httpVersion });
    if (runs === null) return;
    const follower = new Follower(await runs.start(), EAGER);

    await follower.reaches(2);
    for (let note = 1; note <= NOTES; note += 1) {
      await follower.fails(2);
      await runs.goOn();
      await follower.reaches(2 + note);
    }
    await follower.fails(1);
    await runs.goOn();
    await follower.done;

    assertEquals(seqsOf(follower.events), SEQS);
  });
}

for (const isBuffering of [true, false]) {
  const name = `proxy_buffering ${isBuffering ? "on" : "off"}`;
  Deno.test(`createRunsHandler() behind nginx with ${name} gives away the place of a client who left`, async () => {
    await using runs = await ProxiedRuns.serve({ maxReadersPerRun: 1, isBuffering });
    if (runs === null) return;
    const url = await runs.start();
    const controller = new AbortController();
    const chunks = new ChunkReader(await fetch(url, { signal: controller.signal }));
    await chunks.readUntil("step.start");

    const refused = await fetch(url);
    await refused.body?.cancel();
    controller.abort();
    await chunks.readAll().catch(() => {});
    let response = await fetch(url);
    while (response.status === 429) {
      await response.body?.cancel();
      response = await fetch(url);
    }
    await runs.finish(0);

    assertEquals([refused.status, response.status, seqsOf(parseEvents(await response.text()))], [429, 200, SEQS]);
  });
}

Deno.test("createRunsHandler() behind nginx starts a run for a page of the proxy's origin, and streams it at once", async () => {
  await using runs = await ProxiedRuns.serve({ isCompressing: true });
  if (runs === null) return;

  const response = await runs.post("text/event-stream", { origin: new URL(runs.nginx.url).origin });
  const chunks = new ChunkReader(response);
  const texts = [await chunks.readUntil("step.start")];
  await runs.goOn();
  texts.push(await chunks.readUntil("note 1"));
  const events = new URL(response.headers.get("content-location") ?? "", response.url);
  const again = new ChunkReader(await fetch(events, { headers: { "last-event-id": "2" } }));
  texts.push(await again.readUntil("note 1"));
  await Promise.all([chunks.cancel(), again.cancel()]);

  assertEquals([response.status, texts.map((text) => seqsOf(parseEvents(text)))], [201, [[1, 2], [3], [3]]]);
});

Deno.test("createRunsHandler() behind nginx cancels a run, whose readers see it end", async () => {
  await using runs = await ProxiedRuns.serve({ isCompressing: true });
  if (runs === null) return;
  const url = await runs.start();
  const follower = new Follower(url);
  await follower.reaches(2);

  const run = url.replace(/\/events$/, "");
  const responses = [await fetch(run, { method: "DELETE" })];
  await follower.done;
  responses.push(await fetch(run, { method: "DELETE" }));
  responses.push(await fetch(`${url}?after=${follower.events.length}`));
  await Promise.all(responses.map((response) => response.body?.cancel()));

  const end = follower.events.at(-1);
  assertEquals(responses.map(({ status }) => status), [202, 204, 204]);
  assertEquals([end?.type === "run.end" && end.status, follower.failures], ["cancelled", []]);
});

Deno.test("followRun() goes on when nginx is gone for a time", async () => {
  await using runs = await ProxiedRuns.serve();
  if (runs === null) return;
  const follower = new Follower(await runs.start(), EAGER);
  await follower.reaches(2);

  await runs.nginx.stop();
  await follower.fails(3);
  await runs.goOn();
  await runs.nginx.startAgain();
  await follower.reaches(3);
  await runs.finish(1);
  await follower.done;

  assertEquals([seqsOf(follower.events), follower.failures.every((status) => status === null)], [SEQS, true]);
});

for (const httpVersion of ["1.0", "1.1"] as const) {
  Deno.test(`followRun() goes on when the server behind nginx is gone for a time, over HTTP/${httpVersion}`, async () => {
    await using runs = await ProxiedRuns.serve({ isCompressing: true, httpVersion });
    if (runs === null) return;
    const follower = new Follower(await runs.start(), EAGER);
    await follower.reaches(2);

    for (let note = 1; note <= NOTES; note += 1) {
      await runs.stopServer();
      await follower.fails(3);
      await runs.goOn();
      runs.startServerAgain();
      await follower.reaches(2 + note);
    }
    await runs.goOn();
    await follower.done;

    assertEquals([seqsOf(follower.events), follower.failures.includes(502)], [SEQS, true]);
  });
}
