import type { Enqueue } from "../core/step.ts";
import type { Route, Where } from "../core/token.ts";

/** Collects what one decision enqueues, for as long as it runs. */
export class Routes implements Enqueue {
  readonly routed: Route[] = [];
  readonly #step: string;
  readonly #value: unknown;
  #isClosed = false;

  constructor(step: string, value: unknown) {
    this.#step = step;
    this.#value = value;
  }

  head(step: string, payload?: unknown): void {
    this.#add(step, payload, "head");
  }

  tail(step: string, payload?: unknown): void {
    this.#add(step, payload, "tail");
  }

  close(): void {
    this.#isClosed = true;
  }

  #add(step: string, payload: unknown, where: Where): void {
    if (this.#isClosed) {
      throw new TypeError(
        `Cannot enqueue ${JSON.stringify(step)}: the decision of step ${JSON.stringify(this.#step)} has settled`,
      );
    }
    if (typeof step !== "string") {
      throw new TypeError(`Cannot enqueue a token: the step's name must be a string: ${typeof step}`);
    }
    this.routed.push({ step, payload: payload === undefined ? this.#value : payload, where });
  }
}
