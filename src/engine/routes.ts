import { UndeclaredRouteError, UnknownStepError } from "../core/errors.ts";
import type { Enqueue, FanOutOptions, Step } from "../core/step.ts";
import type { Route, Where } from "../core/token.ts";
import type { RegisteredStep } from "./registered_step.ts";

const NO_ROUTES: readonly Route[] = [];

/** Collects what one decision enqueues, for as long as it runs. */
export class Routes implements Enqueue {
  readonly #step: Step;
  readonly #value: unknown;
  readonly #steps: ReadonlyMap<string, RegisteredStep>;
  #routed: Route[] | null = null;
  #isClosed = false;

  constructor(step: Step, value: unknown, steps: ReadonlyMap<string, RegisteredStep>) {
    this.#step = step;
    this.#value = value;
    this.#steps = steps;
  }

  get routed(): readonly Route[] {
    return this.#routed ?? NO_ROUTES;
  }

  // Functions that know what they belong to: a decision may take its `enqueue` apart.

  get head(): (step: string, payload?: unknown) => void {
    return (step, payload) => this.#route(step, payload, "head");
  }

  get tail(): (step: string, payload?: unknown) => void {
    return (step, payload) => this.#route(step, payload, "tail");
  }

  get all(): (step: string, payloads: readonly unknown[], options: FanOutOptions) => void {
    return (step, payloads, options) => this.#fanOut(step, payloads, options);
  }

  #route(step: string, payload: unknown = this.#value, where: Where): void {
    this.#assertRoute(step);
    this.#add({ step, payload, where, fanOut: null });
  }

  #fanOut(step: string, payloads: readonly unknown[], options: FanOutOptions): void {
    if (!Array.isArray(payloads)) {
      throw new TypeError(`Cannot fan out: expected an array of payloads: ${typeof payloads}`);
    }
    const { then, mode = "settle" } = Object(options) as FanOutOptions;
    if (mode !== "settle" && mode !== "fail-fast") {
      throw new RangeError(`Cannot fan out: mode must be "settle" or "fail-fast": ${String(mode)}`);
    }
    for (const name of [step, then]) {
      this.#assertRoute(name);
      if (!this.#steps.has(name)) throw new UnknownStepError(name, this.#steps.keys());
    }
    const size = payloads.length;
    if (size === 0) this.#add({ step: then, payload: [], where: "tail", fanOut: null });
    else this.#add({ step, payload: Array.from(payloads), where: "tail", fanOut: { size, then, mode } });
  }

  close(): void {
    this.#isClosed = true;
  }

  #assertRoute(target: string): void {
    const { name, routes } = this.#step;
    if (typeof target !== "string") {
      throw new TypeError(`Cannot enqueue a token: expected a string as the step's name: ${typeof target}`);
    }
    if (this.#isClosed) {
      throw new TypeError(
        `Cannot enqueue ${JSON.stringify(target)}: the decision of step ${JSON.stringify(name)} has settled`,
      );
    }
    if (routes !== undefined && !routes.includes(target)) throw new UndeclaredRouteError(name, target, routes);
  }

  #add(route: Route): void {
    // Most decisions route once; an empty array that is pushed to would make room for seventeen.
    if (this.#routed === null) this.#routed = [route];
    else this.#routed.push(route);
  }
}
