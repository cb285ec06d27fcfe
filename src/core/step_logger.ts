import type { Result } from "./result.ts";

/** Hears of every step of a run. If it throws, the run goes on. */
export interface StepLogger {
  /** Called once per step, after its action and its decision. */
  log(stepName: string, payload: unknown, result: Result): void;
  /** Called at once for every `log.event(name, data)` of an action or a decision. */
  event?(stepName: string, name: string, data: unknown): void;
}

/** Where a logger writes its lines: a file, `process.stdout`, an array. */
export interface LogSink {
  /** Takes one line, including its line feed. If it throws or rejects, the run tells a `step.log` `logger.failed`. */
  write(text: string): unknown;
}

/** What actions and decisions log with. */
export interface StepLogHelper {
  /** Tells the run's loggers at once, and its readers as a `step.log` event. */
  event(name: string, data?: unknown): void;
}

/** Asserts that lines can be written to the value. */
export function assertSink(value: unknown): asserts value is LogSink {
  if (typeof (value as Partial<LogSink> | null | undefined)?.write !== "function") {
    throw new TypeError(`Cannot log: expected a sink with a method "write": ${typeof value}`);
  }
}
