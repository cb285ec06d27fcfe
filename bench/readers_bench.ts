/**
 * What it costs to give many clients the same run over HTTP: events a millisecond, over all clients, and the most
 * memory (resident set size) that the server has held. The server and its clients are processes of their own.
 */
import { MemoryStore, Workflow } from "@stepstream/workflow";
import { followRun } from "@stepstream/workflow/client";
import { createRunsHandler } from "@stepstream/workflow/http";
import { Runner } from "@stepstream/workflow/runner";
import { print, printTitle } from "./tools/print.ts";

const READERS = [1, 10, 100, 1_000] as const;
const STEPS = 500;
/** How often the server looks at its memory, in ms. */
const LOOK_MS = 20;

/** How a client reads: to measure the server, or all of it. */
const CLIENTS: Readonly<Record<string, (url: string, onOpen: () => void) => Promise<void>>> = {
  fetch: async (url, onOpen) => {
    const { body } = await fetch(url);
    const reader = body?.getReader();
    await reader?.read();
    onOpen();
    while (reader !== undefined && !(await reader.read()).done);
  },
  followRun: async (url, onOpen) => {
    for await (const { type } of followRun(url)) if (type === "run.start") onOpen();
  },
};

if (Deno.args[0] === "serve") await serve();
else await measureAll();

/** Serves a workflow that waits at its first step until it is asked to go on. */
async function serve(): Promise<void> {
  let goOn = () => {};
  const gate = new Promise<void>((resolve) => goOn = resolve);
  const workflow = new Workflow<{ wait: unknown; count: number }>({ name: "count" }).add(
    { name: "wait", action: () => gate, decision: (_ctx, _result, enqueue) => enqueue.tail("count", 1) },
    {
      name: "count",
      action: (_ctx, number) => number + 1,
      decision: (_ctx, { value }, enqueue) => {
        if (value !== null && value <= STEPS) enqueue.tail("count", value);
      },
    },
  );
  const runner = new Runner({ workflows: [workflow], store: new MemoryStore() });
  const handler = createRunsHandler(runner);
  let peak = 0;
  setInterval(() => peak = Math.max(peak, Deno.memoryUsage().rss), LOOK_MS);
  const { runId } = await runner.start("count", "wait", null);
  const onListen = ({ port }: Deno.NetAddr) => print(`http://127.0.0.1:${port}/runs/${runId}/events`);
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, (request) => {
    switch (new URL(request.url).pathname) {
      case "/go":
        goOn();
        return new Response();
      case "/peak":
        return new Response(String(peak));
      default:
        return handler(request);
    }
  });
}

async function measureAll(): Promise<void> {
  printTitle(`A run of ${STEPS} steps to many clients over HTTP`);
  for (const client of Object.keys(CLIENTS)) {
    for (const readers of READERS) await measureOne(client, readers);
  }
}

async function measureOne(client: string, readers: number): Promise<void> {
  const child = new Deno.Command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--unstable-no-legacy-abort",
      "--allow-net=127.0.0.1",
      import.meta.filename ?? "",
      "serve",
    ],
    stdout: "piped",
  }).spawn();
  const { value: url = "" } = await child.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
  const { origin } = new URL(url.trim());

  let open = 0;
  const read = CLIENTS[client] ?? (() => Promise.resolve());
  const openedAt = performance.now();
  const { promise: isOpen, resolve: onAllOpen } = Promise.withResolvers<void>();
  const reading = Array.from({ length: readers }, () =>
    read(url.trim(), () => {
      open += 1;
      if (open === readers) onAllOpen();
    }));
  await isOpen;
  const startedAt = performance.now();
  await (await fetch(`${origin}/go`)).text();
  await Promise.all(reading);
  const tookMs = performance.now() - startedAt;
  const peak = Number(await (await fetch(`${origin}/peak`)).text());
  child.kill("SIGKILL");
  await child.status;

  // Of each step its start and its result are told.
  const perMs = readers * 2 * STEPS / tookMs;
  print(
    `  ${client.padEnd(10)} ${String(readers).padStart(6)} readers   ${perMs.toFixed(0).padStart(6)} events/ms   ` +
      `open in ${(startedAt - openedAt).toFixed(0).padStart(5)} ms   peak RSS ${
        (peak / 2 ** 20).toFixed(0).padStart(4)
      } MB`,
  );
}
