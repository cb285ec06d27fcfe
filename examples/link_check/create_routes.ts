import { type Clock, systemClock } from "@stepstream/workflow";
import { createRunsHandler, type RunsHost } from "@stepstream/workflow/http";
import type { StartedRun, StartOptions } from "@stepstream/workflow/runner";
import { eventStreamResponse } from "@stepstream/workflow/sse";
import { type Context, Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import * as v from "valibot";
import { checkInputSchema } from "./check_input.ts";
import { DEMO_PATH } from "./demo_site.ts";
import type { LinkChecks } from "./link_checks.ts";
import { OwnOrigins } from "./own_origins.ts";
import { ASSETS } from "./page/assets.ts";
import { problem } from "./problem.ts";
import { toPublicError } from "./public_error.ts";

/** The owner of the runs of `/runs`: a `Runner`, or what takes its place on another platform. */
export interface AppRuns extends RunsHost {
  start(workflow: string, start: string, payload?: unknown, options?: StartOptions): Promise<StartedRun>;
}

/** Options of {@linkcode createRoutes}. */
export interface RoutesOptions {
  /**
   * Where clients find the app, e.g. `http://127.0.0.1:8000`: a run on its own demo site asks it in process. Default:
   * where they have started runs.
   */
  readonly origins?: readonly string[] | undefined;
  /** How many runs may go on at once, of `/runs` and of `/check` each. Default: 8. */
  readonly maxRuns?: number | undefined;
  /** Cancels every run of `/check` when it aborts: the server is shutting down. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** Called before a run is started. Default: nothing happens. */
  readonly beforeStart?: () => Promise<void>;
  /** How long a stream may be silent, in ms. Default: what suits a server. */
  readonly heartbeatMs?: number;
  /** Called with errors that clients are not told of. Default: none. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Where times and timers come from. Default: the platform. */
  readonly clock?: Clock | undefined;
}

/**
 * The routes of the link checker: a page, a demo site to check, and two kinds of runs. Those of `/runs` belong to their
 * owner: clients come and go. A run of `GET /check` belongs to its client, and ends with it.
 */
export function createRoutes(runs: AppRuns, { linkCheck, demo, runOptions }: LinkChecks, options: RoutesOptions): Hono {
  const { maxRuns = 8, signal, beforeStart = () => Promise.resolve(), heartbeatMs } = options;
  const { onError = () => {}, clock = systemClock } = options;
  const origins = new OwnOrigins(options.origins);
  let checks = 0;

  // There is no `authorize`: whoever knows a run's id may watch and cancel it, and nobody gets a list. That is enough
  // for a server of one's own, since ids cannot be guessed. An app with users asks here whose run it is.
  const serveRuns = createRunsHandler(rememberingOrigins(runs, origins), {
    starts: { [linkCheck.name]: ["fetch-page"] },
    maxRuns,
    heartbeatMs,
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
    await beforeStart();
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

    const own = { context: { origins: [origin] }, captureTrace: false, signal, clock };
    const run = linkCheck.stream("fetch-page", input.output, { ...runOptions, ...own });
    checks += 1;
    const response = eventStreamResponse(run, {
      signal: c.req.raw.signal,
      onDisconnect: "cancel",
      heartbeatMs,
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
  return app;
}

/** The runs, each of which remembers the app's address: it may continue where nobody has asked for the app yet. */
function rememberingOrigins(runs: AppRuns, origins: OwnOrigins): RunsHost {
  return {
    get workflows() {
      return runs.workflows;
    },
    get activeRuns() {
      return runs.activeRuns;
    },
    start: (workflow, start, payload, options) =>
      runs.start(workflow, start, payload, { ...options, context: { origins: origins.all } }),
    follow: (runId, options) => runs.follow(runId, options),
    cancel: (runId) => runs.cancel(runId),
    get: (runId) => runs.get(runId),
    list: (query) => runs.list(query),
  };
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
