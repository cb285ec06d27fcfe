import type { WorkflowEvent } from "../../core/events.ts";

/** Whether all that a run has begun waits for its next attempt, as its events tell. */
export class WaitingAttempts {
  /** When the next attempt at a token is due, in epoch ms; `null` while one is at work. */
  readonly #dueAt = new Map<number, number | null>();

  /** Takes in what waited when the run was resumed. */
  constructor(retries: Iterable<readonly [token: number, retry: { readonly dueAt: number }]> = []) {
    for (const [token, { dueAt }] of retries) this.#dueAt.set(token, dueAt);
  }

  /** When the first of them is due, `null` if something is at work, or nothing was begun. */
  get dueAt(): number | null {
    let first: number | null = null;
    for (const dueAt of this.#dueAt.values()) {
      if (dueAt === null) return null;
      first = first === null ? dueAt : Math.min(first, dueAt);
    }
    return first;
  }

  /** Takes in what has happened. */
  add(event: WorkflowEvent): void {
    // What is inside a step is at work as long as the step around it is: it would start anew with that. Where it is cut
    // off, nothing tells of its end.
    if ("path" in event && event.path !== undefined) return;
    switch (event.type) {
      case "step.start":
        this.#dueAt.set(event.token, null);
        break;
      case "step.retry":
        this.#dueAt.set(event.token, event.at + event.delayMs);
        break;
      case "step.result":
        this.#dueAt.delete(event.token);
    }
  }
}
