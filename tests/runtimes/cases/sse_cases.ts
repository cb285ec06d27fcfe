import { type RunStream, Workflow } from "@stepstream/workflow";
import { encodeEvent, eventStreamResponse } from "@stepstream/workflow/sse";
import { laterTurn, readAll } from "../../tools/events.ts";
import { ManualClock } from "../../tools/manual_clock.ts";
import { assertEquals, rejectionOf } from "./assert.ts";
import type { RuntimeCase } from "./runtime_case.ts";

const HELLO = "retry: 2000\n: heartbeat 8000\n\n";
const GREETING = 'h\u00e9llo 👩‍🚀\n\u2028"';

/** A run that waits for its signal, and the signal once the action has begun. */
function waitingStream(): { readonly stream: RunStream; readonly signals: AbortSignal[] } {
  const signals: AbortSignal[] = [];
  const stream: RunStream = new Workflow().add({
    name: "wait",
    action: (_ctx, _payload, _log, { signal }) => {
      signals.push(signal);
      return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  }).stream("wait");
  return { stream, signals };
}

/** Reads until the action has begun. */
async function readUntilBegun(response: Response, signals: readonly AbortSignal[]) {
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error("There is no body");
  while (signals.length === 0) await reader.read();
  return reader;
}

export const sseCases: readonly RuntimeCase[] = [
  {
    name: "eventStreamResponse() sends these very bytes",
    async run() {
      const stream = new Workflow().add({
        name: "greet",
        action: (_ctx, _payload, log) => {
          log.event("hi", GREETING);
          throw new TypeError("boom");
        },
      }).stream("greet", null, { runId: "r", clock: new ManualClock() });

      const response = eventStreamResponse(stream);

      const base = { runId: "r", at: 0 };
      const of = { step: "greet", attempt: 1 };
      const result = { ok: false, value: null, error: { name: "TypeError", message: "boom" } };
      const done = { routed: [], queueLength: 0, durationMs: 0, droppedLogs: 0 };
      const events = [
        { type: "run.start", seq: 1, ...base, workflow: "workflow", version: "1", start: "greet", payload: null },
        { type: "step.start", seq: 2, ...base, token: 1, parent: null, ...of, payload: null },
        { type: "step.log", seq: 3, ...base, token: 1, ...of, name: "hi", data: GREETING },
        { type: "step.result", seq: 4, ...base, token: 1, ...of, payload: null, result, ...done },
        { type: "run.end", seq: 5, ...base, status: "completed", error: null, steps: 1 },
      ];
      const messages = events.map((event) => `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`);
      assertEquals([response.status, Object.fromEntries(response.headers)], [200, {
        "cache-control": "no-cache, no-transform",
        "content-type": "text/event-stream",
        "x-accel-buffering": "no",
        "x-content-type-options": "nosniff",
      }]);
      const bytes = new Uint8Array(await response.arrayBuffer());
      assertEquals([...bytes], [...new TextEncoder().encode(HELLO + messages.join(""))]);
    },
  },
  {
    name: "encodeEvent() makes of every event what eventStreamResponse() sends",
    async run() {
      const options = { runId: "r", clock: new ManualClock() };
      const workflow = new Workflow().add({ name: "greet", action: () => GREETING });
      const { items } = await readAll(workflow.stream("greet", GREETING, options));

      const text = await eventStreamResponse(workflow.stream("greet", GREETING, options)).text();

      assertEquals(text, HELLO + items.map((event) => encodeEvent(event)).join(""));
    },
  },
  {
    name: "eventStreamResponse() sends a comment when there is nothing to say",
    async run() {
      const clock = new ManualClock();
      const { stream, signals } = waitingStream();
      const reader = await readUntilBegun(eventStreamResponse(stream, { clock, heartbeatMs: 9 }), signals);
      // What of the events was not yet read is, and then there is nothing until a comment.
      const decoder = new TextDecoder();
      let text = "";
      while (!text.endsWith(":\n\n")) {
        const chunk = reader.read();
        await laterTurn();
        clock.tick(9);
        text += decoder.decode((await chunk).value, { stream: true });
      }

      await reader.cancel();

      assertEquals([signals[0]?.aborted, clock.pendingMs], [true, []]);
      await rejectionOf(stream.result);
    },
  },
  {
    name: "eventStreamResponse() whose body is cancelled cancels the run at once",
    async run() {
      const { stream, signals } = waitingStream();
      const reader = await readUntilBegun(eventStreamResponse(stream), signals);
      const pending = reader.read();

      const cancelled = reader.cancel();
      await laterTurn();

      assertEquals(signals[0]?.aborted, true);
      await Promise.all([cancelled, pending, rejectionOf(stream.result)]);
    },
  },
  {
    name: "eventStreamResponse() whose signal aborts cancels the run at once",
    async run() {
      const controller = new AbortController();
      const { stream, signals } = waitingStream();
      let isDone = false;
      const response = eventStreamResponse(stream, {
        signal: controller.signal,
        waitUntil: (done) => void done.then(() => isDone = true),
      });
      const reader = await readUntilBegun(response, signals);

      controller.abort();

      assertEquals(signals[0]?.aborted, true);
      await rejectionOf(stream.result);
      while (!isDone) await laterTurn();
      await reader.cancel();
    },
  },
  {
    name: "eventStreamResponse() with onDisconnect detach lets the run go on",
    async run() {
      let release = () => {};
      const gate = new Promise<void>((resolve) => release = resolve);
      const stream: RunStream = new Workflow().add({ name: "work", action: () => gate.then(() => "done") })
        .stream("work");
      const reader = eventStreamResponse(stream, { onDisconnect: "detach" }).body?.getReader();
      await reader?.read();
      await reader?.read();

      await reader?.cancel();
      release();

      assertEquals((await stream.result).context, { "result.work": "done" });
    },
  },
];
