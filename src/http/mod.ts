/**
 * Runs over HTTP: a web-standard handler that starts runs, streams their events to clients, which may leave and come
 * back, and cancels runs. Use it alone (`Deno.serve(handler)`) or mounted in Hono (`app.mount("/api", handler)`), with
 * a `Runner` in a process that lives as long as its runs. In a Worker nothing happens between requests: use the runs of
 * `./hosts/durable-object` there.
 *
 * @example Usage
 * ```ts
 * import { MemoryStore, Workflow } from "@stepstream/workflow";
 * import { createRunsHandler } from "@stepstream/workflow/http";
 * import { Runner } from "@stepstream/workflow/runner";
 *
 * const greet = new Workflow({ name: "greet" }).add({ name: "greet", action: (_ctx, name) => `Hello, ${name}` });
 * const runner = new Runner({ workflows: [greet], store: new MemoryStore() });
 * const handler = createRunsHandler(runner, {
 *   starts: { greet: ["greet"] },
 *   // Your check of who may do what goes here. Without one, whoever knows a run's id may read and cancel it.
 *   authorize: (request, action) => action.type !== "list" && request.headers.get("authorization") === "Bearer secret",
 * });
 *
 * const response = await handler(
 *   new Request("https://example.com/runs", {
 *     method: "POST",
 *     headers: {
 *       "authorization": "Bearer secret",
 *       "content-type": "application/json",
 *       "accept": "text/event-stream",
 *     },
 *     body: JSON.stringify({ start: "greet", payload: "Ada" }),
 *   }),
 * );
 * console.log(response.headers.get("location"), await response.text());
 * await runner.close();
 * ```
 *
 * @module
 */

export type { CorsOptions } from "./cors.ts";
export { createRunsHandler } from "./runs_handler.ts";
export type { RunsAction, RunsHandlerOptions } from "./runs_handler_options.ts";
export type { RunsHost } from "./runs_host.ts";
