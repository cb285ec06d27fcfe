import { type Clock, systemClock } from "../core/clock.ts";
import type { Result } from "../core/result.ts";
import { assertSink, type LogSink, type StepLogger } from "../core/step_logger.ts";
import { toText } from "../core/to_text.ts";
import type { LoggerOptions } from "./logger_options.ts";
import { toJsonLine, toPrintable, toPrintableJson } from "./printable.ts";

/** A name that needs no quotes: nothing in it could be read as a separator, a quote or a line's end. */
const BARE = /^[\w.:/@+-]+$/;

/** The fields the logger writes itself; data of these names is quoted, so that it cannot pass for them. */
const OWN_FIELDS: readonly string[] = ["timestamp", "step", "event"];

/**
 * Writes one line of `key=value` pairs per step and per logged event, values as JSON:
 * `timestamp=2024-01-01T10:00:00.000Z step=fetch event=start payload={"batch":"B-1"}`.
 *
 * @example Usage
 * ```ts
 * import { StructuredLogger, Workflow } from "@stepstream/workflow";
 *
 * const lines: string[] = [];
 * const logger = new StructuredLogger({ write: (line) => lines.push(line) });
 * await new Workflow().add({ name: "greet", action: () => "hello" }).run("greet", undefined, { logger });
 * ```
 */
export class StructuredLogger implements StepLogger {
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

  /** Writes the step's line: `timestamp=… step=… payload=… result=… error=…`; without an error `error=null`. */
  log(stepName: string, payload: unknown, result: Result): unknown {
    const error = result.ok ? "null" : toPrintable(toText(result.error));
    return this.#write(
      `step=${toName(stepName)} payload=${toPrintable(payload)} result=${toPrintable(result.value)} error=${error}`,
    );
  }

  /** Writes the event's line: `timestamp=… step=… event=…`, then the data's properties, or `data=…` if it has none. */
  event(stepName: string, name: string, data: unknown): unknown {
    return this.#write(`step=${toName(stepName)} event=${toName(name)}${toFields(data)}`);
  }

  #write(fields: string): unknown {
    return this.#sink.write(`timestamp=${new Date(this.#clock.now()).toISOString()} ${fields}\n`);
  }
}

function toFields(data: unknown): string {
  if (data === undefined) return "";
  const json = toPrintableJson(data);
  if (typeof json !== "object" || json === null || Array.isArray(json)) return ` data=${toJsonLine(json)}`;
  return Object.entries(json).map(([key, value]) => ` ${toKey(key)}=${toJsonLine(value)}`).join("");
}

function toName(name: string): string {
  return BARE.test(name) ? name : toPrintable(name);
}

function toKey(key: string): string {
  return OWN_FIELDS.includes(key) ? toPrintable(key) : toName(key);
}
