import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { PayloadError, StepTimeoutError } from "@stepstream/workflow";
import { createDemoSite } from "../../../examples/link_check/demo_site.ts";
import { PageError } from "../../../examples/link_check/fetch_page.ts";
import type { Fetch } from "../../../examples/link_check/follow_redirects.ts";
import { createGuardedFetch } from "../../../examples/link_check/guarded_fetch.ts";
import type { LinkReport } from "../../../examples/link_check/link_report.ts";
import {
  createLinkCheck,
  type LinkCheckEvent,
  type LinkCheckOptions,
  LINKS_AT_ONCE,
} from "../../../examples/link_check/workflow.ts";
import { DEMO_LINKS, QUICK_CHECK, QUICK_DEMO } from "./demo_links.ts";
import { LocalServer } from "./local_server.ts";

/** Nobody listens there: a port so low is given to nobody who asks for any. */
const CLOSED_ORIGIN = "http://127.0.0.1:2";

Deno.test("createLinkCheck() finds the demo site's good, moved, slow and broken links", async () => {
  await using site = new LocalServer(createDemoSite(QUICK_DEMO).fetch);

  const report = await check(`${site.origin}/demo/`, { ...QUICK_CHECK, fetch: fetchOf(site) });

  assertEquals(
    report.links.map(({ url, verdict, status }) => [url.replace(site.origin, ""), verdict, status]),
    DEMO_LINKS.map((link) => [...link]),
  );
  const { links: _links, ...counts } = report;
  assertEquals(counts, { url: `${site.origin}/demo/`, ok: 5, redirected: 1, slow: 1, broken: 2, notes: [] });
});

Deno.test("createLinkCheck() tells what a link came to", async () => {
  await using site = new LocalServer(createDemoSite(QUICK_DEMO).fetch);

  const { links } = await check(`${site.origin}/demo/`, { ...QUICK_CHECK, fetch: fetchOf(site) });

  const moved = links[2];
  assert(moved !== undefined && moved.timeMs < 250);
  assertEquals({ ...moved, timeMs: 0 }, {
    url: `${site.origin}/demo/old-guide`,
    text: "The guide's old address",
    verdict: "redirected",
    status: 200,
    timeMs: 0,
    finalUrl: `${site.origin}/demo/guide`,
    redirects: 1,
    reason: null,
  });
});

Deno.test("createLinkCheck() fetches the page, checks its links at once and reports last", async () => {
  await using site = new LocalServer(
    serve({ "/": html('<a href="/a">A</a><a href="/b">B</a>'), "/a": html(""), "/b": html("") }),
  );

  const events = await readAll(`${site.origin}/`, { fetch: fetchOf(site) });

  const steps = events.filter(({ type }) => type !== "step.log").map(told);
  assertEquals(steps, [
    "run.start",
    "step.start fetch-page",
    "step.result fetch-page",
    "step.start check-link",
    "step.start check-link",
    "step.result check-link",
    "step.result check-link",
    "step.start report",
    "step.result report",
    "run.end",
  ]);
});

Deno.test("createLinkCheck() reports on a page without links", async () => {
  await using site = new LocalServer(serve({ "/": html("") }));

  const report = await check(`${site.origin}/`, { fetch: fetchOf(site) });

  assertEquals(report, { url: `${site.origin}/`, ok: 0, redirected: 0, slow: 0, broken: 0, links: [], notes: [] });
});

Deno.test("createLinkCheck() checks several links at once and reports them in the order of the page", async () => {
  const paths = Array.from({ length: LINKS_AT_ONCE }, (_, index) => `/${index}`);
  const answers: (() => void)[] = [];
  // Nobody gets an answer until all have asked; then the last is answered first.
  await using site = new LocalServer(async (request) => {
    if (new URL(request.url).pathname === "/") return page(paths.map((path) => `<a href="${path}">x</a>`).join(""));
    await new Promise<void>((resolve) => {
      answers.push(resolve);
      if (answers.length === paths.length) answers.reverse().forEach((answer) => answer());
    });
    return new Response();
  });

  const report = await check(`${site.origin}/`, { fetch: fetchOf(site) });

  assertEquals(report.links.map(({ url }) => new URL(url).pathname), paths);
  assertEquals(report.ok, paths.length);
});

