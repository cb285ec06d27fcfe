import { type Clock, type RunOptions, systemClock } from "@stepstream/workflow";
import type { Hono } from "hono";
import { createDemoSite, DEMO_PATH, type DemoSiteOptions } from "./demo_site.ts";
import { createGuardedFetch, type GuardOptions } from "./guarded_fetch.ts";
import { createLinkCheck, type LinkCheck, type LinkCheckOptions, LINKS_AT_ONCE } from "./workflow.ts";

/** Options of {@linkcode createLinkChecks}. */
export interface LinkChecksOptions {
  /** How the checker's `fetch` is guarded. Default: only public addresses, names are not looked up. */
  readonly guard?: GuardOptions;
  /** How links are checked. Default: 50 links, and the workflow's defaults. */
  readonly check?: Omit<LinkCheckOptions, "fetch">;
  /** How the demo site behaves. */
  readonly demo?: DemoSiteOptions;
  /** How long a run may take, in ms: a client who stops reading must not hold its place for ever. Default: 120 000. */
  readonly runTimeoutMs?: number;
  /** Where times and timers come from. Default: the platform. */
  readonly clock?: Clock;
}

/** What the app needs to check links, wherever its runs are. */
export interface LinkChecks {
  readonly linkCheck: LinkCheck;
  /** The demo site, which it can check without the internet. */
  readonly demo: Hono;
  /** Options of every run. */
  readonly runOptions: Required<Pick<RunOptions, "concurrency" | "timeoutMs">>;
}

/** The workflow of the app with all it needs. */
export function createLinkChecks(options: LinkChecksOptions = {}): LinkChecks {
  const { runTimeoutMs = 120_000, clock = systemClock } = options;
  const demo = createDemoSite(options.demo);
  const guardedFetch = createGuardedFetch(options.guard);
  const linkCheck = createLinkCheck({
    maxLinks: 50,
    clock,
    ...options.check,
    // The app's own demo is asked in process: no address has to be let through the guard, and no request loops back.
    fetch: async (url, init, origins) =>
      origins.includes(url.origin) && url.pathname.startsWith(DEMO_PATH)
        ? await demo.fetch(new Request(url, { ...init, redirect: "manual" }))
        : await guardedFetch(url, init),
  });
  return { linkCheck, demo, runOptions: { concurrency: LINKS_AT_ONCE, timeoutMs: runTimeoutMs } };
}
