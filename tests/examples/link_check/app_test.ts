import { assert, assertEquals, assertLess, assertNotMatch } from "@std/assert";
import app from "../../../examples/link_check/app.ts";
import { type AppOptions, createApp } from "../../../examples/link_check/create_app.ts";
import { laterTurn } from "../../tools/events.ts";
import { ManualClock } from "../../tools/manual_clock.ts";
import { runCommand } from "../../tools/run_command.ts";
import { DEMO_LINKS, endlessDemo, QUICK_CHECK, QUICK_DEMO } from "./demo_links.ts";
import { LocalServer } from "./local_server.ts";
import { type Frame, readFrames } from "./read_frames.ts";

const QUICK: AppOptions = { demo: QUICK_DEMO, check: QUICK_CHECK };

Deno.test("app streams a check of its demo site, numbered from 1 to the end", async () => {
  const response = await createApp(QUICK).app.request("/check");

  const frames = await Array.fromAsync(readFrames(response.body));

  assertEquals(response.headers.get("content-type"), "text/event-stream");
  assertEquals(frames.map(({ id }) => Number(id)), frames.map((_, index) => index + 1));
  assertEquals(frames.map(({ event }) => event.seq), frames.map(({ id }) => Number(id)));
  assertEquals(
    linksIn(frames),
    DEMO_LINKS.map(([path, verdict, status]) => [`http://localhost${path}`, verdict, status]),
  );
  const end = frames.at(-1)?.event;
  assert(end?.type === "run.end");
  assertEquals([end.status, end.error, end.steps], ["completed", null, 11]);
});

Deno.test("app sends the first bytes at once and no event field, so that onmessage hears all", async () => {
  const response = await createApp(QUICK).app.request("/check");

  const text = await response.text();

  assert(text.startsWith("retry: "));
  assertNotMatch(text, /^event:/m);
});

Deno.test("app is a default export that serves the page and what belongs to it", async () => {
  const types: (string | null)[] = [];
  for (const path of ["/", "/page.js", "/run_view.js", "/page.css", "/favicon.svg"]) {
    const response = await app.fetch(new Request(`http://localhost${path}`));
    assertEquals(response.status, 200);
    assert((await response.text()).length > 100);
    types.push(response.headers.get("content-type"));
  }

  assertEquals(types, [
    "text/html; charset=utf-8",
    "text/javascript; charset=utf-8",
    "text/javascript; charset=utf-8",
    "text/css; charset=utf-8",
    "image/svg+xml",
  ]);
});

Deno.test("app sends the headers that keep a page safe with everything", async () => {
  const { app } = createApp(QUICK);

  for (const path of ["/", "/check", "/check?url=x", "/demo/", "/nowhere"]) {
    const { headers, body } = await app.request(path);
    await body?.cancel();
    const policy = headers.get("content-security-policy") ?? "";
    assertEquals([path, headers.get("x-content-type-options")], [path, "nosniff"]);
    assertEquals([path, headers.get("x-frame-options")], [path, "DENY"]);
    assertNotMatch(policy, /unsafe|\*|http/);
    for (const directive of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) {
      assert(policy.includes(directive), `${path}: ${policy}`);
    }
  }
});

Deno.test("app answers 422 to a url that it cannot check, with the issue and its path, and starts no run", async () => {
  const fetched: string[] = [];
  const messages: readonly (readonly [url: string, message: string])[] = [
    ["nonsense", "it is no URL: give a whole one, like https://example.com/"],
    ["", "it is no URL: give a whole one, like https://example.com/"],
    ["file:///etc/passwd", "a URL to check begins with http:// or https://"],
    ["http://user:secret@example.com/", "it must not hold credentials"],
    [`https://example.com/${"x".repeat(2_048)}`, "it is longer than 2048 characters"],
  ];

  for (const [url, message] of messages) {
    const { app } = createApp({ maxRuns: 0, guard: recordingGuard(fetched) });
    const response = await app.request(`/check?${new URLSearchParams({ url })}`);
    assertEquals(response.headers.get("content-type"), "application/problem+json");
    assertEquals([response.status, await response.json()], [422, {
      title: "Unprocessable Content",
      status: 422,
      detail: "Cannot start this check",
      issues: [{ path: ["url"], message }],
    }]);
  }
  assertEquals(fetched, []);
});

Deno.test("app tells every issue of a url at once", async () => {
  const response = await createApp().app.request(`/check?url=${"x".repeat(2_049)}`);

  const { issues } = await response.json();

  assertEquals(issues, [
    { path: ["url"], message: "it is longer than 2048 characters" },
    { path: ["url"], message: "it is no URL: give a whole one, like https://example.com/" },
  ]);
});

