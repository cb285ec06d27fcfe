import { createRunsHandler } from "@stepstream/workflow/http";
import { assertEquals } from "@std/assert";
import { endEvent, logEvent } from "../sse/sample_events.ts";
import { parseEventStream, type StreamMessage } from "../tools/parse_event_stream.ts";
import { type Handler, requestOf } from "./ask.ts";
import { FakeRuns } from "./fake_runs.ts";

const ID = "run-1";
const COUNT = 6;
const TEXTS = ["plain", "a\nb\r\n\r\nc", "héllo 👩‍🚀", "data: forged\n\n", "", "x".repeat(40)];

/** What a client gets that comes back with the id of its last whole message whenever it is cut. */
interface Reading {
  readonly messages: readonly StreamMessage[];
  /** How many connections it took. */
  readonly connections: number;
}

/** Reads a run to its end; the first connection is cut after so many bytes. */
async function readCut(handler: Handler, cutAfter: number, onCut: () => void): Promise<Reading> {
  const messages: StreamMessage[] = [];
  for (let connections = 1;; connections += 1) {
    const lastId = messages.at(-1)?.id;
    const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
    const response = await handler(requestOf("GET", `/runs/${ID}/events`, { headers }));
    if (response.status === 204) return { messages, connections };
    const bytes = await readBytes(response, connections === 1 ? cutAfter : Infinity);
    // A client makes a message of what an empty line ends, and of nothing else.
    messages.push(...parseEventStream(new TextDecoder().decode(bytes)).messages);
    if (connections === 1) onCut();
  }
}

async function readBytes(response: Response, limit: number): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const bytes: number[] = [];
  while (reader !== undefined && bytes.length < limit) {
    const { value, done } = await reader.read();
    if (done) return new Uint8Array(bytes);
    bytes.push(...value);
  }
  await reader?.cancel();
  return new Uint8Array(bytes.slice(0, limit));
}

function eventAt(seq: number): ReturnType<typeof logEvent> | ReturnType<typeof endEvent> {
  return seq > COUNT ? endEvent(seq) : logEvent(seq, TEXTS[seq - 1]);
}

async function uncut(): Promise<{ readonly bytes: number; readonly messages: readonly StreamMessage[] }> {
  await using runs = new FakeRuns();
  runs.put(ID, []);
  for (let seq = 1; seq <= COUNT + 1; seq += 1) runs.push(ID, eventAt(seq));
  const text = await (await createRunsHandler(runs)(requestOf("GET", `/runs/${ID}/events`))).text();
  return { bytes: new TextEncoder().encode(text).length, messages: parseEventStream(text).messages };
}

Deno.test("GET /runs/:id/events gives a client that is cut after any byte every event once", async () => {
  const whole = await uncut();

  for (let cutAfter = 0; cutAfter <= whole.bytes; cutAfter += 1) {
    await using runs = new FakeRuns();
    runs.put(ID, []);
    for (let seq = 1; seq <= COUNT + 1; seq += 1) runs.push(ID, eventAt(seq));

    const { messages } = await readCut(createRunsHandler(runs), cutAfter, () => {});

    assertEquals([cutAfter, messages, runs.readers], [cutAfter, whole.messages, 0]);
  }
});

Deno.test("GET /runs/:id/events does so while the run goes on, before the cut and after it", async () => {
  const whole = await uncut();

  for (let cutAfter = 0; cutAfter <= whole.bytes; cutAfter += 7) {
    await using runs = new FakeRuns();
    runs.put(ID, []);
    let seq = 0;
    const push = () => seq <= COUNT && runs.push(ID, eventAt(seq += 1));
    const handler = createRunsHandler(runs);
    // An event comes with every look at the run and with every one that is read, and the rest when the client is cut.
    const follow = runs.follow.bind(runs);
    runs.follow = (...args) => {
      const reader = follow(...args);
      const next = reader.next.bind(reader);
      reader.next = () => {
        const pulled = next();
        push();
        return pulled;
      };
      return reader;
    };
    push();

    const { messages } = await readCut(handler, cutAfter, () => {
      push();
      push();
    });

    assertEquals([cutAfter, messages, runs.readers], [cutAfter, whole.messages, 0]);
  }
});
