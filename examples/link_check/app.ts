/**
 * The link checker for `deno serve`, Deno Deploy, Workers and Bun: whatever takes a default export with `fetch`.
 *
 * @module
 */

import type { Hono } from "hono";
import { createApp } from "./create_app.ts";
import { resolveHost } from "./resolve_host.ts";

// Workers cannot look names up: there the guard has only the name to go by, and nothing private to reach.
const app: Hono = createApp("Deno" in globalThis ? { guard: { resolve: resolveHost } } : {});

export default app;
