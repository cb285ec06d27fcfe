/**
 * Follows a run on a server from elsewhere: in browsers, Deno, Node and Bun. It survives what makes a browser's
 * `EventSource` give up, and neither loses nor repeats an event. An event may be some 16 million characters long.
 *
 * @example Usage
 * ```ts
 * import { Workflow } from "@stepstream/workflow";
 * import { followRun } from "@stepstream/workflow/client";
 * import { eventStreamResponse } from "@stepstream/workflow/sse";
 *
 * const workflow = new Workflow().add({ name: "greet", action: (_ctx, name) => `Hello, ${name}` });
 *
 * // Stands in for a server. Without it, the URL is fetched.
 * const fetch = () => eventStreamResponse(workflow.stream("greet", "Ada"));
 *
 * for await (const event of followRun("https://example.com/runs/r-1/events", { fetch })) {
 *   console.log(event.seq, event.type);
 * }
 * ```
 *
 * @module
 */

export type { FollowFetch, FollowHeaders } from "./connection.ts";
export { FollowError, type FollowErrorOptions } from "./follow_error.ts";
export { type FollowOptions, followRun } from "./follow_run.ts";
export type { FollowedRun, FollowState } from "./run_follower.ts";