Deno.test("createLinkCheck() never has more links at work than it should", async () => {
  const paths = Array.from({ length: 3 * LINKS_AT_ONCE }, (_, index) => `/${index}`);
  await using site = new LocalServer((request) =>
    new URL(request.url).pathname === "/"
      ? page(paths.map((path) => `<a href="${path}">x</a>`).join(""))
      : new Response()
  );

  const events = await readAll(`${site.origin}/`, { fetch: fetchOf(site) });

  let atWork = 0;
  let most = 0;
  for (const event of events) {
    if (event.type === "step.start" && event.step === "check-link") atWork += 1;
    if (event.type === "step.result" && event.step === "check-link") atWork -= 1;
    most = Math.max(most, atWork);
  }
  assertEquals(most, LINKS_AT_ONCE);
});

Deno.test("createLinkCheck() tries again when a server asks for it, and waits as long as it says", async () => {
  const [retries, report, asked] = await checkOneLink([
    { status: 429, headers: { "retry-after": "0" } },
    { status: 200 },
  ]);

  assertEquals(retries, [[1, "TemporaryError: Answered 429", 0]]);
  assertEquals(report.links.map(({ verdict, status, reason }) => [verdict, status, reason]), [["ok", 200, null]]);
  assertEquals(asked, 2);
});

Deno.test("createLinkCheck() does not wait longer than it wants to, whatever a server asks", async () => {
  const [retries, report] = await checkOneLink([
    { status: 429, headers: { "retry-after": "86400" } },
    { status: 503, headers: { "retry-after": "Fri, 31 Dec 9999 23:59:59 GMT" } },
    { status: 200 },
  ], { maxRetryDelayMs: 3 });

  assertEquals(retries, [[1, "TemporaryError: Answered 429", 3], [2, "TemporaryError: Answered 503", 3]]);
  assertEquals(report.ok, 1);
});

Deno.test("createLinkCheck() tries again after 503, three times in all, and calls the link broken then", async () => {
  const [retries, report, asked] = await checkOneLink([{ status: 503 }, { status: 503 }, { status: 503 }]);

  assertEquals(retries, [[1, "TemporaryError: Answered 503", 0], [2, "TemporaryError: Answered 503", 0]]);
  assertEquals(report.links.map(({ verdict, status, reason }) => [verdict, status, reason]), [
    ["broken", 503, "Answered 503"],
  ]);
  assertEquals(asked, 3);
});

for (const status of [400, 401, 403, 404, 410]) {
  Deno.test(`createLinkCheck() does not try again after ${status}`, async () => {
    const [retries, report, asked] = await checkOneLink([{ status }]);

    assertEquals(retries, []);
    assertEquals(report.links.map(({ reason }) => reason), [`Answered ${status}`]);
    assertEquals(asked, 1);
  });
}

Deno.test("createLinkCheck() refuses what is no URL before anything runs", () => {
  const fetched: string[] = [];
  const linkCheck = createLinkCheck({
    fetch: (url) => {
      fetched.push(url.href);
      return Promise.resolve(new Response());
    },
  });

  const error = assertThrows(() => linkCheck.stream("fetch-page", { url: "nonsense" }), PayloadError);

  assertEquals(error.issues.map(({ message }) => message), [
    "it is no URL: give a whole one, like https://example.com/",
  ]);
  assertEquals(fetched, []);
});

Deno.test("createLinkCheck() asks by HEAD, and by GET where HEAD is not known", async () => {
  const asked: string[] = [];
  await using site = new LocalServer((request) => {
    const { pathname } = new URL(request.url);
    asked.push(`${request.method} ${pathname}`);
    if (pathname === "/") return page('<a href="/a">A</a><a href="/b">B</a><a href="/c">C</a>');
    if (request.method === "GET") return new Response("content");
    return new Response(null, { status: pathname === "/a" ? 405 : pathname === "/b" ? 501 : 200 });
  });

  const report = await check(`${site.origin}/`, { fetch: fetchOf(site) });

  assertEquals(report.ok, 3);
  assertEquals(asked.toSorted(), ["GET /", "GET /a", "GET /b", "HEAD /a", "HEAD /b", "HEAD /c"]);
});

Deno.test("createLinkCheck() calls a link broken that nobody answers at any attempt, with a reason, and goes on", async () => {
  await using site = new LocalServer(
    serve({ "/": html(`<a href="${CLOSED_ORIGIN}/">A</a><a href="/b">B</a>`), "/b": html("") }),
  );

  const events = await readAll(`${site.origin}/`, {
    fetch: createGuardedFetch({ allowPrivate: true }),
    retryDelayMs: 0,
  });

  assertEquals(events.filter(({ type }) => type === "step.retry").length, 2);
  const report = reportIn(events);
  assertEquals(report.links.map(({ verdict, status, reason }) => [verdict, status, reason]), [
    ["broken", null, "Connection refused"],
    ["ok", 200, null],
  ]);
});

