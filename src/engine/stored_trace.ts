import { describedText, describeError } from "../core/describe_error.ts";
import type { WorkflowEvent } from "../core/events.ts";
import type { TraceEntry } from "../core/trace.ts";

/** An entry that counts only once the step around it is done: till then a crash makes it void. */
interface Tentative {
  readonly entry: TraceEntry;
  /** The token of the outermost step around it, `null` if there is none. */
  readonly around: number | null;
}

/** Makes the trace of a run from the events that a store has of it. */
export class StoredTrace {
  #entries: Tentative[] = [];
  /** By the token of a run inside a step, the token of the outermost step around it. */
  readonly #arounds = new Map<number, number>();
  readonly #done = new Set<number>();

  get entries(): TraceEntry[] {
    return this.#entries.filter(this.#counts).map(({ entry }) => entry);
  }

  /** Takes in the next event. */
  add(event: WorkflowEvent): void {
    if (event.type === "step.start" && event.path !== undefined && event.parent !== null) {
      this.#arounds.set(event.token, this.#arounds.get(event.parent) ?? event.parent);
    } else if (event.type === "run.resume") {
      this.#entries = this.#entries.filter(this.#counts);
    } else if (event.type === "step.result") {
      const { token, step, payload: payloadIn, result, attempt: attempts, queueLength: queueLengthAfter, path } = event;
      const { ok, value } = result;
      const error = ok ? null : describedText(describeError(result.error));
      const entry = { token, step, ok, payloadIn, value, error, attempts, queueLengthAfter };
      this.#entries.push({
        entry: path === undefined ? entry : { ...entry, path },
        around: this.#arounds.get(token) ?? null,
      });
      if (path === undefined) this.#done.add(token);
    }
  }

  readonly #counts = ({ around }: Tentative): boolean => around === null || this.#done.has(around);
}
