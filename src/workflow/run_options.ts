import { type Clock, systemClock } from "../core/clock.ts";
import type { Executor } from "../core/executor.ts";
import type { Any } from "../core/inference.ts";
import { createRunId } from "../core/run_id.ts";
import type { LogSink, StepLogger } from "../core/step_logger.ts";
import type { RunSettings } from "../engine/run_settings.ts";
import { StructuredLogger } from "../logging/structured_logger.ts";
import { assertExecutor, assertLimit, assertMethods, assertName, assertObject, describe } from "./assertions.ts";

/** How one run differs from the defaults. */
export interface RunOptions<Context = Any> {
  /**
   * What the context starts with. The run works on a shallow copy. What is left out is `undefined` until a step sets it,
   * whatever the type says. Default: empty.
   */
  readonly context?: Partial<Context> | undefined;
  /** How many steps the run may do before it fails with `StepLimitError`; `Infinity` for no limit. Default: 10 000. */
  readonly maxSteps?: number | undefined;
  /** Whether the outcome has a trace; without it a long run keeps nothing. Default: true. */
  readonly captureTrace?: boolean | undefined;
  /** Runs the actions of steps without an executor of their own. Default: the workflow's. */
  readonly executor?: Executor | undefined;
  /** Hears of every step. Default: none. */
  readonly logger?: StepLogger | undefined;
  /** Gets the lines of a `StructuredLogger`, beside `logger` if both are given. Default: none. */
  readonly loggerSink?: LogSink | undefined;
  /** Cancels the run when it aborts, with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** How many actions may be at work at once. Default: 1; for now more is refused with a `RangeError`. */
  readonly concurrency?: number | undefined;
  /** The run's id. Default: a random one. */
  readonly runId?: string | undefined;
  /** How many events may wait for a slow reader before its logs are dropped (and counted). Default: 1 024. */
  readonly maxBufferedEvents?: number | undefined;
  /** How long an ended run waits for actions that do not heed their signal, in ms. Default: 1 000. */
  readonly cleanupTimeoutMs?: number | undefined;
  /** Where times and timers come from. Default: the platform. */
  readonly clock?: Clock | undefined;
}

/** The options, checked, with every default filled in. */
export function toRunSettings(options: RunOptions, defaultExecutor: Executor): RunSettings {
  assertObject(options, "options");
  const { context, executor, logger, loggerSink, signal, runId, captureTrace } = options;
  const {
    maxSteps = 10_000,
    concurrency = 1,
    maxBufferedEvents = 1_024,
    cleanupTimeoutMs = 1_000,
    clock = systemClock,
  } = options;
  if (context !== undefined) assertObject(context, "context");
  assertLimit(maxSteps, "maxSteps", 1);
  assertLimit(concurrency, "concurrency", 1);
  if (concurrency > 1) throw new RangeError(`Cannot take concurrency: steps run one at a time: ${concurrency}`);
  assertLimit(maxBufferedEvents, "maxBufferedEvents", 1);
  assertLimit(cleanupTimeoutMs, "cleanupTimeoutMs", 0);
  if (captureTrace !== undefined && typeof captureTrace !== "boolean") {
    throw new TypeError(`Cannot take captureTrace: expected a boolean: ${describe(captureTrace)}`);
  }
  if (executor !== undefined) assertExecutor(executor);
  if (logger !== undefined) assertMethods(logger, "logger", ["log"]);
  if (loggerSink !== undefined) assertMethods(loggerSink, "loggerSink", ["write"]);
  if (signal !== undefined) assertMethods(signal, "signal", ["addEventListener", "removeEventListener"]);
  if (clock !== systemClock) assertMethods(clock, "clock", ["now", "setTimeout", "clearTimeout"]);
  if (runId !== undefined) assertName(runId, "runId");
  return {
    runId: runId ?? createRunId(),
    context: { ...context },
    maxSteps,
    captureTrace: captureTrace ?? true,
    executor: executor ?? defaultExecutor,
    loggers: toLoggers(logger, loggerSink, clock),
    signal: signal ?? null,
    maxBufferedEvents,
    cleanupTimeoutMs,
    clock,
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
