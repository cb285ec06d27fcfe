import { UndeclaredRouteError } from "../core/errors.ts";
import type { Enqueue, Step } from "../core/step.ts";
import type { Route, Where } from "../core/token.ts";

const NO_ROUTES: readonly Route[] = [];

/** Collects what one decision enqueues, for as long as it runs. */
export class Routes implements Enqueue {
  readonly #step: Step;
  readonly #value: unknown;
  #routed: Route[] | null = null;
  #isClosed = false;

  constructor(step: Step, value: unknown) {
    this.#step = step;
    this.#value = value;
  }

  get routed(): readonly Route[] {
    return this.#routed ?? NO_ROUTES;
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
    const { name, routes } = this.#step;
    if (typeof step !== "string") {
      throw new TypeError(`Cannot enqueue a token: expected a string as the step's name: ${typeof step}`);
    }
    if (this.#isClosed) {
      throw new TypeError(
        `Cannot enqueue ${JSON.stringify(step)}: the decision of step ${JSON.stringify(name)} has settled`,
      );
    }
    if (routes !== undefined && !routes.includes(step)) throw new UndeclaredRouteError(name, step, routes);
    const route: Route = { step, payload: payload === undefined ? this.#value : payload, where };
    // Most decisions route once; an empty array that is pushed to would make room for seventeen.
    if (this.#routed === null) this.#routed = [route];
    else this.#routed.push(route);
  }
}
