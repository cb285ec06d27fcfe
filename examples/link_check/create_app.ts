import { MemoryStore, type RunStore, systemClock } from "@stepstream/workflow";
import { Runner } from "@stepstream/workflow/runner";
import type { Hono } from "hono";
import { createRoutes, type RoutesOptions } from "./create_routes.ts";
import { forgetRuns } from "./forget_runs.ts";
import { createLinkChecks, type LinkChecksOptions } from "./link_checks.ts";

/** Options of {@linkcode createApp}. */
export interface AppOptions extends LinkChecksOptions, Omit<RoutesOptions, "beforeStart" | "clock"> {
  /** Where the runs of `/runs` are kept. Default: in memory. */
  readonly store?: RunStore;
  /** How long the store keeps others off a run without a sign of life, in ms. Default: that of a `Runner`. */
  readonly leaseMs?: number;
  /** How long a run is kept after its end, in ms. Default: a day. */
  readonly keepRunsMs?: number;
}

/** What {@linkcode createApp} makes. */
export interface LinkCheckApp {
  /** Answers requests. */
  readonly app: Hono;
  /** Owns the runs of `/runs`. Whoever serves the app recovers them at the start, and closes the runner at the end. */
  readonly runner: Runner;
}

/**
 * The link checker as a web app whose runs belong to a store: clients come and go, and runs outlive the process that
 * started them.
 */
export function createApp(options: AppOptions = {}): LinkCheckApp {
  const { store = new MemoryStore(), leaseMs, keepRunsMs = DAY_MS, onError, clock = systemClock } = options;
  const checks = createLinkChecks(options);
  const { linkCheck, runOptions } = checks;
  const runner = new Runner({ workflows: [linkCheck], store, runOptions, leaseMs, onError, clock });
  const beforeStart = (): Promise<void> => forgetRuns(store, clock.now() - keepRunsMs);
  return { app: createRoutes(runner, checks, { ...options, beforeStart }), runner };
}

const DAY_MS = 24 * 60 * 60_000;
