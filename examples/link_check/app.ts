/**
 * The link checker for `deno serve`, Deno Deploy and Cloudflare Workers, which take a default export with `fetch`. On
 * any other runtime it refuses every host name but that of its own demo: it cannot tell there where a name leads.
 *
 * @module
 */

import type { Hono } from "hono";
import { createApp } from "./create_app.ts";
import { guardForRuntime } from "./guard_for_runtime.ts";

const app: Hono = createApp({ guard: guardForRuntime(globalThis) });

export default app;
