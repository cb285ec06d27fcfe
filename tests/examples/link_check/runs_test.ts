import { followRun } from "@stepstream/workflow/client";
import { assert, assertEquals, assertNotMatch, assertStringIncludes } from "@std/assert";
import type { AppOptions } from "../../../examples/link_check/create_app.ts";
import type { LinkCheckReturns, LinkCheckSteps } from "../../../examples/link_check/workflow.ts";
import { LocalServer } from "../../tools/local_server.ts";
import { runCommand } from "../../tools/run_command.ts";
import { AppServer } from "./app_server.ts";
import { DEMO_LINKS, endlessDemo, QUICK_CHECK, QUICK_DEMO } from "./demo_links.ts";
import { readFrames } from "./read_frames.ts";
import { Outage } from "./outage.ts";
import { linksOf, startRun } from "./run_requests.ts";

const QUICK: AppOptions = { demo: QUICK_DEMO, check: QUICK_CHECK };
const JSON_TYPE = ["-H", "content-type: application/json"];

Deno.test("app starts a run for curl and streams it, numbered from 1 to the end", async () => {
  await using server = new AppServer(QUICK);
  const body = JSON.stringify({ start: "fetch-page", payload: { url: `${server.origin}/demo/` } });

  const { code, stdout } = await curl(
    "-N",
    ...JSON_TYPE,
    "-H",
    "accept: text/event-stream",
    "-d",
    body,
    server,
    "/runs",
  );

  const frames = await Array.fromAsync(readFrames(new Blob([stdout]).stream()));
  const events = frames.map(({ event }) => event);
  assertEquals(code, 0);
  assertEquals(frames.map(({ id }) => Number(id)), frames.map((_, index) => index + 1));
  assertEquals(events.map(({ seq }) => seq), frames.map(({ id }) => Number(id)));
  assertEquals(linksOf(events, server.origin), DEMO_LINKS.map((link) => [...link]));
});

Deno.test("app tells curl where a run stands, cancels it once, and tells its readers", async () => {
  const { demo, abandoned } = endlessDemo();
  await using server = new AppServer({ demo, check: QUICK_CHECK });
  const runId = await startRun(server.origin);
  const events = followRun(`${server.origin}/runs/${runId}/events`);
  for await (const event of { [Symbol.asyncIterator]: () => ({ next: () => events.next() }) }) {
    if (event.type === "step.log" && JSON.stringify(event.data).includes("/archive")) break;
  }

  const running = await curl(server, `/runs/${runId}`);
  const cancelled = await curl("-w", "%{http_code}", "-X", "DELETE", server, `/runs/${runId}`);
  const path = await abandoned;
  const rest = await Array.fromAsync(events);
  const again = await curl("-w", "%{http_code}", "-X", "DELETE", server, `/runs/${runId}`);
  const ended = await curl(server, `/runs/${runId}`);

  assertEquals([JSON.parse(running.stdout).status, JSON.parse(ended.stdout).status], ["running", "cancelled"]);
  assertEquals([cancelled.stdout.slice(-3), again.stdout, path], ["202", "204", "/demo/archive"]);
  const end = rest.at(-1);
  assertEquals(end?.type === "run.end" && [end.status, end.error], [
    "cancelled",
    { name: "RunCancelledError", message: "The check was cancelled" },
  ]);
});

Deno.test("followRun() gets every event of a check once, through cuts and a burst of 503s", async () => {
  const outage = new Outage();
  await using server = new AppServer({ demo: endlessDemo().demo, check: QUICK_CHECK }, outage.inFrontOf);
  const runId = await startRun(server.origin);
  const states: string[] = [];
  const events = followRun(`${server.origin}/runs/${runId}/events`, {
    maxDelayMs: 10,
    onState: (state) => states.push(state),
  });

  const seqs: number[] = [];
  for await (const event of events) {
    seqs.push(event.seq);
    // The archive never answers: the run is at work as long as it is let be.
    if (event.type !== "step.log" || !JSON.stringify(event.data).includes("/archive")) continue;
    outage.begin();
    outage.refused(5).then(() => {
      outage.end();
      return server.runner.cancel(runId);
    });
  }

  assertEquals(seqs, seqs.map((_, index) => index + 1));
  assertEquals([states[0], states[1], states.at(-2), states.at(-1)], ["connecting", "open", "open", "done"]);
  assert(states.filter((state) => state === "reconnecting").length >= 5);
});

Deno.test("app answers curl 422 to a payload that its start does not take, with the issue and its path", async () => {
  await using server = new AppServer();
  const body = JSON.stringify({ start: "fetch-page", payload: { url: "ftp://example.com/" } });

  const { stdout } = await curl("-w", "\n%{http_code} %{content_type}", ...JSON_TYPE, "-d", body, server, "/runs");

  const [problem = "", , status] = stdout.split("\n");
  assertEquals([status, JSON.parse(problem).issues], ["422 application/problem+json", [
    { path: ["url"], message: "a URL to check begins with http:// or https://" },
  ]]);
});

