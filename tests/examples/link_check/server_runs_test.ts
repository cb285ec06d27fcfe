import { followRun } from "@stepstream/workflow/client";
import { assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import type { LinkCheckEvent, LinkCheckReturns, LinkCheckSteps } from "../../../examples/link_check/workflow.ts";
import { LocalServer } from "../../tools/local_server.ts";
import { TemporaryFolder } from "../../tools/temporary_folder.ts";
import { DEMO_LINKS } from "./demo_links.ts";
import { linksOf, startRun } from "./run_requests.ts";
import { ServerProcess } from "./server_process.ts";

/** The verdicts of the demo; whether the slow page is slow is a matter of the machine. */
const EXPECTED = DEMO_LINKS.map((link) => [...link]);

for (const signal of ["SIGKILL", "SIGINT"] as const) {
  Deno.test(`server that ended by ${signal} goes on with its runs at the next start, and a reader misses nothing`, async () => {
    await using folder = await TemporaryFolder.create();
    await using first = await ServerProcess.start(folder.path);
    await using servers = new AsyncDisposableStack();
    const runId = await startRun(first.origin);
    let welcome = "";
    let wasStopped = false;

    const events: LinkCheckEvent[] = [];
    for await (const event of follow(first.origin, runId)) {
      events.push(event);
      if (event.type !== "step.result" || event.step !== "check-link" || wasStopped) continue;
      wasStopped = true;
      first.kill(signal);
      await first.outcome();
      welcome = servers.use(await ServerProcess.start(folder.path, "--port", first.port)).welcome;
    }

    assertEquals(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
    assertEquals(linksOf(events, first.origin), EXPECTED);
    const results = events.flatMap((event) => event.type === "step.result" ? [event.token] : []);
    assertEquals([results.length, new Set(results).size], [EXPECTED.length + 2, EXPECTED.length + 2]);
    const passages = events.filter(({ type }) => type === "run.suspend" || type === "run.resume");
    assertEquals(
      passages.map(({ type }) => type),
      signal === "SIGINT" ? ["run.suspend", "run.resume"] : ["run.resume"],
    );
    assertStringIncludes(welcome, "1 run of an earlier server goes on");
  });
}

Deno.test("server goes on with runs that nobody watches, before anybody asks it", async () => {
  await using folder = await TemporaryFolder.create();
  await using first = await ServerProcess.start(folder.path);
  const ids = await Promise.all([startRun(first.origin), startRun(first.origin), startRun(first.origin)]);
  first.kill("SIGKILL");
  await first.outcome();
  await using second = await ServerProcess.start(folder.path, "--port", first.port);

  const runs = await Promise.all(ids.map((runId) => Array.fromAsync(follow(second.origin, runId))));

  assertStringIncludes(second.welcome, "3 runs of an earlier server go on");
  // Three runs at a time: whom the busy page of the demo turns away is a matter of chance.
  const ends = runs.map((events) => [linksOf(events, first.origin).length, events.at(-1)?.type]);
  assertEquals(ends, ends.map(() => [EXPECTED.length, "run.end"]));
});

Deno.test("server ends its streams and itself within seconds of a Ctrl-C that comes twice, with 0", async () => {
  await using folder = await TemporaryFolder.create();
  await using server = await ServerProcess.start(folder.path);
  const runId = await startRun(server.origin);
  const streams = await Promise.all(Array.from({ length: 3 }, () => fetch(`${server.origin}/runs/${runId}/events`)));
  const texts = streams.map((stream) => stream.text());

  const interruptedAt = performance.now();
  // As `deno task` does, which passes on what the terminal has told already.
  server.kill("SIGINT");
  server.kill("SIGINT");
  const { code, stdout, stderr } = await server.outcome();
  const tookMs = performance.now() - interruptedAt;

  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "Stopped.");
  assertLess(tookMs, 4_000);
  for (const text of await Promise.all(texts)) assertStringIncludes(text.split("\n\n").at(-2) ?? "", "run.suspend");
});

Deno.test("server ends though a client keeps it waiting", async () => {
  await using folder = await TemporaryFolder.create();
  await using server = await ServerProcess.start(folder.path);
  using client = await Deno.connect({ hostname: "127.0.0.1", port: Number(server.port) });
  const body = `Host: 127.0.0.1:${server.port}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
  await client.write(new TextEncoder().encode(`POST /runs HTTP/1.1\r\n${body}`));

  server.kill("SIGINT");
  const { code, stdout, stderr } = await server.outcome();

  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "Stopped.");
});

Deno.test("server ends at once at a second SIGINT, and its runs go on all the same", async () => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  // A page that nobody gets before the server is started anew, so that the first one has to wait for it.
  await using site = new LocalServer(async ({ url }) => {
    if (new URL(url).pathname !== "/") return new Response();
    ask();
    await opened;
    return new Response('<a href="/a">x</a>', { headers: { "content-type": "text/html" } });
  });
  await using folder = await TemporaryFolder.create();
  await using first = await ServerProcess.start(folder.path, "--allow-private");
  const runId = await startRun(first.origin, `${site.origin}/`);
  await asked;

  first.kill("SIGINT");
  await first.until("Ctrl-C again");
  first.kill("SIGINT");
  const { code } = await first.outcome();
  await using second = await ServerProcess.start(folder.path, "--allow-private");
  open();
  const events = await Array.fromAsync(follow(second.origin, runId));

  assertEquals(code, 130);
  assertEquals(linksOf(events, site.origin).map(([path]) => path), ["/a"]);
});

Deno.test("server takes no runs from a server that is alive: it does not start on the same file", async () => {
  await using folder = await TemporaryFolder.create();
  await using server = await ServerProcess.start(folder.path);

  const other = await ServerProcess.fail(folder.path, "--port", "0");

  assertEquals(other, {
    code: 1,
    stdout: "",
    stderr: "Cannot keep runs in link_check.sqlite: another server has it. Choose another file by --db\n",
  });
  const response = await fetch(server.origin);
  await response.body?.cancel();
  assertEquals(response.status, 200);
});

Deno.test("server says so if it cannot keep its runs", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("text.sqlite", "this is a text, and no database at all".repeat(100));
  const reasons: readonly (readonly [file: string, reason: string])[] = [
    ["missing/runs.sqlite", "unable to open database file: missing/runs.sqlite"],
    ["text.sqlite", "file is not a database"],
    ["../runs.sqlite", 'Requires read access to "../runs.sqlite", run again with the --allow-read flag'],
  ];

  for (const [file, reason] of reasons) {
    const { code, stdout, stderr } = await ServerProcess.fail(folder.path, "--port", "0", "--db", file);
    const message = stderr.replace(`${folder.path}/`, "");
    assertEquals([code, stdout, message], [
      1,
      "",
      `Cannot keep runs in ${file}: ${reason}. Choose another file by --db\n`,
    ]);
  }
});

Deno.test("server keeps its runs in the file it is given, or in memory", async () => {
  await using folder = await TemporaryFolder.create();
  await using inFile = await ServerProcess.start(folder.path, "--db", "mine.sqlite");
  await using inMemory = await ServerProcess.start(folder.path, "--db", ":memory:");

  const welcomes = [inFile.welcome, inMemory.welcome];
  const files = (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name);

  assertStringIncludes(welcomes[0] ?? "", "Runs are kept in mine.sqlite, and go on at the next start.");
  assertStringIncludes(welcomes[1] ?? "", "Runs are kept in memory, and end with this server.");
  assertEquals(files.filter((name) => !name.startsWith("mine.sqlite")), []);
});

function follow(origin: string, runId: string): AsyncIterable<LinkCheckEvent> {
  return followRun<LinkCheckSteps, LinkCheckReturns>(`${origin}/runs/${runId}/events`, { maxDelayMs: 100 });
}