Deno.test("createLinkCheck() gives up on a link that takes too long, and does not ask it again", async () => {
  const { promise: abandoned, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  await using site = new LocalServer((request) => {
    if (new URL(request.url).pathname === "/") return page('<a href="/slow">S</a>');
    asked += 1;
    request.signal.addEventListener("abort", () => resolve());
    return abandoned.then(() => new Response());
  });

  const report = await check(`${site.origin}/`, { fetch: fetchOf(site), timeoutMs: 500 });
  await abandoned;

  assertEquals(report.links.map(({ verdict, timeMs, reason }) => [verdict, timeMs, reason]), [
    ["broken", 500, "No answer in time"],
  ]);
  assertEquals(asked, 1);
});

Deno.test("createLinkCheck() gives up on a page that takes too long", async () => {
  const { promise: abandoned, resolve } = Promise.withResolvers<void>();
  await using site = new LocalServer((request) => {
    request.signal.addEventListener("abort", () => resolve());
    return abandoned.then(() => new Response());
  });

  await assertRejects(() => check(`${site.origin}/`, { fetch: fetchOf(site), timeoutMs: 50 }), StepTimeoutError);
  await abandoned;
});

Deno.test("createLinkCheck() follows so many redirects and no more", async () => {
  await using site = new LocalServer(serve({
    "/": html('<a href="/2">2</a><a href="/3">3</a><a href="/loop">L</a><a href="/bad">B</a><a href="/none">N</a>'),
    "/0": html(""),
    "/1": redirect("/0"),
    "/2": redirect("1"),
    "/3": redirect("/2"),
    "/loop": redirect("/loop"),
    "/bad": redirect("http://[bad"),
    "/none": { status: 304 },
  }));

  const report = await check(`${site.origin}/`, { fetch: fetchOf(site), maxRedirects: 2 });

  assertEquals(report.links.map(({ verdict, redirects, reason }) => [verdict, redirects, reason]), [
    ["redirected", 2, null],
    ["broken", 0, "More than 2 redirects"],
    ["broken", 0, "More than 2 redirects"],
    ["broken", 0, "A redirect leads to something that is no URL"],
    ["broken", 0, "Answered 304"],
  ]);
});

Deno.test("createLinkCheck() refuses a redirect to a private address, and asks nobody there", async () => {
  let asked = 0;
  await using inside = new LocalServer(() => {
    asked += 1;
    return new Response("secret");
  });
  await using site = new LocalServer(serve({
    "/": html('<a href="/away">Away</a>'),
    "/away": redirect(inside.origin),
    "/page-away": redirect(inside.origin),
  }));

  const report = await check(`${site.origin}/`, { fetch: fetchOf(site) });
  await assertRejects(
    () => check(`${site.origin}/page-away`, { fetch: fetchOf(site) }),
    PageError,
    `Cannot read ${site.origin}/page-away: Refused: 127.0.0.1 is not a public address`,
  );

  assertEquals(report.links.map(({ verdict, reason }) => [verdict, reason]), [
    ["broken", "Refused: 127.0.0.1 is not a public address"],
  ]);
  assertEquals(asked, 0);
});

Deno.test("createLinkCheck() refuses private addresses unless it is told otherwise", async () => {
  await using site = new LocalServer(serve({ "/": html("") }));

  await assertRejects(() => check(`${site.origin}/`, {}), PageError, "Refused: 127.0.0.1 is not a public address");
});

Deno.test("createLinkCheck() notes what it left out", async () => {
  const links = Array.from({ length: 20 }, (_, index) => `<a href="/${index}">${index}</a>`).join("");
  await using site = new LocalServer(() => page(links));

  const capped = await check(`${site.origin}/`, { fetch: fetchOf(site), maxLinks: 3 });
  const cut = await check(`${site.origin}/`, { fetch: fetchOf(site), maxPageBytes: 100 });

  assertEquals(capped.links.length, 3);
  assertEquals(capped.notes, ["The page has 20 links: only the first 3 were checked"]);
  assertEquals(cut.notes, ["The page is longer than 100 bytes: links after that were not seen"]);
});

Deno.test("createLinkCheck() fails on what is no page, and says why", async () => {
  await using site = new LocalServer(serve({
    "/gone": { status: 410 },
    "/json": { body: "{}", headers: { "content-type": "application/json" } },
  }));
  const reasons: readonly (readonly [string, string])[] = [
    [`${site.origin}/gone`, "it answered 410"],
    [`${site.origin}/json`, 'it is no HTML page: "application/json"'],
    [`${CLOSED_ORIGIN}/`, "Connection refused"],
  ];

  for (const [url, reason] of reasons) {
    await assertRejects(
      () => check(url, { fetch: createGuardedFetch({ allowPrivate: true }) }),
      PageError,
      `Cannot read ${url}: ${reason}`,
    );
  }
});

Deno.test("createLinkCheck() keeps its runs apart", async () => {
  await using site = new LocalServer(createDemoSite(QUICK_DEMO).fetch);
  const linkCheck = createLinkCheck({ ...QUICK_CHECK, fetch: fetchOf(site) });
  const url = `${site.origin}/demo/`;

  const outcomes = await Promise.all([linkCheck.run("fetch-page", { url }), linkCheck.run("fetch-page", { url })]);

  assertEquals(outcomes.map(({ context }) => context["result.report"]?.links.length), [9, 9]);
});

Deno.test("createLinkCheck() aborts its requests when the run is cancelled", async () => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const { promise: abandoned, resolve: abandon } = Promise.withResolvers<void>();
  await using site = new LocalServer((request) => {
    if (new URL(request.url).pathname === "/") return page('<a href="/slow">S</a>');
    request.signal.addEventListener("abort", () => abandon());
    ask();
    return abandoned.then(() => new Response());
  });
  const run = createLinkCheck({ fetch: fetchOf(site) }).stream("fetch-page", { url: `${site.origin}/` });

  const reading = Array.fromAsync(run);
  await asked;
  await run.cancel();
  await abandoned;

  const end = (await reading).at(-1);
  assertEquals(end?.type === "run.end" && end.status, "cancelled");
});

