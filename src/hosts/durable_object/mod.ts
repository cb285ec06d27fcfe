/**
 * Runs in Cloudflare Durable Objects: one object per run, with its state and its events in the object's storage. Alarms
 * drive the run, any number of readers follow it, and it outlives them, the object's eviction and the death of its
 * process.
 *
 * List the class of the objects in `new_sqlite_classes`, and give the Worker the compatibility flag
 * `enable_request_signal`: without it nobody learns that a reader has left.
 *
 * @example Usage
 * ```ts
 * import { Workflow } from "@stepstream/workflow";
 * import {
 *   DurableObjectHost,
 *   DurableObjectRuns,
 *   type RunObjectNamespace,
 *   type RunObjectState,
 * } from "@stepstream/workflow/hosts/durable-object";
 * import { createRunsHandler } from "@stepstream/workflow/http";
 *
 * const greet = new Workflow({ name: "greet" }).add({ name: "greet", action: (_ctx, name) => `Hello, ${name}` });
 *
 * // It may as well extend `DurableObject` of `cloudflare:workers`.
 * export class GreetRun {
 *   readonly #host: DurableObjectHost;
 *
 *   constructor(ctx: RunObjectState) {
 *     this.#host = new DurableObjectHost(ctx, { workflows: [greet] });
 *   }
 *
 *   fetch(request: Request): Promise<Response> {
 *     return this.#host.fetch(request);
 *   }
 *
 *   alarm(info?: { readonly scheduledTime?: number }): Promise<void> {
 *     return this.#host.alarm(info);
 *   }
 * }
 *
 * export default {
 *   fetch: (request: Request, env: { readonly RUNS: RunObjectNamespace }) =>
 *     createRunsHandler(new DurableObjectRuns(env.RUNS, { workflows: [greet] }), { heartbeatMs: 5_000 })(request),
 * };
 * ```
 *
 * @module
 */

export type { HostedRunOptions } from "../../workflow/hosting_options.ts";
export { DurableObjectHost } from "./durable_object_host.ts";
export type { DurableObjectHostOptions } from "./durable_object_host_options.ts";
export { DurableObjectRuns, type DurableObjectRunsOptions } from "./durable_object_runs.ts";
export type { RunObjectNamespace, RunObjectState, RunObjectStorage, RunObjectStub } from "./object_handles.ts";
