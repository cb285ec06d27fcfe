/**
 * The link checker on Cloudflare Workers: the same page and routes as `server.ts`, with every run of `/runs` in a
 * Durable Object of its own. `npx wrangler deploy` in this folder puts it online, see `wrangler.jsonc`.
 *
 * Host names need no look-up here: a Worker fetches from the public internet only, and with
 * `global_fetch_strictly_public` its own zone as well.
 *
 * @module
 */

import {
  DurableObjectHost,
  DurableObjectRuns,
  type RunObjectNamespace,
  type RunObjectState,
} from "@stepstream/workflow/hosts/durable-object";
import type { Hono } from "hono";
import { createRoutes } from "./create_routes.ts";
import { createLinkChecks } from "./link_checks.ts";

/** What `wrangler.jsonc` binds. */
export interface Env {
  readonly RUNS: RunObjectNamespace;
}

/** A client that has left is noticed at the next sign of life. */
const HEARTBEAT_MS = 5_000;

const checks = createLinkChecks();
const workflows = [checks.linkCheck];
const onError = (error: unknown): void => {
  // Workers keep what is written to the console.
  // deno-lint-ignore no-console
  console.error(error);
};

/** A run, in its Durable Object. */
export class LinkRun {
  readonly #host: DurableObjectHost;

  constructor(ctx: RunObjectState) {
    const { runOptions } = checks;
    this.#host = new DurableObjectHost(ctx, { workflows, runOptions, heartbeatMs: HEARTBEAT_MS, onError });
  }

  fetch(request: Request): Promise<Response> {
    return this.#host.fetch(request);
  }

  alarm(info?: { readonly scheduledTime?: number }): Promise<void> {
    return this.#host.alarm(info);
  }
}

/** Made at the first request, which brings the bindings. */
let app: Hono | null = null;

export default {
  fetch(request: Request, env: Env, ctx: Parameters<Hono["fetch"]>[2]): Response | Promise<Response> {
    app ??= createRoutes(new DurableObjectRuns(env.RUNS, { workflows }), checks, {
      heartbeatMs: HEARTBEAT_MS,
      onError,
    });
    return app.fetch(request, env, ctx);
  },
};
