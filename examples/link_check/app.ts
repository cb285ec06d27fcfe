/**
 * The link checker for hosts that take a default export with `fetch`, `deno serve` for one. It has no file: its runs
 * live as long as the process, and only there, so `/runs` and the page need a host that keeps one process between
 * requests. Where each request may meet another one, that is `deploy.ts` on Deno Deploy and `worker.ts` on Cloudflare
 * Workers. On any runtime but those two it refuses every host name but that of its own demo: it cannot tell there where
 * a name leads.
 *
 * @module
 */

import type { Hono } from "hono";
import { createApp } from "./create_app.ts";
import { guardForRuntime } from "./guard_for_runtime.ts";

const { app }: { readonly app: Hono } = createApp({ guard: guardForRuntime(globalThis), keepRunsMs: 10 * 60_000 });

export default app;
