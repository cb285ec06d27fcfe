import type { Clock } from "../../core/clock.ts";
import type { Any } from "../../core/inference.ts";
import type { Migrate } from "../../engine/run_settings.ts";
import { isTime, isTimer } from "../../workflow/assertions.ts";
import { assertHostingOptions, type HostedRunOptions } from "../../workflow/hosting_options.ts";
import type { Workflow } from "../../workflow/workflow.ts";

/** Options of a `DurableObjectHost`. */
export interface DurableObjectHostOptions {
  /** The workflows whose runs it may get, each of a name of its own. */
  readonly workflows: readonly Workflow<Any, Any, Any, Any>[];
  /** Options of the run, such as `concurrency` and `logger`. Default: the defaults of a run. */
  readonly runOptions?: HostedRunOptions | undefined;
  /** Makes the state of a run of another version of its workflow fit this one. Default: it is left alone. */
  readonly migrate?: Migrate | undefined;
  /** How long a run is kept after its end, in ms; then all that the object has stored is deleted. Default: a day. */
  readonly keepMs?: number | undefined;
  /**
   * How long an alarm works on the run before the next one does, in ms. A run that only waits, for longer than that, is
   * let go of until it is due. Default: 10 000.
   */
  readonly sliceMs?: number | undefined;
  /** How often a silent reader is sent a sign of life, in ms; one who has left is missed then. Default: 5 000. */
  readonly heartbeatMs?: number | undefined;
  /** Hears of what goes wrong with nobody to tell: a run that cannot be gone on with, for one. Default: nobody. */
  readonly onError?: ((error: unknown, runId: string | null) => void) | undefined;
  /** Where times and timers come from. Default: the platform. */
  readonly clock?: Clock | undefined;
}

/** Asserts that the options of a host are of the right kind, but for its workflows. */
export function assertDurableObjectHostOptions(options: DurableObjectHostOptions): void {
  assertHostingOptions(options, { keepMs: isTime, sliceMs: isTimer, heartbeatMs: isTimer });
}
