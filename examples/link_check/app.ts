/**
 * The link checker for hosts that take a default export with `fetch`, such as `deno serve`. It stores nothing: its runs
 * live in this process only, so `/runs` and the page need a host that serves all requests in one process. Where
 * requests may reach different processes, use `deploy.ts` on Deno Deploy and `worker.ts` on Cloudflare Workers. On
 * runtimes other than Deno and Workers it refuses every host name but that of its own demo, since it cannot find out
 * where a name leads.
 *
 * @module
 */

import type { Hono } from "hono";
import { createApp } from "./create_app.ts";
import { guardForRuntime } from "./guard_for_runtime.ts";

const { app }: { readonly app: Hono } = createApp({ guard: guardForRuntime(globalThis), keepRunsMs: 10 * 60_000 });

export default app;
