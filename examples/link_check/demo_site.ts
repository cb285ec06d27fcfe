import { type Clock, systemClock } from "@stepstream/workflow";
import { type Context, Hono } from "hono";
import indexPage from "./demo_page.html" with { type: "text" };

/** Options of {@linkcode createDemoSite}. */
export interface DemoSiteOptions {
  /** How long a page takes, in ms, so that a run can be watched. Default: 300. */
  readonly paceMs?: number;
  /** How long the slow page takes, in ms. Default: 1 500. */
  readonly slowMs?: number;
  /** The `Retry-After` of the busy page, in seconds. Default: 2. */
  readonly retryAfterSeconds?: number;
  /** Called with the path of a request whose client left before the answer. */
  readonly onAbandoned?: (path: string) => void;
  /** Where the waiting comes from. Default: the platform. */
  readonly clock?: Clock;
}

/** Where the demo site is, below the origin that serves it. */
export const DEMO_PATH = "/demo/";

/** A small site with good, moved, busy, broken and slow links, to check without the internet. */
export function createDemoSite(options: DemoSiteOptions = {}): Hono {
  const { paceMs = 300, slowMs = 1_500, retryAfterSeconds = 2, onAbandoned, clock = systemClock } = options;
  let isBusy = false;
  const after = async (ms: number, c: Context, answer: () => Response | Promise<Response>): Promise<Response> => {
    const isAbandoned = await waitFor(ms, c.req.raw.signal, clock);
    if (isAbandoned) onAbandoned?.(c.req.path);
    return answer();
  };

  /** Turns away every other request, which is what a run meets at a busy server, without the crowd. */
  const answerBusily = (c: Context): Response | Promise<Response> => {
    isBusy = !isBusy;
    return isBusy ? c.body(null, 429, { "retry-after": `${retryAfterSeconds}` }) : c.html(article("The tickets"));
  };

  return new Hono().basePath(DEMO_PATH)
    .get("/", (c) => after(paceMs, c, () => c.html(indexPage)))
    .get("/guide", (c) => after(paceMs, c, () => c.html(article("The guide"))))
    .get("/team", (c) => after(paceMs, c, () => c.html(article("The team"))))
    .get("/quotes", (c) => after(paceMs, c, () => c.html(article("Quotes"))))
    .get("/download", (c) => after(paceMs, c, () => c.req.method === "HEAD" ? c.body(null, 405) : c.text("A file")))
    .get("/old-guide", (c) => after(paceMs, c, () => c.redirect("guide", 301)))
    .get("/tickets", (c) => after(paceMs, c, () => answerBusily(c)))
    .get("/archive", (c) => after(slowMs, c, () => c.html(article("The archive"))))
    .get("/broken", (c) => after(paceMs, c, () => c.html(article("Something went wrong"), 500)))
    .get("*", (c) => after(paceMs, c, () => c.html(article("There is no such page"), 404)));
}

/** Waits, but no longer than somebody wants the answer; answers whether they left. */
function waitFor(ms: number, signal: AbortSignal, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const leave = () => {
      clock.clearTimeout(timer);
      resolve(true);
    };
    const timer = clock.setTimeout(() => {
      signal.removeEventListener("abort", leave);
      resolve(false);
    }, ms);
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  });
}

function article(title: string): string {
  return `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>${title}</title>
  <link rel="icon" href="/favicon.svg">
  <h1>${title}</h1>
  <p><a href="./">Back to the demo site</a></p>
</html>
`;
}
