import { type Clock, systemClock } from "@stepstream/workflow";
import { eventStreamResponse } from "@stepstream/workflow/sse";
import { type Context, Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { createDemoSite, DEMO_PATH, type DemoSiteOptions } from "./demo_site.ts";
import favicon from "./favicon.svg" with { type: "text" };
import type { Fetch } from "./follow_redirects.ts";
import { createGuardedFetch, type GuardOptions } from "./guarded_fetch.ts";
import page from "./page.html" with { type: "text" };
import script from "./page.js" with { type: "text" };
import style from "./page.css" with { type: "text" };
import { RunSlots } from "./run_slots.ts";
import { objectionTo } from "./url_objection.ts";
import { createLinkCheck, type LinkCheckOptions } from "./workflow.ts";

/** Options of {@linkcode createApp}. */
export interface AppOptions {
  /** How the checker's `fetch` is guarded. Default: only public addresses, names are not looked up. */
  readonly guard?: GuardOptions;
  /** How links are checked. Default: 50 links, and the workflow's defaults. */
  readonly check?: Omit<LinkCheckOptions, "fetch">;
  /** How the demo site behaves. */
  readonly demo?: DemoSiteOptions;
  /** How many runs may go on at once. Default: 8. */
  readonly maxRuns?: number;
  /** How long a run may take, in ms. Default: 120 000. */
  readonly maxRunMs?: number;
  /** Cancels every run when it aborts: the server is shutting down. Default: none. */
  readonly signal?: AbortSignal;
  /** Where times and timers come from. Default: the platform. */
  readonly clock?: Clock;
}

/** The link checker as a web app: a page, the stream it watches, and a demo site to check. */
export function createApp(options: AppOptions = {}): Hono {
  const { maxRuns = 8, maxRunMs = 120_000, signal, clock = systemClock } = options;
  const slots = new RunSlots({ maxRuns, maxRunMs, signal, clock });
  const demo = createDemoSite(options.demo);
  const guardedFetch = createGuardedFetch(options.guard);

  /** The app's own demo is asked in process: no address has to be let through the guard, and no request loops back. */
  const fetchFrom = (ownOrigin: string): Fetch => async (url, init) =>
    url.origin === ownOrigin && url.pathname.startsWith(DEMO_PATH)
      ? await demo.fetch(new Request(url, { ...init, redirect: "manual" }))
      : await guardedFetch(url, init);

  const app = new Hono();
  app.use(secureHeaders(HEADERS));
  app.get("/", (c) => c.html(page));
  app.get("/page.js", (c) => c.body(script, 200, { "content-type": "text/javascript; charset=utf-8" }));
  app.get("/page.css", (c) => c.body(style, 200, { "content-type": "text/css; charset=utf-8" }));
  app.get("/favicon.svg", (c) => c.body(favicon, 200, { "content-type": "image/svg+xml" }));
  app.route("/", demo);

  app.get("/check", (c) => {
    // An EventSource that lost its stream asks again. Its run was cancelled when it left; 204 tells it to give up.
    if (c.req.header("last-event-id") !== undefined) return c.body(null, 204);
    // Another site must not start runs from its visitors' browsers.
    if (c.req.header("sec-fetch-site") === "cross-site") return problem(c, 403, "A check starts from this site only");
    const { origin } = new URL(c.req.url);
    const url = c.req.query("url") ?? new URL(DEMO_PATH, origin).href;
    const objection = objectionTo(url);
    if (objection !== null) return problem(c, 400, `Cannot check this url: ${objection}`);
    // Hono asks for HEAD here too. Nobody would read the stream, and its run would keep its slot.
    if (c.req.method === "HEAD") return c.body(null, 200, { "content-type": "text/event-stream" });
    const slot = slots.take();
    if (slot === null) return problem(c, 429, `All ${maxRuns} runs are taken`, { "retry-after": "5" });

    const linkCheck = createLinkCheck({ maxLinks: 50, clock, ...options.check, fetch: fetchFrom(origin) });
    const run = linkCheck.stream("fetch-page", { url }, { signal: slot.signal, captureTrace: false });
    return eventStreamResponse(run, {
      signal: c.req.raw.signal,
      onDisconnect: "cancel",
      waitUntil: (done) => {
        const released = done.finally(slot.release);
        executionContextOf(c)?.waitUntil(released);
      },
    });
  });

  app.notFound((c) => problem(c, 404, "There is nothing at this address"));
  app.onError((_error, c) => problem(c, 500, "Something went wrong"));
  return app;
}

const HEADERS: Parameters<typeof secureHeaders>[0] = {
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: "DENY",
  // Whether a host is HTTPS for good is for whoever runs it to say.
  strictTransportSecurity: false,
};

type ProblemStatus = 400 | 403 | 404 | 429 | 500;

const TITLES: Readonly<Record<ProblemStatus, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  500: "Internal Server Error",
};

/** @see {@link https://www.rfc-editor.org/rfc/rfc9457} */
function problem(c: Context, status: ProblemStatus, detail: string, headers: Record<string, string> = {}): Response {
  const body = JSON.stringify({ title: TITLES[status], status, detail });
  return c.body(`${body}\n`, status, { ...headers, "content-type": "application/problem+json" });
}

/** What keeps a Worker alive after its response; other hosts have none. */
function executionContextOf(c: Context): Pick<Context["executionCtx"], "waitUntil"> | null {
  try {
    return c.executionCtx;
  } catch {
    // Hono throws where the host gave it none.
    return null;
  }
}
