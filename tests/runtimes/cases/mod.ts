/**
 * What the runtimes load: the cases, and the site for the cases about a network.
 *
 * @module
 */

export { runCase } from "./run_case.ts";
export { serveSite } from "./site.ts";
