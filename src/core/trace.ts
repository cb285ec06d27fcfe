/** What is kept of a step in a run's trace. It holds no times, so that equal runs have equal traces. */
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
  /** How often the action was tried. */
  readonly attempts: number;
  /** How many tokens waited when the step was done. */
  readonly queueLengthAfter: number;
  /** The steps around it, outermost first, if it is a step of a workflow inside the workflow; else it is not there. */
  readonly path?: readonly string[];
}