Deno.test("app answers 404 as a problem, and 500 without saying why", async () => {
  const { app: broken } = createApp();
  broken.get("/crash", () => {
    throw new Error("the password is hunter2");
  });

  const missing = await broken.request("/nowhere");
  const crashed = await broken.request("/crash");

  assertEquals(await missing.json(), { title: "Not Found", status: 404, detail: "There is nothing at this address" });
  assertEquals(await crashed.json(), { title: "Internal Server Error", status: 500, detail: "Something went wrong" });
});

Deno.test("app does not start a second run for an EventSource that comes back", async () => {
  const fetched: string[] = [];
  const { app } = createApp({ guard: recordingGuard(fetched) });

  const response = await app.request("/check?url=http://example.com/", { headers: { "last-event-id": "7" } });

  assertEquals([response.status, await response.text()], [204, ""]);
  assertEquals(fetched, []);
});

Deno.test("app does not let another site start a check from its visitor's browser", async () => {
  const statuses: number[] = [];
  for (const site of ["cross-site", "same-origin", "none"]) {
    const { status, body } = await createApp(QUICK).app.request("/check", { headers: { "sec-fetch-site": site } });
    await body?.cancel();
    statuses.push(status);
  }

  assertEquals(statuses, [403, 200, 200]);
});

Deno.test("app tells a client why a page cannot be checked: a name and a message, nothing else", async () => {
  const urls = ["http://127.0.0.1:9/", "http://169.254.169.254/latest/", "http://[::ffff:10.0.0.1]/"];

  for (const url of urls) {
    const response = await createApp().app.request(`/check?${new URLSearchParams({ url })}`);
    const end = (await Array.fromAsync(readFrames(response.body))).at(-1)?.event;
    assert(end?.type === "run.end");
    const { href, hostname } = new URL(url);
    const host = hostname.replace(/[[\]]/g, "");
    assertEquals([end.status, end.error], ["failed", {
      name: "PageError",
      message: `Cannot read ${href}: Refused: ${host} is not a public address`,
    }]);
  }
});

Deno.test("app asks nobody but its own demo for whatever a forged Host names", async () => {
  const fetched: string[] = [];
  const { app } = createApp({ ...QUICK, guard: recordingGuard(fetched) });

  const demo = await app.request("http://169.254.169.254/check");
  const other = await app.request("http://169.254.169.254/check?url=http://169.254.169.254/latest/");

  assertEquals(linksIn(await Array.fromAsync(readFrames(demo.body))).length, DEMO_LINKS.length);
  const end = (await Array.fromAsync(readFrames(other.body))).at(-1)?.event;
  assertEquals(end?.type === "run.end" && end.status, "failed");
  assertEquals(fetched, []);
});

Deno.test("app lets so many runs go on at once, and tells the next when to come back", async () => {
  const { app } = createApp({ ...QUICK, maxRuns: 1 });
  const first = await app.request("/check");

  const refused = await app.request("/check");
  await first.text();
  await laterTurn();
  const next = await app.request("/check");
  await next.body?.cancel();
  await laterTurn();
  const afterLeaving = await app.request("/check");
  await afterLeaving.body?.cancel();

  assertEquals([first.status, refused.status, next.status, afterLeaving.status], [200, 429, 200, 200]);
  assertEquals(refused.headers.get("retry-after"), "5");
  assertEquals(await refused.json(), { title: "Too Many Requests", status: 429, detail: "All 1 runs are taken" });
});

Deno.test("app ends a run whose time is up, says so, and gives its place away though nobody reads", async () => {
  const clock = new ManualClock();
  const { app } = createApp({ demo: endlessDemo().demo, maxRuns: 1, runTimeoutMs: 5_000, clock });
  const frames = readFrames((await app.request("/check")).body);
  for (let next = await frames.next(); !next.done && !isArchiveRequest(next.value); next = await frames.next());

  clock.tick(5_000);
  await laterTurn();
  const other = await app.request("/check");
  await other.body?.cancel();
  const rest = await Array.fromAsync(frames);

  const end = rest.at(-1)?.event;
  assert(end?.type === "run.end");
  assertEquals([end.status, end.error, other.status], [
    "failed",
    { name: "RunTimeoutError", message: "The check took too long" },
    200,
  ]);
});

