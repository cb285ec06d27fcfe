import { assertProperties, type Check, isClock, isFunction } from "./assertions.ts";
import { assertRunOptions, type RunOptions } from "./run_options.ts";

/** Options of every run of a `Runner` or a host, except those that are its own business. */
export type HostedRunOptions = Omit<RunOptions, "context" | "runId" | "store" | "signal" | "leaseMs" | "clock">;

/** Asserts that the options of an owner of runs are of the right kind: its own ones by `checks`, and those of all. */
export function assertHostingOptions(
  options: { readonly runOptions?: HostedRunOptions | undefined },
  checks: Readonly<Record<string, Check>>,
): void {
  assertProperties(options, { ...checks, migrate: isFunction, onError: isFunction, clock: isClock });
  if (options.runOptions !== undefined) assertRunOptions(options.runOptions, "runOptions");
}
