import { type Clock, MemoryStore, type RunStore, systemClock } from "@stepstream/workflow";
import { createRunsHandler } from "@stepstream/workflow/http";
import { Runner } from "@stepstream/workflow/runner";
import { eventStreamResponse } from "@stepstream/workflow/sse";
import { type Context, Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import * as v from "valibot";
import { checkInputSchema } from "./check_input.ts";
import { createDemoSite, DEMO_PATH, type DemoSiteOptions } from "./demo_site.ts";
import type { Fetch } from "./follow_redirects.ts";
import { forgetRuns } from "./forget_runs.ts";
import { createGuardedFetch, type GuardOptions } from "./guarded_fetch.ts";
import { OwnOrigins } from "./own_origins.ts";
import { ASSETS } from "./page/assets.ts";
import { problem } from "./problem.ts";
import { toPublicError } from "./public_error.ts";
import { createLinkCheck, type LinkCheckOptions, LINKS_AT_ONCE } from "./workflow.ts";

/** Options of {@linkcode createApp}. */
export interface AppOptions {
  /** Where the runs of `/runs` are kept. Default: in memory. */
  readonly store?: RunStore;
  /** How long a run is kept after its end, in ms. Default: a day. */
  readonly keepRunsMs?: number;
  /**
   * Where clients find the app, e.g. `http://127.0.0.1:8000`: a run on its own demo site asks it in process. Default:
   * where they have started runs, so a run that is resumed before does not know the demo site.
   */
  readonly origins?: readonly string[];
  /** How the checker's `fetch` is guarded. Default: only public addresses, names are not looked up. */
  readonly guard?: GuardOptions;
  /** How links are checked. Default: 50 links, and the workflow's defaults. */
  readonly check?: Omit<LinkCheckOptions, "fetch">;
  /** How the demo site behaves. */
  readonly demo?: DemoSiteOptions;
  /** How many runs may go on at once, of `/runs` and of `/check` each. Default: 8. */
  readonly maxRuns?: number;
  /** How long a run may take, in ms: a client who stops reading must not hold its place for ever. Default: 120 000. */
  readonly runTimeoutMs?: number;
  /** Cancels every run of `/check` when it aborts: the server is shutting down. Default: none. */
  readonly signal?: AbortSignal;
  /** Hears of what goes wrong and clients are not told of. Default: nobody. */
  readonly onError?: (error: unknown) => void;
  /** Where times and timers come from. Default: the platform. */
  readonly clock?: Clock;
}

/** What {@linkcode createApp} makes. */
export interface LinkCheckApp {
  /** Answers requests. */
  readonly app: Hono;
  /** Has the runs of `/runs`. Who serves the app recovers them at the start, and closes it at the end. */
  readonly runner: Runner;
}

/**
 * The link checker as a web app: a page, a demo site to check, and two ways to a run. That of `/runs` belongs to the
 * store: clients come and go, and it outlives the server. That of `GET /check` belongs to its client, and ends with it.
 */
export function createApp(options: AppOptions = {}): LinkCheckApp {
  const { store = new MemoryStore(), keepRunsMs = DAY_MS, maxRuns = 8, runTimeoutMs = 120_000, signal } = options;
  const { onError = () => {}, clock = systemClock } = options;
  const demo = createDemoSite(options.demo);
  const guardedFetch = createGuardedFetch(options.guard);
  let checks = 0;

  /** The app's own demo is asked in process: no address has to be let through the guard, and no request loops back. */
  const fetchFrom = (isOwn: (origin: string) => boolean): Fetch => async (url, init) =>
    isOwn(url.origin) && url.pathname.startsWith(DEMO_PATH)
      ? await demo.fetch(new Request(url, { ...init, redirect: "manual" }))
      : await guardedFetch(url, init);
  const check = { maxLinks: 50, clock, ...options.check };
  const runOptions = { concurrency: LINKS_AT_ONCE, timeoutMs: runTimeoutMs };

  const origins = new OwnOrigins(options.origins);
  const linkCheck = createLinkCheck({ ...check, fetch: fetchFrom((origin) => origins.has(origin)) });
  const runner = new Runner({ workflows: [linkCheck], store, runOptions, onError, clock });
  // There is no `authorize`: whoever knows a run's id may watch and cancel it, and nobody gets a list. That is enough for
  // a server of one's own, since ids cannot be guessed. An app with users asks here whose run it is.
  const serveRuns = createRunsHandler(runner, {
    starts: { [linkCheck.name]: ["fetch-page"] },
    maxRuns,
    describeError: toPublicError,
    onError,
    clock,
  });

  const app = new Hono();
  app.use(secureHeaders(HEADERS));
  for (const [path, { type, text }] of Object.entries(ASSETS)) {
    app.get(path, (c) => c.body(text, 200, { "content-type": type }));
  }
  app.route("/", demo);

  app.post("/runs", async (c) => {
    origins.learn(new URL(c.req.url).origin);
    await forgetRuns(store, clock.now() - keepRunsMs);
    return await serveRuns(c.req.raw);
  });
  for (const path of ["/runs", "/runs/*"]) app.all(path, (c) => serveRuns(c.req.raw));

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
    if (checks >= maxRuns) return problem(c, 429, `All ${maxRuns} runs are taken`, { headers: { "retry-after": "5" } });

    const ownCheck = createLinkCheck({ ...check, fetch: fetchFrom((asked) => asked === origin) });
    const run = ownCheck.stream("fetch-page", input.output, { ...runOptions, captureTrace: false, signal, clock });
    checks += 1;
    const response = eventStreamResponse(run, {
      signal: c.req.raw.signal,
      onDisconnect: "cancel",
      describeError: toPublicError,
      waitUntil: (done) => executionContextOf(c)?.waitUntil(done),
    });
    const release = (): void => void (checks -= 1);
    run.result.then(release, release);
    return response;
  });

  app.notFound((c) => problem(c, 404, "There is nothing at this address"));
  app.onError((error, c) => {
    onError(error);
    return problem(c, 500, "Something went wrong");
  });
  return { app, runner };
}

/** What is wrong with the input, and where: the keys from the outside in. */
function toIssues({ issues }: { readonly issues: readonly v.BaseIssue<unknown>[] }): readonly unknown[] {
  return issues.map(({ message, path = [] }) => ({ path: path.map(({ key }) => key), message }));
}

const DAY_MS = 24 * 60 * 60_000;

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
