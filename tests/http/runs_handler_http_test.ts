import { createRunsHandler } from "@stepstream/workflow/http";
import { assertEquals } from "@std/assert";
import { ChunkReader } from "../sse/chunk_reader.ts";
import { endEvent, logEvent } from "../sse/sample_events.ts";
import { laterTurn } from "../tools/events.ts";
import { LocalServer } from "../tools/local_server.ts";
import { parseEvents } from "../tools/parse_event_stream.ts";
import { FakeRuns } from "./fake_runs.ts";
import { notes, parseLines, seqsOf } from "./sample_run.ts";
import { greetings } from "./sample_workflows.ts";

const ID = "run-1";

for (const accept of ["text/event-stream", "application/x-ndjson"]) {
  Deno.test(`createRunsHandler() over HTTP streams ${accept} as it happens, and goes on where a client left`, async () => {
    await using runs = new FakeRuns();
    runs.put(ID, notes(1, false));
    await using server = new LocalServer(createRunsHandler(runs));
    const url = `${server.origin}/runs/${ID}/events`;
    const parse = accept === "text/event-stream" ? parseEvents : parseLines;
    const controller = new AbortController();

    const chunks = new ChunkReader(await fetch(url, { headers: { accept }, signal: controller.signal }));
    const first = await chunks.readUntil("note 1");
    runs.push(ID, logEvent(2, "note 2"));
    const second = await chunks.readUntil("note 2");
    controller.abort();
    await chunks.readAll().catch(() => {});
    while (runs.readers > 0) await laterTurn();
    runs.push(ID, logEvent(3, "note 3"));
    runs.push(ID, endEvent(4));
    const rest = await (await fetch(url, { headers: { accept, "last-event-id": "2" } })).text();

    assertEquals([first, second, rest].map((text) => seqsOf(parse(text))), [[1], [2], [3, 4]]);
  });
}

for (const path of [`/runs/${ID}`, `/runs/${ID}/events?after=2`, `/runs/${ID}/events`, "/runs/missing", "/runs"]) {
  Deno.test(`HEAD ${path} over HTTP tells the length that GET has, if any`, async () => {
    await using runs = new FakeRuns();
    runs.put(ID, notes(1));
    await using server = new LocalServer(createRunsHandler(runs));

    const head = await fetch(`${server.origin}${path}`, { method: "HEAD" });
    const get = await fetch(`${server.origin}${path}`);

    assertEquals([head.status, await head.text(), lengthOf(head)], [get.status, "", lengthOf(get)]);
    await get.body?.cancel();
  });
}

function lengthOf({ headers }: Response): string | null {
  return headers.get("content-length");
}

Deno.test("createRunsHandler() over HTTP answers a chunked body of 100 MB before it has come", async () => {
  await using runs = new FakeRuns(greetings());
  await using server = new LocalServer(createRunsHandler(runs));
  const { hostname, port } = new URL(server.origin);
  const encoder = new TextEncoder();
  const socket = await Deno.connect({ hostname, port: Number(port) });
  const head = `POST /runs HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\n` +
    `transfer-encoding: chunked\r\n\r\n`;
  await socket.write(encoder.encode(head));

  const chunk = encoder.encode(`10000\r\n${" ".repeat(0x10000)}\r\n`);
  const answered = Promise.withResolvers<string>();
  const reading = (async () => {
    const buffer = new Uint8Array(1_024);
    const length = await socket.read(buffer).catch(() => null);
    answered.resolve(new TextDecoder().decode(buffer.subarray(0, length ?? 0)));
  })();
  let isAnswered = false;
  answered.promise.then(() => isAnswered = true);
  let sent = 0;
  while (!isAnswered && sent < 100 * 1024 * 1024) {
    let written = 0;
    // The server may have closed by then, which is as good.
    while (written < chunk.length) written += await socket.write(chunk.subarray(written)).catch(() => chunk.length);
    sent += chunk.length;
    await laterTurn();
  }
  const answer = await answered.promise;
  await reading;
  socket.close();

  assertEquals([answer.slice(0, 12), sent < 50 * 1024 * 1024, runs.runIds], ["HTTP/1.1 413", true, []]);
});

Deno.test("createRunsHandler() over HTTP gives HEAD the head and no body", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(1, false));
  await using server = new LocalServer(createRunsHandler(runs));

  const responses = [
    await fetch(`${server.origin}/runs/${ID}`, { method: "HEAD" }),
    await fetch(`${server.origin}/runs/${ID}/events`, { method: "HEAD" }),
  ];
  const texts = await Promise.all(responses.map((response) => response.text()));

  assertEquals(responses.map(({ status, headers }) => [status, headers.get("content-type")]), [
    [200, "application/json"],
    [200, "text/event-stream"],
  ]);
  assertEquals(texts, ["", ""]);
});

Deno.test("createRunsHandler() over HTTP tells an EventSource of a gap, then sends it the rest and sends it away", async () => {
  await using runs = new FakeRuns();
  runs.put(ID, notes(5));
  runs.forget(ID, 4);
  await using server = new LocalServer(createRunsHandler(runs, { retryMs: 1 }));
  const source = new EventSource(`${server.origin}/runs/${ID}/events?after=1`);
  const heard: string[] = [];
  const closed = Promise.withResolvers<void>();
  source.addEventListener("reset", ({ data }) => heard.push(`reset ${data}`));
  source.onmessage = ({ lastEventId }) => heard.push(lastEventId);
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) closed.resolve();
  };

  await closed.promise;

  assertEquals(heard, ['reset {"after":1,"first":4}', "4", "5", "6"]);
});
