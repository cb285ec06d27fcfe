/**
 * The promises that a store of your own has to keep, as a list of cases for any test runner.
 *
 * @example Usage
 * ```ts
 * import { MemoryStore } from "@stepstream/workflow";
 * import { runStoreCases } from "@stepstream/workflow/testing";
 *
 * // In a test file it is `Deno.test(name, () => run(new YourStore()))`, or `it`, or `test`.
 * for (const { run } of runStoreCases) await run(new MemoryStore());
 * ```
 *
 * @module
 */

export type { RunStoreCase } from "./run_store_case.ts";
export { runStoreCases } from "./run_store_cases.ts";
