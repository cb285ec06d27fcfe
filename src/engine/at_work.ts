import type { Clock } from "../core/clock.ts";
import { Attempt } from "./attempt.ts";
import { Few } from "./few.ts";
import type { Lanes } from "./lanes.ts";
import { Later } from "./later.ts";
import type { RunPlace } from "./run_place.ts";
import { settledWithin } from "./settled_within.ts";

/** Made when they are needed: a run of synchronous steps has no token at work that waits for anything. */
interface Sets {
  /** The first attempt of each token. */
  readonly firsts: Few<Attempt>;
  /** The tokens that wait for their next attempt, `null` until one does. */
  waiting: Set<number> | null;
  /** The first attempts of those that something is at work of, if only what was dropped. */
  readonly inFlight: Few<Attempt>;
}

/** The tokens of a run that are at work and wait for something, and the room that they take. */
export class AtWork {
  readonly #place: RunPlace;
  readonly #lanes: Lanes;
  #sets: Sets | null = null;
  /** Settles when no action is at work; `null` if nobody waits for that. */
  #rest: Later<void> | null = null;
  /** Settles when nothing is in flight; `null` if nobody waits for that. */
  #landed: Later<void> | null = null;

  constructor(place: RunPlace, lanes: Lanes) {
    this.#place = place;
    this.#lanes = lanes;
  }

  /** How many there are. */
  get size(): number {
    return this.#sets === null ? 0 : this.#sets.firsts.size;
  }

  /** The first attempt of each. One that leaves meanwhile is passed over. */
  get firsts(): Iterable<Attempt> {
    return this.#sets === null ? [] : this.#sets.firsts;
  }

  /** Settles when no action is at work: all of them wait for their next attempt. */
  rest(): Promise<void> {
    this.#rest ??= new Later();
    this.#lookForRest();
    return this.#rest.promise;
  }

  /** Settles when nothing of them is at work any more, after a time or when the signal aborts at the latest. */
  settled(timeoutMs: number, clock: Clock, signal: AbortSignal | null): Promise<void> {
    return settledWithin([this.#land()], timeoutMs, clock, signal);
  }

  /** True while something of them is at work. */
  get isInFlight(): boolean {
    return this.#sets !== null && this.#sets.inFlight.size > 0;
  }

  /** The step around a run takes part in no work of its own, so there is always room for one of the run. */
  get hasOwnRoom(): boolean {
    return this.#place.isInside && this.size === 0;
  }

  add(first: Attempt): void {
    this.#lanes.count(Attempt.tokenOf(first), 1);
    if (!this.hasOwnRoom) this.#place.stage.busy += 1;
    const { firsts, inFlight } = this.#made;
    firsts.add(first);
    inFlight.add(first);
  }

  /** The token is not at work any more; what was dropped of it may be. */
  remove(first: Attempt): void {
    if (this.#sets === null || !this.#sets.firsts.delete(first)) return;
    this.#sets.waiting?.delete(first.token);
    this.#lanes.count(Attempt.tokenOf(first), -1);
    if (!this.hasOwnRoom) this.#place.stage.busy -= 1;
    this.#lookForRest();
  }

  /** Ends all of it: nothing comes of it, though it may go on for a while. */
  drop(reason: unknown): void {
    for (const first of this.firsts) {
      this.remove(first);
      Attempt.drop(Attempt.last(first), reason);
      // Also a decision that never settles must not keep those of others waiting.
      this.#place.stage.decisions.leave(Attempt.tokenOf(first));
    }
  }

  /** The token waits for its next attempt from now on, or does no more. */
  setWaiting(token: number, isWaiting: boolean): void {
    if (isWaiting) (this.#made.waiting ??= new Set()).add(token);
    else this.#sets?.waiting?.delete(token);
    this.#lookForRest();
  }

  /** Nothing of the token is at work any more. */
  settle(first: Attempt): void {
    this.#sets?.inFlight.delete(first);
    if (this.#landed !== null && !this.isInFlight) this.#landed.resolve();
  }

  async #land(): Promise<void> {
    // What is on the stack has added its own by then.
    await undefined;
    if (!this.isInFlight) return;
    this.#landed ??= new Later();
    await this.#landed.promise;
  }

  #lookForRest(): void {
    if (this.#rest !== null && this.size === (this.#sets?.waiting?.size ?? 0)) this.#rest.resolve();
  }

  get #made(): Sets {
    this.#sets ??= { firsts: new Few(), waiting: null, inFlight: new Few() };
    return this.#sets;
  }
}
