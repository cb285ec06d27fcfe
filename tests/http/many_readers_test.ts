import { MemoryStore, Workflow } from "@stepstream/workflow";
import { followRun } from "@stepstream/workflow/client";
import { createRunsHandler } from "@stepstream/workflow/http";
import { Runner } from "@stepstream/workflow/runner";
import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { assertEquals, assertLess } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { until } from "../tools/until.ts";
import { ChunkReader } from "../sse/chunk_reader.ts";
import { Gates } from "../tools/gates.ts";
import { heapInUse } from "../tools/heap.ts";
import { LocalServer } from "../tools/local_server.ts";
import { parseEvents } from "../tools/parse_event_stream.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";
import { seqsOf } from "./sample_run.ts";

const READERS = 1_000;
const RUNS = 1_000;

/** The numbers from 1 to `last`. */
function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}

/**
 * A workflow that tells so many notes of such a length, once the gate `talk` is opened, as fast as they can be stored.
 */
function talking(gates: Gates, notes: number, length: number): Workflow {
  const text = "x".repeat(length);
  return new Workflow({ name: "talk" }).add({
    name: "talk",
    action: async function* () {
      await gates.wait("talk");
      for (let note = 0; note < notes; note += 1) yield text;
    },
  });
}

Deno.test(`createRunsHandler() gives ${READERS} readers of a run every event once, though one of them stalls`, async () => {
  const notes = 50;
  const gates = new Gates();
  await using runner = new Runner({ workflows: [talking(gates, notes, 10)], store: new MemoryStore() });
  await using server = new LocalServer(createRunsHandler(runner, { maxReadersPerRun: READERS }));
  const { runId } = await runner.start("talk", "talk");
  const url = `${server.origin}/runs/${runId}/events`;
  let waiting = 0;
  const read = async (): Promise<string> => {
    const seqs: number[] = [];
    for await (const { seq, type } of followRun(url)) {
      if (type === "step.start") waiting += 1;
      seqs.push(seq);
    }
    return seqs.join();
  };

  const stalled = await fetch(url);
  const reading = Promise.all(Array.from({ length: READERS - 1 }, read));
  await until(() => waiting === READERS - 1);
  const refused = await fetch(url);
  await refused.body?.cancel();
  gates.open("talk");
  const lists = await reading;
  lists.push(seqsOf(parseEvents(await stalled.text())).join());

  assertEquals([refused.status, lists.length, new Set(lists)], [429, READERS, new Set([upTo(notes + 4).join()])]);
});

Deno.test("createRunsHandler() keeps little for a reader who stalls while a run tells 32 MB", async () => {
  const [notes, length] = [512, 64 * 1024];
  const gates = new Gates();
  await using folder = await TemporaryFolder.create();
  using database = new DatabaseSync(`${folder.path}/runs.db`);
  const store = await SqliteStore.open(database);
  await using runner = new Runner({ workflows: [talking(gates, notes, length)], store });
  await using server = new LocalServer(createRunsHandler(runner));
  const { runId } = await runner.start("talk", "talk");
  const url = `${server.origin}/runs/${runId}/events`;
  const stalled = new ChunkReader(await fetch(url));
  let before = 0;
  let most = 0;

  const seqs: number[] = [];
  for await (const { seq, type } of followRun(url)) {
    seqs.push(seq);
    if (type === "step.start") {
      before = memoryInUse();
      gates.open("talk");
    } else if (seq % 64 === 0) {
      most = Math.max(most, memoryInUse());
    }
  }
  const rest = seqsOf(parseEvents((await stalled.readAll()).join("")));

  assertEquals([seqs, rest], [upTo(notes + 4), upTo(notes + 4)]);
  // Either reader may have a page, and there are the last events of the run.
  assertLess(most - before, 8 * 1024 * 1024);
});

Deno.test(`createRunsHandler() starts ${RUNS} runs at once, each of which comes to its end before its reader`, async () => {
  const gates = new Gates();
  using database = new DatabaseSync(":memory:");
  await using runner = new Runner({ workflows: [talking(gates, 3, 10)], store: await SqliteStore.open(database) });
  await using server = new LocalServer(createRunsHandler(runner, { maxRuns: RUNS }));
  const start = (payload: number): Promise<Response> =>
    fetch(`${server.origin}/runs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ start: "talk", payload }),
    });
  const read = async (index: number): Promise<{ readonly runId: string; readonly told: unknown[] }> => {
    const response = await start(index);
    const { runId, events } = await response.json();
    const told: unknown[] = [response.status];
    for await (const event of followRun(new URL(events, response.url))) {
      if (event.runId !== runId) throw new Error(`An event of ${event.runId} came to a reader of ${runId}`);
      if (event.type === "run.start") told.push(event.payload === index);
      if (event.type === "run.end") told.push(event.status);
      told.push(event.seq);
    }
    return { runId, told };
  };

  const reading = Promise.all(Array.from({ length: RUNS }, (_, index) => read(index)));
  await until(() => gates.waiting.length === RUNS);
  const [active, full] = [runner.activeRuns, await start(0)];
  await full.body?.cancel();
  gates.openAll();
  const runs = await reading;

  assertEquals([active, full.status, new Set(runs.map(({ runId }) => runId)).size], [RUNS, 429, RUNS]);
  assertEquals(new Set(runs.map(({ told }) => told.join())), new Set(["201,true,1,2,3,4,5,6,completed,7"]));
});

/** How many bytes of objects and buffers are alive. */
function memoryInUse(): number {
  return heapInUse() + Deno.memoryUsage().external;
}
