/** One step in a run's trace. It holds no times, so that equal runs have equal traces. */
export interface TraceEntry {
  /** The token's id. */
  readonly token: number;
  /** The step's name. */
  readonly step: string;
  /** Whether the action succeeded. */
  readonly ok: boolean;
  /** The token's payload. */
  readonly payloadIn: unknown;
  /** The step's value, `null` if it failed. */
  readonly value: unknown;
  /** `null`, or `String(error)`. */
  readonly error: string | null;
  /** How many attempts the action took. */
  readonly attempts: number;
  /** How many tokens waited in the queue when the step had finished. */
  readonly queueLengthAfter: number;
  /** For a step of an inner workflow, the steps that enclose it, outermost first; otherwise absent. */
  readonly path?: readonly string[];
}