Deno.test("app tells of a retry while it waits: why, and how long", async () => {
  const { app } = createApp({
    demo: { ...QUICK_DEMO, retryAfterSeconds: 30 },
    check: { ...QUICK_CHECK, maxRetryDelayMs: 1 },
  });

  const frames = await Array.fromAsync(readFrames((await app.request("/check?url=http://localhost/demo/")).body));

  const tickets = frames.flatMap(({ event }) =>
    event.type === "step.retry" && String(event.delayMs) === "1" ? [[event.attempt, event.error]] : []
  );
  assertEquals(tickets, [[1, { name: "TemporaryError", message: "Answered 429" }]]);
});

Deno.test("app answers HEAD without a run", async () => {
  const { app } = createApp({ ...QUICK, maxRuns: 1 });

  const head = await app.request("/check", { method: "HEAD" });
  const get = await app.request("/check");
  await get.body?.cancel();

  assertEquals([head.status, get.status], [200, 200]);
  assertEquals(head.body, null);
  assertEquals(head.headers.get("content-type"), "text/event-stream");
});

Deno.test("app cancels its runs when the server shuts down, and tells their clients", async () => {
  const { demo, abandoned } = endlessDemo();
  const shutdown = new AbortController();
  const response = await createApp({ demo, signal: shutdown.signal }).app.request("/check");

  const frames: Frame[] = [];
  for await (const frame of readFrames(response.body)) {
    frames.push(frame);
    if (isArchiveRequest(frame)) shutdown.abort(new Error("The server is shutting down"));
  }

  const end = frames.at(-1)?.event;
  assert(end?.type === "run.end");
  assertEquals([end.status, end.error], ["cancelled", { name: "Error", message: "The server is shutting down" }]);
  assertEquals(await abandoned, "/demo/archive");
});

Deno.test("app over HTTP tells what happens while it happens", async () => {
  const { demo } = endlessDemo();
  await using server = new LocalServer(createApp({ demo }).app.fetch);
  const response = await fetch(`${server.origin}/check`);

  const ids: string[] = [];
  // The archive never answers, so what is read here was told while its step was at work.
  for await (const frame of readFrames(response.body)) {
    ids.push(frame.id);
    if (isArchiveRequest(frame)) break;
  }

  assertEquals(ids, ids.map((_, index) => String(index + 1)));
});

Deno.test("app over HTTP cancels the run within 100 ms of a client's leaving", async () => {
  const { demo, abandoned } = endlessDemo();
  await using server = new LocalServer(createApp({ demo }).app.fetch);
  const client = new AbortController();
  const response = await fetch(`${server.origin}/check`, { signal: client.signal });
  const frames = readFrames(response.body);
  for (let next = await frames.next(); !next.done && !isArchiveRequest(next.value); next = await frames.next());

  const leftAt = performance.now();
  client.abort();
  const path = await abandoned;
  const tookMs = performance.now() - leftAt;

  assertEquals(path, "/demo/archive");
  assertLess(tookMs, 100);
  // Its own abort reaches the reader as well.
  await frames.next().catch(() => {});
});

Deno.test("app over HTTP serves curl -N", async () => {
  await using server = new LocalServer(createApp(QUICK).app.fetch);

  const { code, stdout } = await runCommand("curl", "-sN", "--max-time", "20", `${server.origin}/check`);

  const frames = await Array.fromAsync(readFrames(new Blob([stdout]).stream()));
  assertEquals(code, 0);
  assertEquals(linksIn(frames).map(([url, verdict]) => [String(url).replace(server.origin, ""), verdict]), [
    ...DEMO_LINKS.map(([path, verdict]) => [path, verdict]),
  ]);
});

Deno.test("app checks a page of another server", async () => {
  await using site = new LocalServer((request) =>
    new URL(request.url).pathname === "/"
      ? new Response('<a href="/gone">x</a>', { headers: { "content-type": "text/html" } })
      : new Response(null, { status: 410 })
  );
  const { app } = createApp({ guard: { allowPrivate: true } });

  const response = await app.request(`/check?${new URLSearchParams({ url: `${site.origin}/` })}`);

  assertEquals(linksIn(await Array.fromAsync(readFrames(response.body))), [[`${site.origin}/gone`, "broken", 410]]);
});

function linksIn(frames: readonly Frame[]): (string | number | null)[][] {
  for (const { event } of frames) {
    if (event.type !== "step.result" || event.step !== "report" || !event.result.ok) continue;
    return event.result.value.links.map(({ url, verdict, status }) => [url, verdict, status]);
  }
  return [];
}

function isArchiveRequest({ event }: Frame): boolean {
  return event.type === "step.log" && event.name === "request" && JSON.stringify(event.data).includes("/archive");
}

function recordingGuard(fetched: string[]): AppOptions["guard"] & object {
  return {
    fetch: (url) => {
      fetched.push(url.href);
      return Promise.resolve(new Response());
    },
  };
}
