import { type Clock, systemClock } from "../core/clock.ts";
import type { Result } from "../core/result.ts";
import { assertSink, type LogSink, type StepLogger } from "../core/step_logger.ts";
import { toText } from "../core/to_text.ts";
import { toJsonLine, toPrintableJson } from "./printable.ts";
import type { LoggerOptions } from "./logger_options.ts";

/**
 * Writes one JSON object per line: `{"timestamp":…,"step":…,"event":…,"data":…}` for an event,
 * `{"timestamp":…,"step":…,"payload":…,"result":…,"error":…}` for a step. What JSON cannot hold is put into words.
 */
export class JsonLogger implements StepLogger {
  readonly #sink: LogSink;
  readonly #clock: Pick<Clock, "now">;

  /**
   * Makes a logger that writes to the sink, with one `write` per line.
   *
   * @throws {TypeError} If the sink has no method `write`.
   */
  constructor(sink: LogSink, options: LoggerOptions = {}) {
    assertSink(sink);
    this.#sink = sink;
    this.#clock = options.clock ?? systemClock;
  }

  /** Writes the step's line; `error` is `null` or `String(error)`. */
  log(stepName: string, payload: unknown, result: Result): unknown {
    return this.#write({
      step: stepName,
      payload: toPrintableJson(payload),
      result: toPrintableJson(result.value),
      error: result.ok ? null : toText(result.error),
    });
  }

  /** Writes the event's line; without data it has no `data`. */
  event(stepName: string, name: string, data: unknown): unknown {
    const fields = { step: stepName, event: name };
    return this.#write(data === undefined ? fields : { ...fields, data: toPrintableJson(data) });
  }

  #write(fields: object): unknown {
    const timestamp = new Date(this.#clock.now()).toISOString();
    return this.#sink.write(`${toJsonLine({ timestamp, ...fields })}\n`);
  }
}
