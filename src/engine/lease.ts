import type { Clock } from "../core/clock.ts";

/** What holds a run by a {@linkcode Lease}. */
export interface LeaseHost {
  /** Whether an action is at work that takes its time. */
  readonly isAtWork: boolean;
  /** Commits soon, even if there is nothing to write. */
  renewSoon(): void;
  /** Finds out whether somebody else has the run by now. */
  look(): void;
  /** The store has lost the run: it has not answered for as long as the lease. */
  lose(): void;
}

/** So often in a lease a run at work looks whether it is still its own. */
const LOOKS_A_LEASE = 30;
/** So often it is renewed. */
const RENEWALS_A_LEASE = 3;

/**
 * How long a store keeps others off a run. As long as something is at work, a commit comes in time to hold the run,
 * even if there is nothing to write; in between it is looked after.
 */
export class Lease {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #host: LeaseHost;
  /** When the last commit that is through was asked for, in epoch ms. */
  #writtenAt = 0;
  /** When the store was last asked to commit, `null` if it has answered. */
  #askedAt: number | null = null;
  #timer: unknown = null;

  constructor(clock: Clock, leaseMs: number, host: LeaseHost) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#host = host;
  }

  /** True once some of it is over, so that it may be renewed. */
  get isDue(): boolean {
    return this.#isOver(RENEWALS_A_LEASE);
  }

  /** The run is held since then. */
  begin(now: number): void {
    this.#writtenAt = now;
    this.#keep();
  }

  /** The store is asked to commit. */
  ask(now: number): void {
    this.#askedAt = now;
    this.#keep();
  }

  /** The store has committed what it was asked to. */
  hold(): void {
    this.#writtenAt = this.#askedAt ?? this.#writtenAt;
    this.#askedAt = null;
  }

  /** Looks after the run no more; no timer is left. */
  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #keep(): void {
    this.#timer ??= this.#clock.setTimeout(() => this.#beat(), this.#leaseMs / LOOKS_A_LEASE);
  }

  /** Whether such a part of the lease is over. */
  #isOver(part: number): boolean {
    return this.#clock.now() - this.#writtenAt >= this.#leaseMs / part;
  }

  #beat(): void {
    this.#timer = null;
    if (this.#askedAt !== null) {
      if (this.#clock.now() - this.#askedAt >= this.#leaseMs) return this.#host.lose();
    } else {
      if (!this.#host.isAtWork) return;
      if (this.isDue) this.#host.renewSoon();
      else if (this.#isOver(LOOKS_A_LEASE)) this.#host.look();
    }
    this.#keep();
  }
}