Deno.test("app starts runs at the page only, and lists none", async () => {
  await using server = new AppServer();
  const link = { start: "check-link", payload: { url: "http://example.com/", text: "" } };

  const { status } = await post(server, link);
  const list = await fetch(`${server.origin}/runs`);
  await list.body?.cancel();

  assertEquals([status, list.status, server.runner.activeRuns], [422, 403, 0]);
});

Deno.test("app keeps the page's headers on the answers of /runs", async () => {
  await using server = new AppServer();

  const { headers, body } = await fetch(`${server.origin}/runs/none`);
  await body?.cancel();

  assertStringIncludes(headers.get("content-security-policy") ?? "", "default-src 'none'");
  assertEquals(headers.get("x-frame-options"), "DENY");
});

Deno.test("app does not let another site start a run or stop one from its visitor's browser", async () => {
  await using server = new AppServer(QUICK);
  const runId = await startRun(server.origin);
  const headers = { "sec-fetch-site": "cross-site" };

  const started = await post(server, { start: "fetch-page", payload: { url: "http://example.com/" } }, headers);
  const stopped = await fetch(`${server.origin}/runs/${runId}`, { method: "DELETE", headers });
  await stopped.body?.cancel();

  assertEquals([started.status, stopped.status], [403, 403]);
});

Deno.test("app has so many runs at work at once, and tells the next when to come back", async () => {
  await using server = new AppServer({ demo: endlessDemo().demo, maxRuns: 1 });
  await startRun(server.origin);

  const next = await post(server, { start: "fetch-page", payload: { url: "http://example.com/" } });

  assertEquals([next.status, next.headers.get("retry-after")], [429, "5"]);
});

Deno.test("app comes to the same report whether its run is stored or its client's", async () => {
  await using server = new AppServer({ ...QUICK, check: { ...QUICK_CHECK, timeoutMs: 5_000 } });
  const runId = await startRun(server.origin);

  const events = await Array.fromAsync(
    followRun<LinkCheckSteps, LinkCheckReturns>(`${server.origin}/runs/${runId}/events`),
  );
  const frames = await Array.fromAsync(readFrames((await fetch(`${server.origin}/check`)).body));

  const own = frames.map(({ event }) => event);
  assertEquals(linksOf(events, server.origin), linksOf(own, server.origin));
  assertEquals(linksOf(events, server.origin).length, DEMO_LINKS.length);
});

Deno.test("app tells the reader of a stored run why it failed: a name and a message, nothing else", async () => {
  await using server = new AppServer();
  const runId = await startRun(server.origin, "http://127.0.0.1:9/");

  const text = await (await fetch(`${server.origin}/runs/${runId}/events`)).text();

  assertStringIncludes(
    text,
    '"error":{"name":"PageError","message":"Cannot read http://127.0.0.1:9/: Refused: 127.0.0.1 is not a public address"}',
  );
  assertNotMatch(text, /cause|stack/);
});

Deno.test("app tells that a link of a stored run took too long", async () => {
  await using site = new LocalServer((request) => {
    if (new URL(request.url).pathname !== "/slow") return html('<a href="/slow">S</a>');
    return new Promise((resolve) => request.signal.addEventListener("abort", () => resolve(new Response())));
  });
  await using server = new AppServer({ guard: { allowPrivate: true }, check: { timeoutMs: 300 } });
  const runId = await startRun(server.origin, site.origin);

  const events = await Array.fromAsync(
    followRun<LinkCheckSteps, LinkCheckReturns>(`${server.origin}/runs/${runId}/events`),
  );

  const report = events.findLast((event) => event.type === "step.result" && event.step === "report");
  assert(report?.type === "step.result" && report.step === "report" && report.result.ok);
  assertEquals(report.result.value.links.map(({ verdict, timeMs, reason }) => [verdict, timeMs, reason]), [
    ["broken", 300, "No answer in time"],
  ]);
});

Deno.test("app asks nobody but its own demo for whatever a forged Host names, in a stored run too", async () => {
  const fetched: string[] = [];
  await using server = new AppServer({
    ...QUICK,
    origins: ["http://127.0.0.1:1"],
    guard: {
      allowPrivate: true,
      fetch: (url) => {
        fetched.push(url.href);
        return Promise.resolve(html(""));
      },
    },
  });
  const runId = await startRun(server.origin);

  await (await fetch(`${server.origin}/runs/${runId}/events`)).text();

  // It was told where it is, and this is elsewhere.
  assertEquals(fetched, [`${server.origin}/demo/`]);
});

/** Asks the server with a real curl: options first, then the server and the path. */
function curl(...args: readonly (string | AppServer)[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [server, path] = args.slice(-2);
  assert(server instanceof AppServer && typeof path === "string");
  const options = args.slice(0, -2).map(String);
  return runCommand("curl", "-sS", "--max-time", "20", ...options, `${server.origin}${path}`);
}

function html(body: string): Response {
  return new Response(body, { headers: { "content-type": "text/html" } });
}

async function post(server: AppServer, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const response = await fetch(`${server.origin}/runs`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  await response.body?.cancel();
  return response;
}
