import type { Clock } from "../../core/clock.ts";
import type { Any } from "../../core/inference.ts";
import type { Migrate } from "../../engine/run_settings.ts";
import { isTime, isTimer } from "../../workflow/assertions.ts";
import { assertHostingOptions, type HostedRunOptions } from "../../workflow/hosting_options.ts";
import type { Workflow } from "../../workflow/workflow.ts";

/** Options of a `DurableObjectHost`. */
export interface DurableObjectHostOptions {
  /** The workflows whose runs it may get, each with a name of its own. */
  readonly workflows: readonly Workflow<Any, Any, Any, Any>[];
  /** Options of the run, such as `concurrency` and `logger`. Default: the defaults of a run. */
  readonly runOptions?: HostedRunOptions | undefined;
  /** Adapts the state of a run of another version of its workflow. Default: such a run is left alone. */
  readonly migrate?: Migrate | undefined;
  /** How long a run is kept after its end, in ms; then the object deletes all it has stored. Default: a day. */
  readonly keepMs?: number | undefined;
  /**
   * How long one alarm works on the run before the next one continues, in ms. A run that only waits, and for longer
   * than that, leaves memory until it is due. Default: 10 000.
   */
  readonly sliceMs?: number | undefined;
  /** How long a stream may be silent before a sign of life, which finds out who has left, in ms. Default: 5 000. */
  readonly heartbeatMs?: number | undefined;
  /** Called with errors that no caller hears of, such as a run that cannot be continued. Default: none. */
  readonly onError?: ((error: unknown, runId: string | null) => void) | undefined;
  /** Where times and timers come from. Default: the platform. */
  readonly clock?: Clock | undefined;
}

/** Asserts that the options of a host are of the right kind, but for its workflows. */
export function assertDurableObjectHostOptions(options: DurableObjectHostOptions): void {
  assertHostingOptions(options, { keepMs: isTime, sliceMs: isTimer, heartbeatMs: isTimer });
}
