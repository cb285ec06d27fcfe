/**
 * Runs `deno doc --lint` on every entry point of the package, so that none can be forgotten in a list.
 *
 * @module
 */

import { readEntryPoints } from "./entry_points.ts";

const { code } = await new Deno.Command("deno", { args: ["doc", "--lint", ...await readEntryPoints()] }).spawn().status;
Deno.exit(code);
