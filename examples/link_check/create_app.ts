import { type Clock, systemClock } from "@stepstream/workflow";
import { eventStreamResponse } from "@stepstream/workflow/sse";
import { type Context, Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import * as v from "valibot";
import { checkInputSchema } from "./check_input.ts";
import { createDemoSite, DEMO_PATH, type DemoSiteOptions } from "./demo_site.ts";
import type { Fetch } from "./follow_redirects.ts";
import { createGuardedFetch, type GuardOptions } from "./guarded_fetch.ts";
import { ASSETS } from "./page/assets.ts";
import { problem } from "./problem.ts";
import { toPublicError } from "./public_error.ts";
import { createLinkCheck, type LinkCheckOptions, LINKS_AT_ONCE } from "./workflow.ts";

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
  /** How long a run may take, in ms: a client who stops reading must not hold its place for ever. Default: 120 000. */
  readonly runTimeoutMs?: number;
  /** Cancels every run when it aborts: the server is shutting down. Default: none. */
  readonly signal?: AbortSignal;
  /** Where times and timers come from. Default: the platform. */
  readonly clock?: Clock;
}

/** The link checker as a web app: a page, the stream it watches, and a demo site to check. */
export function createApp(options: AppOptions = {}): Hono {
  const { maxRuns = 8, runTimeoutMs = 120_000, signal, clock = systemClock } = options;
  const demo = createDemoSite(options.demo);
  const guardedFetch = createGuardedFetch(options.guard);
  let runs = 0;

  /** The app's own demo is asked in process: no address has to be let through the guard, and no request loops back. */
  const fetchFrom = (ownOrigin: string): Fetch => async (url, init) =>
    url.origin === ownOrigin && url.pathname.startsWith(DEMO_PATH)
      ? await demo.fetch(new Request(url, { ...init, redirect: "manual" }))
      : await guardedFetch(url, init);

  const app = new Hono();
  app.use(secureHeaders(HEADERS));
  for (const [path, { type, text }] of Object.entries(ASSETS)) {
    app.get(path, (c) => c.body(text, 200, { "content-type": type }));
  }
  app.route("/", demo);

  app.get("/check", (c) => {
    // An EventSource that lost its stream asks again. Its run was cancelled when it left; 204 tells it to give up.
    if (c.req.header("last-event-id") !== undefined) return c.body(null, 204);
    // Another site must not start runs from its visitors' browsers.
    if (c.req.header("sec-fetch-site") === "cross-site") return problem(c, 403, "A check starts from this site only");
    const { origin } = new URL(c.req.url);
    const input = v.safeParse(checkInputSchema, { url: new URL(DEMO_PATH, origin).href, ...c.req.query() });
    if (!input.success) return problem(c, 422, "Cannot start this check", { extensions: { issues: toIssues(input) } });
    // Hono asks for HEAD here too. Nobody would read the stream, and its run would keep its place.
    if (c.req.method === "HEAD") return c.body(null, 200, { "content-type": "text/event-stream" });
    if (runs >= maxRuns) return problem(c, 429, `All ${maxRuns} runs are taken`, { headers: { "retry-after": "5" } });

    const linkCheck = createLinkCheck({ maxLinks: 50, clock, ...options.check, fetch: fetchFrom(origin) });
    const run = linkCheck.stream("fetch-page", input.output, {
      concurrency: LINKS_AT_ONCE,
      timeoutMs: runTimeoutMs,
      captureTrace: false,
      signal,
      clock,
    });
    runs += 1;
    const response = eventStreamResponse(run, {
      signal: c.req.raw.signal,
      onDisconnect: "cancel",
      describeError: toPublicError,
      waitUntil: (done) => executionContextOf(c)?.waitUntil(done),
    });
    const release = (): void => void (runs -= 1);
    run.result.then(release, release);
    return response;
  });

  app.notFound((c) => problem(c, 404, "There is nothing at this address"));
  app.onError((_error, c) => problem(c, 500, "Something went wrong"));
  return app;
}

/** What is wrong with the input, and where: the keys from the outside in. */
function toIssues({ issues }: { readonly issues: readonly v.BaseIssue<unknown>[] }): readonly unknown[] {
  return issues.map(({ message, path = [] }) => ({ path: path.map(({ key }) => key), message }));
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

/** What keeps a Worker alive after its response; other hosts have none. */
function executionContextOf(c: Context): Pick<Context["executionCtx"], "waitUntil"> | null {
  try {
    return c.executionCtx;
  } catch {
    // Hono throws where the host gave it none.
    return null;
  }
}
