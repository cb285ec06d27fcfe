import { median } from "../../tools/measure.ts";
import type { Peer } from "../contract.ts";
import type { ReadReply, ReadRequest } from "../tools/http_reader.ts";
import { createSseApp } from "../tools/sse_server.ts";
import { assertSame, type Item, type Measured, type Size } from "./item.ts";

/** A chain for each client, served by Hono: the step results that reach all clients, and beside the same bytes raw. */
function createSse(name: string, clients: number, stepsForAll: number): Item {
  const who = clients === 1 ? "one client" : `${clients} clients`;
  return {
    name,
    metrics: {
      perSecond: { title: `SSE by Hono to ${who}, results`, unit: "/s" },
      ofRaw: { title: `SSE to ${who} beside the same bytes raw`, unit: "× raw" },
    },
    skill: "chain",
    full: { count: stepsForAll / clients, warmUpMs: 300, budgetMs: 700 },
    tiny: { count: 10, warmUpMs: 0, budgetMs: 0 },
    limitMs: 40_000,
    measure: (peer, size) => measureSse(peer, clients, size),
  };
}

export const sseToOne: Item = createSse("sse-1", 1, 5_000);
export const sseToMany: Item = createSse("sse-200", 200, 20_000);

async function measureSse(
  peer: Peer,
  clients: number,
  { count, warmUpMs, budgetMs }: Size,
): Promise<Measured> {
  const start = peer.chain?.(count, (n) => n + 1);
  if (start === undefined) return {};
  await assertWhole(peer, count);
  const app = await createSseApp(peer, start);
  await using server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
  }, app.fetch);
  const reader = new Worker(import.meta.resolve("../tools/http_reader.ts"), {
    type: "module",
  });
  const read = (path: string) => ask(reader, { port: server.addr.port, path, clients });

  const live: number[] = [];
  const raw: number[] = [];
  const warmAt = performance.now() + warmUpMs;
  // In turns, so that whatever else the machine does meets both.
  do {
    const [liveMs, rawMs] = [(await read("/live")).ms, (await read("/raw")).ms];
    if (performance.now() < warmAt && budgetMs > 0) continue;
    live.push(liveMs);
    raw.push(rawMs);
  } while (performance.now() < warmAt + budgetMs);
  reader.terminate();
  return {
    perSecond: count * clients / median(live) * 1_000,
    ofRaw: median(raw) / median(live),
  };
}

/** Whatever is served tells every step: as many results as steps, before the events become bytes. */
async function assertWhole(
  { chain, isResult }: Peer,
  count: number,
): Promise<void> {
  const start = chain?.(count, (n) => n + 1);
  let results = 0;
  if (start === undefined) return;
  for await (const event of await start()) results += isResult(event) ? 1 : 0;
  assertSame("results", results, count);
}

function ask(reader: Worker, request: ReadRequest): Promise<ReadReply> {
  return new Promise((resolve, reject) => {
    reader.onmessage = ({ data }: MessageEvent<ReadReply>) => resolve(data);
    reader.onerror = ({ message }) => reject(new Error(message));
    reader.postMessage(request);
  });
}
