/**
 * The link checker for `deno serve`, Deno Deploy, Workers and Bun: whatever takes a default export with `fetch`.
 *
 * @module
 */

import type { Hono } from "hono";
import { createApp } from "./create_app.ts";

const app: Hono = createApp();

export default app;
