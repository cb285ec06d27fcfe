import { describedText, describeError } from "../core/describe_error.ts";
import type { StepResultEvent, WorkflowEvent } from "../core/events.ts";
import type { TraceEntry } from "../core/trace.ts";

/** An attempt at a step that a workflow runs inside of. Until it is over, a crash makes void what is done there. */
interface OutermostAttempt {
  isOver: boolean;
}

interface Tentative {
  readonly entry: TraceEntry;
  /** `null` for a step that is inside no other. */
  readonly around: OutermostAttempt | null;
}

/** Makes the trace of a run from the events that a store has of it. */
export class StoredTrace {
  #entries: Tentative[] = [];
  /** By the token of a run inside a step, the token of the outermost step around it. */
  readonly #outermost = new Map<number, number>();
  /** By the token of an outermost step, what is not over of it. */
  readonly #open = new Map<number, OutermostAttempt>();

  get entries(): TraceEntry[] {
    return this.#entries.filter(counts).map(({ entry }) => entry);
  }

  /** Takes in the next event. */
  add(event: WorkflowEvent): void {
    switch (event.type) {
      case "step.start":
        if (event.path !== undefined && event.parent !== null) {
          this.#outermost.set(event.token, this.#outermost.get(event.parent) ?? event.parent);
        }
        break;
      case "step.retry":
        if (event.path === undefined) this.#close(event.token);
        break;
      case "step.result":
        this.#entries.push(this.#toTentative(event));
        if (event.path === undefined) this.#close(event.token);
        break;
      case "run.resume":
        this.#entries = this.#entries.filter(counts);
        this.#open.clear();
    }
  }

  #toTentative(event: StepResultEvent): Tentative {
    const { token, step, payload: payloadIn, result, attempt: attempts, queueLength: queueLengthAfter, path } = event;
    const { ok, value } = result;
    const error = ok ? null : describedText(describeError(result.error));
    const entry = { token, step, ok, payloadIn, value, error, attempts, queueLengthAfter };
    return path === undefined ? { entry, around: null } : { entry: { ...entry, path }, around: this.#around(token) };
  }

  /** The attempt around a token, which is at work. */
  #around(token: number): OutermostAttempt | null {
    const outermost = this.#outermost.get(token);
    if (outermost === undefined) return null;
    const around = this.#open.get(outermost) ?? { isOver: false };
    this.#open.set(outermost, around);
    return around;
  }

  #close(token: number): void {
    const attempt = this.#open.get(token);
    if (attempt !== undefined) attempt.isOver = true;
    this.#open.delete(token);
  }
}

function counts({ around }: Tentative): boolean {
  return around === null || around.isOver;
}
