import { type Clock, LONGEST_TIMER_MS } from "../core/clock.ts";
import { StoreError } from "../core/errors.ts";
import type { RunHead, RunStore } from "../core/run_store.ts";
import { settledWithin } from "../engine/settled_within.ts";
import { asked } from "../engine/store_access.ts";
import type { LocalRun } from "./local_run.ts";

/** What {@linkcode Recovery} is made with. */
export interface RecoveryOptions {
  readonly store: RunStore;
  readonly clock: Clock;
  readonly leaseMs: number;
  /** How often it is repeated, in ms. */
  readonly everyMs: number;
  /** By name. */
  readonly workflows: ReadonlyMap<string, unknown>;
  /** The runs that are at work here, or are being opened to be. */
  readonly runs: ReadonlyMap<string, LocalRun>;
  /** Goes on with a run, which is claimed already or else will be; rejects if it cannot. */
  readonly takeOver: (head: RunHead, isClaimed: boolean) => Promise<void>;
  /** Does it all again. */
  readonly recover: () => Promise<unknown>;
  readonly onError: (error: unknown, runId: string | null) => void;
}

/** So many runs are asked for at once. */
const PAGE_LENGTH = 100;

/** Takes over runs that nobody works on, now and from time to time. */
export class Recovery {
  readonly #options: RecoveryOptions;
  /** Those that were claimed in this round and are not gone on with here. */
  #left: RunHead[] = [];
  /** Those of them that cannot be gone on with here, by id, with the version that they are of. */
  #hopeless = new Map<string, string>();
  /** Those of the round before. */
  #hopelessBefore: ReadonlyMap<string, string> = new Map();
  /** The rounds come one after the other: two at once would take runs from each other. */
  #last: Promise<unknown> = Promise.resolve();
  #timer: unknown = null;
  #isStopped = false;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Does one round, and others later. Answers how many runs were taken over. */
  run(isForced: boolean): Promise<number> {
    const round = this.#last.then(() => this.#round(isForced));
    this.#last = round.catch(() => {});
    return round;
  }

  /** Sees to it that there is a round when a run that was lost here is due, if none is planned. */
  afterLoss(): void {
    if (this.#timer === null) this.#plan(this.#options.leaseMs);
  }

  /** Lets no round follow. */
  stop(): void {
    this.#isStopped = true;
    this.#unplan();
  }

  async #round(isForced: boolean): Promise<number> {
    try {
      return await (isForced ? this.#recoverAll() : this.#recoverDue());
    } finally {
      await this.#giveBack();
      this.#plan(this.#options.everyMs);
    }
  }

  async #recoverDue(): Promise<number> {
    const { store, clock, leaseMs, workflows, runs } = this.#options;
    // Where the thread was blocked for long, or the machine slept, those at work here are due, too.
    const renewed = Array.from(runs.values(), ({ stream }) => stream.renew());
    await settledWithin(renewed, leaseMs / 3, clock, null);
    for (let count = 0;;) {
      const now = clock.now();
      const claim = { workflows: [...workflows.keys()], limit: PAGE_LENGTH, until: now + leaseMs, now };
      const heads = await asked(() => store.claim(claim), null, "claim runs");
      count += await this.#takeOver(heads, true);
      if (heads.length < PAGE_LENGTH || this.#isStopped) return count;
    }
  }

  /** Takes over everything that has not ended and is not at work here. */
  async #recoverAll(): Promise<number> {
    const { store, runs, workflows } = this.#options;
    let count = 0;
    for (const status of ["suspended", "running"] as const) {
      let after: RunHead | undefined;
      do {
        const page = await asked(() => store.list({ status, after, limit: PAGE_LENGTH }), null, "list the runs");
        const mine = page.filter(({ runId, workflow }) => !runs.has(runId) && workflows.has(workflow));
        count += await this.#takeOver(mine, false);
        after = page.at(-1);
      } while (after !== undefined && !this.#isStopped);
    }
    return count;
  }

  /** Goes on with runs; answers with how many. A store that does not answer must not keep the next round. */
  async #takeOver(heads: readonly RunHead[], areClaimed: boolean): Promise<number> {
    const { clock, leaseMs } = this.#options;
    let taken = 0;
    const takings = heads.map(async (head) => {
      if (await this.#takeOne(head, areClaimed)) taken += 1;
    });
    await settledWithin(takings, leaseMs, clock, null);
    return taken;
  }

  async #takeOne(head: RunHead, isClaimed: boolean): Promise<boolean> {
    const { runId, version } = head;
    const opening = this.#options.runs.get(runId);
    // Not awaited for nothing: in between somebody here might begin to open it.
    if (opening !== undefined && !opening.isStored && await this.#isOpened(opening)) return false;
    // What could not be gone on with a moment ago is not read and told of again.
    let isHopeless = this.#hopelessBefore.get(runId) === version;
    try {
      if (!this.#isStopped && !isHopeless) {
        await this.#options.takeOver(head, isClaimed);
        return true;
      }
    } catch (error) {
      // What a store does not give now it may give the next time.
      isHopeless = !(error instanceof StoreError);
      this.#options.onError(error, runId);
    }
    if (isClaimed) this.#left.push(head);
    if (isClaimed && isHopeless) this.#hopeless.set(runId, version);
    return false;
  }

  /** Whether a run that is being opened here, by a start for example, is at work here soon. */
  async #isOpened(opening: LocalRun): Promise<boolean> {
    const { clock, leaseMs } = this.#options;
    await settledWithin([opening.stored], leaseMs / 3, clock, null);
    // Nobody would know of two. Should the store still answer it, it lets go of the run at once.
    if (!opening.isStored) opening.stream.leave("it was taken over before the store had answered");
    return opening.isStored;
  }

  /**
   * Lets go of the runs that are not gone on with here: somebody else may be able to, at once. Only at the end of a
   * round, or the same ones would be claimed again and again.
   */
  async #giveBack(): Promise<void> {
    const { store, clock, leaseMs, onError } = this.#options;
    const left = this.#left;
    this.#left = [];
    this.#hopelessBefore = this.#hopeless;
    this.#hopeless = new Map();
    const now = clock.now();
    // By then also whoever's clock is behind, or those of this version would have them again and again before that.
    const wakeAt = now - leaseMs;
    await Promise.all(left.map(async ({ runId, revision, createdAt, version, status }) => {
      const unchanged = { runId, revision, createdAt, version, status, record: null, snapshot: null, events: [] };
      try {
        await asked(() => store.commit({ ...unchanged, wakeAt, now }), runId, "give back the lease");
      } catch (error) {
        onError(error, runId);
      }
    }));
  }

  #plan(delayMs: number): void {
    const { clock, recover, onError } = this.#options;
    this.#unplan();
    if (this.#isStopped || delayMs > LONGEST_TIMER_MS) return;
    this.#timer = clock.setTimeout(() => {
      recover().catch((error) => onError(error, null));
    }, delayMs);
  }

  #unplan(): void {
    if (this.#timer !== null) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
