import { assert, assertEquals, assertRejects } from "@std/assert";
import { createDemoSite } from "../../../examples/link_check/demo_site.ts";
import { PageError } from "../../../examples/link_check/fetch_page.ts";
import type { Fetch } from "../../../examples/link_check/follow_redirects.ts";
import { createGuardedFetch } from "../../../examples/link_check/guarded_fetch.ts";
import {
  createLinkCheck,
  type LinkCheckEvent,
  type LinkCheckOptions,
  type LinkReport,
} from "../../../examples/link_check/workflow.ts";
import { DEMO_LINKS, endlessDemo, QUICK_DEMO, SLOW_MS } from "./demo_links.ts";
import { LocalServer } from "./local_server.ts";

Deno.test("createLinkCheck() finds the demo site's good, moved, slow and broken links", async () => {
  await using site = new LocalServer(createDemoSite(QUICK_DEMO).fetch);

  const report = await check(`${site.origin}/demo/`, { fetch: fetchOf(site), slowMs: SLOW_MS });

  assertEquals(
    report.links.map(({ url, verdict, status }) => [url.replace(site.origin, ""), verdict, status]),
    DEMO_LINKS.map((link) => [...link]),
  );
  const { links: _links, ...counts } = report;
  assertEquals(counts, { url: `${site.origin}/demo/`, ok: 4, redirected: 1, slow: 1, broken: 2, notes: [] });
});

Deno.test("createLinkCheck() tells what a link came to", async () => {
  await using site = new LocalServer(createDemoSite(QUICK_DEMO).fetch);

  const { links } = await check(`${site.origin}/demo/`, { fetch: fetchOf(site), slowMs: SLOW_MS });

  const moved = links[2];
  assert(moved !== undefined && moved.timeMs < SLOW_MS);
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

Deno.test("createLinkCheck() fetches the page, checks its links in order and reports last", async () => {
  await using site = new LocalServer(
    serve({ "/": html('<a href="/a">A</a><a href="/b">B</a>'), "/a": html(""), "/b": html("") }),
  );

  const events = await readAll(`${site.origin}/`, { fetch: fetchOf(site) });

  assertEquals(events.map(told), [
    "run.start",
    "step.start fetch-page",
    "step.log fetch-page request",
    "step.log fetch-page page",
    "step.result fetch-page",
    "step.start check-link",
    "step.log check-link request",
    "step.log check-link answer",
    "step.result check-link",
    "step.start check-link",
    "step.log check-link request",
    "step.log check-link answer",
    "step.result check-link",
    "step.start report",
    "step.result report",
    "run.end",
  ]);
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
  assertEquals(asked, ["GET /", "HEAD /a", "GET /a", "HEAD /b", "GET /b", "HEAD /c"]);
});

Deno.test("createLinkCheck() calls a link broken that nobody answers, with a reason, and goes on", async () => {
  const closed = await closedOrigin();
  await using site = new LocalServer(
    serve({ "/": html(`<a href="${closed}/">A</a><a href="/b">B</a>`), "/b": html("") }),
  );

  const report = await check(`${site.origin}/`, { fetch: createGuardedFetch({ allowPrivate: true }) });

  assertEquals(report.links.map(({ verdict, status, reason }) => [verdict, status, reason]), [
    ["broken", null, "Connection refused"],
    ["ok", 200, null],
  ]);
});

Deno.test("createLinkCheck() gives up on a link that takes too long", async () => {
  const { demo, abandoned } = endlessDemo();
  await using site = new LocalServer(createDemoSite(demo).fetch);

  const report = await check(`${site.origin}/demo/`, { fetch: fetchOf(site), timeoutMs: 100 });

  const archive = report.links.find(({ url }) => url.endsWith("/archive"));
  assertEquals(archive?.reason, "No answer within 0.1 s");
  assertEquals(await abandoned, "/demo/archive");
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
  const closed = await closedOrigin();
  await using site = new LocalServer(serve({
    "/gone": { status: 410 },
    "/json": { body: "{}", headers: { "content-type": "application/json" } },
  }));
  const reasons: readonly (readonly [string, string])[] = [
    [`${site.origin}/gone`, "it answered 410"],
    [`${site.origin}/json`, 'it is no HTML page: "application/json"'],
    [`${closed}/`, "Connection refused"],
  ];

  for (const [url, reason] of reasons) {
    await assertRejects(
      () => check(url, { fetch: createGuardedFetch({ allowPrivate: true }) }),
      PageError,
      `Cannot read ${url}: ${reason}`,
    );
  }
  await assertRejects(() => check("nonsense", {}), PageError, 'Cannot check "nonsense": it is no URL');
});

Deno.test("createLinkCheck() keeps its runs apart", async () => {
  await using site = new LocalServer(createDemoSite(QUICK_DEMO).fetch);
  const linkCheck = createLinkCheck({ fetch: fetchOf(site), slowMs: SLOW_MS });
  const url = `${site.origin}/demo/`;

  const outcomes = await Promise.all([linkCheck.run("fetch-page", { url }), linkCheck.run("fetch-page", { url })]);

  assertEquals(outcomes.map(({ context }) => context["result.report"]?.links.length), [8, 8]);
});

Deno.test("createLinkCheck() aborts its request when the run is cancelled", async () => {
  const { demo, abandoned } = endlessDemo();
  await using site = new LocalServer(createDemoSite(demo).fetch);
  const run = createLinkCheck({ fetch: fetchOf(site) }).stream("fetch-page", { url: `${site.origin}/demo/` });

  for await (const event of run) {
    if (event.type === "step.start" && event.step === "check-link" && event.payload.text === "The archive") break;
  }

  assertEquals(await abandoned, "/demo/archive");
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
  const { context } = await createLinkCheck(options).run("fetch-page", { url });
  const report = context["result.report"];
  assert(report);
  return report;
}

async function readAll(url: string, options: LinkCheckOptions): Promise<LinkCheckEvent[]> {
  return await Array.fromAsync(createLinkCheck(options).stream("fetch-page", { url }));
}

function told(event: LinkCheckEvent): string {
  const name = event.type === "step.log" ? [event.name] : [];
  return ["step" in event ? [event.type, event.step] : [event.type], name].flat().join(" ");
}

/** An origin where nobody listens. */
async function closedOrigin(): Promise<string> {
  await using server = new LocalServer(() => new Response());
  return server.origin;
}
