import type { Token } from "../core/token.ts";
import type { RunPlace } from "./run_place.ts";
import type { RunSettings } from "./run_settings.ts";
import { Stage } from "./stage.ts";

/** The place of a run with nothing around it. */
export class OnItsOwn implements RunPlace {
  readonly stage: Stage;
  readonly isInside = false;
  readonly path = null;
  readonly parent = null;
  readonly outermostToken = null;
  readonly isGivenUp = false;
  readonly #runId: string;

  constructor(settings: RunSettings) {
    this.stage = new Stage(settings);
    this.#runId = settings.runId;
  }

  keyOf({ id }: Token): string {
    return `${this.#runId}/${id}`;
  }

  demand(): Promise<void> {
    return this.stage.handOff.demand();
  }

  touch(): void {
    // There is no step to be alive.
  }

  settle(token: number): void {
    this.stage.inside?.settle(token);
  }

  follow(): void {
    // Its tokens are named by their ids, and its steps counted when they are done.
  }
}
