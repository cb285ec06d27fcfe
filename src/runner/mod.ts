/**
 * Runs that belong to a store and not to a reader: start one, follow it from anywhere, cancel it, and take over the
 * runs of processes that have died.
 *
 * @example Usage
 * ```ts
 * import { MemoryStore, Workflow } from "@stepstream/workflow";
 * import { Runner } from "@stepstream/workflow/runner";
 *
 * const greet = new Workflow({ name: "greet" }).add({ name: "greet", action: (_ctx, name) => `Hello, ${name}` });
 * const runner = new Runner({ workflows: [greet], store: new MemoryStore() });
 *
 * const { runId } = await runner.start("greet", "greet", "Ada");
 * for await (const event of runner.follow(runId)) console.log(event.seq, event.type);
 * await runner.close();
 * ```
 *
 * @module
 */

export type { HostedRunOptions } from "../workflow/hosting_options.ts";
export { Runner } from "./runner.ts";
export type {
  CloseOptions,
  FollowOptions,
  RecoverOptions,
  RunnerOptions,
  StartedRun,
  StartOptions,
} from "./runner_options.ts";
