import { MemoryStore, Workflow } from "@stepstream/workflow";
import { createRunsHandler, type RunsHandlerOptions } from "@stepstream/workflow/http";
import { Runner } from "@stepstream/workflow/runner";
import { laterTurn } from "../../tools/events.ts";
import { Gates } from "../../tools/gates.ts";
import { assertEquals } from "./assert.ts";
import type { RuntimeCase } from "./runtime_case.ts";

const RUN_ID = "run-0123456789-0123456789";
/** An id that the handler takes, but no run has. */
const NO_ID = "run-9876543210-9876543210";

/** A handler called as a function, whose runs wait at the gate of their payload. */
class Served {
  readonly gates = new Gates();
  readonly runner: Runner;
  readonly #handler: (request: Request) => Promise<Response>;

  constructor(options: RunsHandlerOptions = {}) {
    const { gates } = this;
    const workflow = new Workflow({ name: "work" }).add(
      {
        name: "wait",
        action: async (_ctx, payload, log, { signal }) => {
          log.event("waiting");
          await gates.wait(payload, signal);
          return payload;
        },
      },
      { name: "hidden", action: () => null },
    );
    this.runner = new Runner({ workflows: [workflow], store: new MemoryStore() });
    this.#handler = createRunsHandler(this.runner, { starts: { work: ["wait"] }, ...options });
  }

  ask(method: string, path: string, headers: Record<string, string> = {}, body?: unknown): Promise<Response> {
    const init = body === undefined
      ? { method, headers }
      : { method, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
    return this.#handler(new Request(`https://runs.test${path}`, init));
  }

  /** Starts a run, and waits until it is at its gate. */
  async start(gate: string): Promise<void> {
    const response = await this.ask("POST", "/runs", {}, { start: "wait", payload: gate, runId: RUN_ID });
    await response.text();
    while (!this.gates.waiting.includes(gate)) await laterTurn();
  }
}

function idsOf(text: string): number[] {
  return Array.from(text.matchAll(/^id: (\d+)$/gm), ([, id]) => Number(id));
}

export const httpCases: readonly RuntimeCase[] = [
  {
    name: "createRunsHandler() starts a run, tells of it, streams it live and has done",
    async run() {
      const served = new Served();
      const started = await served.ask("POST", "/runs", {}, { start: "wait", payload: "gate", runId: RUN_ID });
      const again = await served.ask("POST", "/runs", {}, { start: "wait", payload: "gate", runId: RUN_ID });
      const reader = (await served.ask("GET", `/runs/${RUN_ID}/events`)).body?.getReader();
      const decoder = new TextDecoder();
      let text = "";
      while (!text.includes("step.log")) text += decoder.decode((await reader?.read())?.value, { stream: true });
      const atWork = await (await served.ask("GET", `/runs/${RUN_ID}`)).json();

      served.gates.open("gate");
      while (!text.includes("run.end")) text += decoder.decode((await reader?.read())?.value, { stream: true });
      await reader?.cancel();

      assertEquals([started.status, started.headers.get("location"), await started.json()], [
        201,
        `runs/${RUN_ID}`,
        { runId: RUN_ID, events: `runs/${RUN_ID}/events` },
      ]);
      assertEquals([again.status, atWork.status, idsOf(text)], [200, "running", [1, 2, 3, 4, 5]]);
      const after = await served.ask("GET", `/runs/${RUN_ID}/events?after=5`);
      const ended = await (await served.ask("GET", `/runs/${RUN_ID}`)).json();
      assertEquals([after.status, ended.status], [204, "completed"]);
      await served.runner.close();
    },
  },
  {
    name: "createRunsHandler() gives a client that comes back what it has missed, as SSE and as NDJSON",
    async run() {
      const served = new Served();
      await served.start("gate");
      served.gates.open("gate");
      const whole = await (await served.ask("GET", `/runs/${RUN_ID}/events`)).text();

      const rest = await (await served.ask("GET", `/runs/${RUN_ID}/events`, { "last-event-id": "2" })).text();
      const lines =
        await (await served.ask("GET", `/runs/${RUN_ID}/events?after=3`, { accept: "application/x-ndjson" }))
          .text();

      assertEquals([idsOf(whole), idsOf(rest)], [[1, 2, 3, 4, 5], [3, 4, 5]]);
      const events = lines.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
      assertEquals(events.map(({ seq, type }) => [seq, type]), [[4, "step.result"], [5, "run.end"]]);
      await served.runner.close();
    },
  },
  {
    name: "createRunsHandler() starts and streams in one request, and a client that leaves stops nothing",
    async run() {
      const served = new Served();
      const response = await served.ask("POST", "/runs", { accept: "text/event-stream" }, {
        start: "wait",
        payload: "gate",
        runId: RUN_ID,
      });
      const reader = response.body?.getReader();
      await reader?.read();
      await reader?.cancel();
      while (served.gates.waiting.length === 0) await laterTurn();

      served.gates.open("gate");

      const rest = await (await served.ask("GET", `/runs/${RUN_ID}/events`)).text();
      assertEquals([response.headers.get("content-type"), idsOf(rest)], ["text/event-stream", [1, 2, 3, 4, 5]]);
      assertEquals(served.gates.aborted, []);
      await served.runner.close();
    },
  },
  {
    name: "createRunsHandler() cancels a run that is to be deleted",
    async run() {
      const served = new Served();
      await served.start("gate");

      const asked = served.ask("DELETE", `/runs/${RUN_ID}`);
      while (served.gates.aborted.length === 0) await laterTurn();
      served.gates.openAll();

      const again = async () => (await served.ask("DELETE", `/runs/${RUN_ID}`)).status;
      assertEquals([(await asked).status, await again()], [202, 204]);
      await served.runner.close();
    },
  },
  {
    name: "createRunsHandler() refuses with problem details",
    async run() {
      const served = new Served({ authorize: (request) => request.headers.get("authorization") !== "none" });
      const asked: readonly (readonly [number, Promise<Response>])[] = [
        [404, served.ask("GET", `/runs/${NO_ID}`)],
        [404, served.ask("GET", `/runs/${NO_ID}/events`)],
        [404, served.ask("GET", "/elsewhere")],
        [405, served.ask("PUT", "/runs", {}, {})],
        [415, served.ask("POST", "/runs", { "content-type": "text/plain" }, {})],
        [422, served.ask("POST", "/runs", {}, { start: "hidden" })],
        [403, served.ask("POST", "/runs", { authorization: "none" }, { start: "wait" })],
        [400, served.ask("GET", `/runs/${NO_ID}/events?after=-1`)],
      ];

      const answers = await Promise.all(asked.map(async ([, answer]) => {
        const response = await answer;
        return [response.status, response.headers.get("content-type"), (await response.json()).status];
      }));

      assertEquals(answers, asked.map(([status]) => [status, "application/problem+json", status]));
      await served.runner.close();
    },
  },
];
