import { type Clock, inWholeMs, systemClock } from "../core/clock.ts";
import type { Executor } from "../core/executor.ts";
import type { Any } from "../core/inference.ts";
import { createRunId } from "../core/run_id.ts";
import type { RunStore } from "../core/run_store.ts";
import type { LogSink, StepLogger } from "../core/step_logger.ts";
import type { Migrate, RunSettings, Storage } from "../engine/run_settings.ts";
import { toStoredContext } from "../engine/stored_context.ts";
import { StructuredLogger } from "../logging/structured_logger.ts";
import {
  assertObject,
  assertProperties,
  type Check,
  hasMethods,
  isBoolean,
  isClock,
  isExecutor,
  isFunction,
  isLimit,
  isName,
  isObject,
  isTime,
  isTimer,
  type Refusal,
} from "./assertions.ts";

/** How one run differs from the defaults. */
export interface RunOptions<Context = Any> {
  /**
   * What the context starts with; the run works on a shallow copy. A key that is left out is `undefined` until a step
   * sets it, whatever its type says. Default: empty.
   */
  readonly context?: Partial<Context> | undefined;
  /** How many steps the run may take before it fails with a `StepLimitError`; may be `Infinity`. Default: 10 000. */
  readonly maxSteps?: number | undefined;
  /**
   * Whether the outcome has a trace. Without one a long run keeps no memory of its steps, and the result of a resumed
   * run need not read its past. Default: true.
   */
  readonly captureTrace?: boolean | undefined;
  /** Runs the actions of steps without an executor of their own. Default: the workflow's. */
  readonly executor?: Executor | undefined;
  /** Hears of every step. Default: none. */
  readonly logger?: StepLogger | undefined;
  /** Gets the lines of a `StructuredLogger`, beside `logger` if both are given. Default: none. */
  readonly loggerSink?: LogSink | undefined;
  /** Cancels the run when it aborts, with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** How many actions may run at once; decisions are still taken one at a time. Default: 1. */
  readonly concurrency?: number | undefined;
  /**
   * How long the run may take before it fails with a `RunTimeoutError`, in ms; more than 2³¹ - 1 is no limit. For a
   * resumed run all time since its start counts, even while nobody worked on it; if its time is over, no step starts.
   * Default: no limit.
   */
  readonly timeoutMs?: number | undefined;
  /** The run's id. Default: a random one. */
  readonly runId?: string | undefined;
  /** How many events may wait for a slow reader before logs are dropped and counted. Default: 1 024. */
  readonly maxBufferedEvents?: number | undefined;
  /** How long an ended run waits for actions that ignore their signal, in ms. Default: 1 000. */
  readonly cleanupTimeoutMs?: number | undefined;
  /**
   * Where times and timers come from. Default: the platform. Then a run of quick steps yields the event loop about
   * every 20 ms; with a clock of your own it does not, since time passes only when you say so.
   */
  readonly clock?: Clock | undefined;
  /**
   * Where the run is kept, so that it outlives this process. If the store has a run of this `runId`, that one is
   * continued. Everything that steps are given, return, log and keep in the context has to be JSON then. The context is
   * a view that copies what is touched: to clone or post it as a whole, use `{ ...ctx }`. Default: nowhere.
   */
  readonly store?: RunStore | undefined;
  /**
   * How long the store keeps others off the run without a sign of life, in ms. While an action runs, the lease is
   * renewed in time, and the run looks thirty times per lease whether somebody else has taken it over. If a reader
   * takes longer than this over one event, a runner may recover the run. The clocks of machines that share a store must
   * differ by less. Default: 30 000.
   */
  readonly leaseMs?: number | undefined;
}

/** How a resumed run differs from the defaults. */
export interface ResumeOptions extends Omit<RunOptions, "context" | "runId" | "store"> {
  /** Where the run is kept. */
  readonly store: RunStore;
  /**
   * The `seq` of the last event that the reader has: the events after it are read back first. Default: only events from
   * now on or, if the run has ended, its `run.end`.
   */
  readonly after?: number | undefined;
  /** Adapts the state of a run of another version. Default: such a run is refused. */
  readonly migrate?: Migrate | undefined;
}

const CHECKS: Readonly<Record<string, Check>> = {
  context: isObject,
  maxSteps: (value) => isLimit(value, 1),
  captureTrace: isBoolean,
  executor: isExecutor,
  logger: (value) => hasMethods(value, "log"),
  loggerSink: (value) => hasMethods(value, "write"),
  signal: (value) => hasMethods(value, "addEventListener", "removeEventListener"),
  concurrency: (value) => isLimit(value, 1),
  timeoutMs: isTime,
  runId: isName,
  maxBufferedEvents: (value) => isLimit(value, 1),
  cleanupTimeoutMs: (value) => isLimit(value, 0),
  clock: isClock,
  store: (value) => hasMethods(value, "create", "find", "load", "commit", "events", "claim"),
  leaseMs: isLease,
  after: (value) => isLimit(value, 0),
  migrate: isFunction,
};

/** Asserts that the options of a run are of the right kind, those that there are. */
export function assertRunOptions(options: unknown, name: string): asserts options is RunOptions {
  assertObject(options, name);
  assertProperties(options, CHECKS);
}

/** A lease in ms: a third of it has to be a timer, and its end a time that any store can keep. */
export function isLease(value: unknown): Refusal {
  return isTimer(value, 3);
}

/** What only the engine's own callers ask for, see {@linkcode Storage}. */
export type StorageOptions = Partial<Pick<Storage, "opening" | "claimed" | "onCommitted">>;

/** The options, checked, with every default filled in. */
export function toRunSettings(
  options: RunOptions & Pick<Partial<ResumeOptions>, "after" | "migrate">,
  defaultExecutor: Executor,
  { opening = "either", claimed = null, onCommitted = null }: StorageOptions = {},
): RunSettings {
  assertRunOptions(options, "options");
  const {
    context,
    maxSteps = 10_000,
    captureTrace = true,
    executor: ownExecutor = null,
    logger,
    loggerSink,
    signal = null,
    concurrency = 1,
    timeoutMs = Infinity,
    runId = createRunId(),
    maxBufferedEvents = 1_024,
    cleanupTimeoutMs = 1_000,
    clock = systemClock,
    store,
    leaseMs = 30_000,
    after = null,
    migrate = null,
  } = options;
  const own = { ...context };
  return {
    runId,
    context: own,
    maxSteps,
    captureTrace,
    executor: defaultExecutor,
    ownExecutor,
    loggers: toLoggers(logger, loggerSink, clock),
    signal,
    concurrency,
    timeoutMs,
    maxBufferedEvents,
    cleanupTimeoutMs,
    clock: inWholeMs(clock),
    storage: store === undefined
      ? null
      : { store, context: toStoredContext(own), leaseMs, opening, claimed, after, migrate, onCommitted },
  };
}

const NO_LOGGERS: readonly StepLogger[] = [];

function toLoggers(logger: StepLogger | undefined, sink: LogSink | undefined, clock: Clock): readonly StepLogger[] {
  if (logger === undefined && sink === undefined) return NO_LOGGERS;
  const loggers: StepLogger[] = [];
  if (logger !== undefined) loggers.push(logger);
  if (sink !== undefined) loggers.push(new StructuredLogger(sink, { clock }));
  return loggers;
}