interface Answer extends ResponseInit {
  readonly body?: string;
}

function serve(answers: Readonly<Record<string, Answer>>): (request: Request) => Response {
  return (request) => {
    const { body = null, ...init } = answers[new URL(request.url).pathname] ?? { status: 404 };
    return new Response(body, init);
  };
}

function html(body: string): Answer {
  return { body, headers: { "content-type": "text/html" } };
}

function page(body: string): Response {
  return new Response(body, { headers: { "content-type": "text/html" } });
}

function redirect(location: string): Answer {
  return { status: 302, headers: { location } };
}

function fetchOf(site: LocalServer): Fetch {
  return createGuardedFetch({ allowedOrigins: [site.origin] });
}

async function check(url: string, options: LinkCheckOptions): Promise<LinkReport> {
  return reportIn(await readAll(url, options));
}

async function readAll(url: string, options: LinkCheckOptions): Promise<LinkCheckEvent[]> {
  const run = createLinkCheck(options).stream("fetch-page", { url }, { concurrency: LINKS_AT_ONCE });
  return await Array.fromAsync(run);
}

function reportIn(events: readonly LinkCheckEvent[]): LinkReport {
  for (const event of events) {
    if (event.type === "step.result" && event.step === "report" && event.result.ok) return event.result.value;
  }
  throw new Error("There is no report");
}

/** Checks a page with one link whose server gives these answers, one after the other. */
async function checkOneLink(
  answers: readonly Answer[],
  options: LinkCheckOptions = {},
): Promise<[retries: unknown[], report: LinkReport, asked: number]> {
  let asked = 0;
  await using site = new LocalServer((request) => {
    if (new URL(request.url).pathname === "/") return page('<a href="/link">L</a>');
    asked += 1;
    return new Response(null, answers[asked - 1] ?? { status: 404 });
  });
  const events = await readAll(`${site.origin}/`, { fetch: fetchOf(site), retryDelayMs: 0, ...options });
  const retries = events.flatMap((event) =>
    event.type === "step.retry" ? [[event.attempt, String(event.error), event.delayMs]] : []
  );
  return [retries, reportIn(events), asked];
}

function told(event: LinkCheckEvent): string {
  const name = event.type === "step.log" ? [event.name] : [];
  return ["step" in event ? [event.type, event.step] : [event.type], name].flat().join(" ");
}
