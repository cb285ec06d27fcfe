import { type Clock, LONGEST_TIMER_MS } from "../../core/clock.ts";
import { EventsGoneError, StoreError, UnknownRunError } from "../../core/errors.ts";
import type { RunHead } from "../../core/run_store.ts";
import { assertSameStart, restore } from "../../engine/open_run.ts";
import type { Migrate } from "../../engine/run_settings.ts";
import { settledWithin } from "../../engine/settled_within.ts";
import type { EncodedEvent } from "../../engine/stored_event.ts";
import { cancelStoredRun } from "../../runner/cancel_stored_run.ts";
import { FollowedRun } from "../../runner/followed_run.ts";
import { LocalRun, type OpenRun } from "../../runner/local_run.ts";
import type { DurableObjectStore } from "../../stores/durable_object_store.ts";
import type { RunOptions } from "../../workflow/run_options.ts";
import { findByName } from "../../workflow/by_name.ts";
import type { HostedRunOptions } from "../../workflow/hosting_options.ts";
import { openCheckedRun, resumeStoredRun } from "../../workflow/stored_runs.ts";
import { type PlannedStart, toStored, type Workflow } from "../../workflow/workflow.ts";
import { WaitingAttempts } from "./waiting_attempts.ts";

/** What {@linkcode HostedRun} is made with. */
export interface HostedRunSettings {
  readonly store: DurableObjectStore;
  /** Whether the object has a row of a run, readable or not. */
  readonly hasRow: () => boolean;
  /** By name. */
  readonly workflows: ReadonlyMap<string, Workflow>;
  readonly runOptions: HostedRunOptions;
  readonly migrate: Migrate | undefined;
  readonly clock: Clock;
}

/** What a run is started with. */
export interface StartOrder {
  readonly runId: string;
  readonly workflow: string;
  readonly start: string;
  readonly payload: unknown;
  readonly context: Readonly<Record<string, unknown>>;
  /** The keys of the context whose value is `undefined`. */
  readonly blank: readonly string[];
}

/** The store has one run and nobody else who could take it: the lease is only what a store asks for. */
const LEASE_MS = 24 * 60 * 60_000;

/** The one run of an object: at work here, or waiting in its store to be. */
export class HostedRun {
  readonly #settings: HostedRunSettings;
  readonly #readers = new Set<FollowedRun>();
  #local: LocalRun | null = null;
  /** What it could not be written for, until somebody is told. */
  #trouble: { readonly error: unknown } | null = null;
  #waiting = new WaitingAttempts();

  constructor(settings: HostedRunSettings) {
    this.#settings = settings;
  }

  /** How many read its events. */
  get readers(): number {
    return this.#readers.size;
  }

  /** True while it is at work here. */
  get isAtWork(): boolean {
    return this.#local !== null;
  }

  /**
   * How it stands; `null` if there is none.
   *
   * @throws {StoreError} If there is one that cannot be read: an object that is taken for empty is deleted.
   */
  async head(): Promise<RunHead | null> {
    const { store, hasRow } = this.#settings;
    const [head = null] = await store.list({ limit: 1 });
    if (head === null && hasRow()) throw new StoreError(null, "read the run", "there is a row that is none of a run");
    return head;
  }

  /**
   * Whether there is one already that was started so.
   *
   * @throws {RunConflictError} If there is one that was not.
   */
  async isStarted({ workflow, start, payload }: StartOrder): Promise<boolean> {
    const head = await this.head();
    if (head === null) return false;
    await assertSameStart(head, { workflow, start, payload: toStored(start, payload) }, this.#settings.store);
    return true;
  }

  /** Starts it, and settles once it is stored. */
  async start(planned: PlannedStart, { runId, blank, ...order }: StartOrder): Promise<void> {
    const context = { ...order.context, ...Object.fromEntries(blank.map((key) => [key, undefined])) };
    const options = { ...this.#settings.runOptions, ...this.#own, runId, context };
    await this.#begin(
      (onCommitted) => openCheckedRun(planned, options, { opening: "create", onCommitted }),
      new WaitingAttempts(),
    );
  }

  /** Goes on with it, if it is due and not at work; settles once it is. */
  async goOn(): Promise<void> {
    const { store, workflows, runOptions, migrate, clock } = this.#settings;
    const head = await this.head();
    if (head === null || head.wakeAt === null || this.#local !== null) return;
    // Whoever had one that is running was this object, before it was evicted or its process died.
    if (head.status === "suspended" && head.wakeAt > clock.now()) return;
    const { runId } = head;
    const stored = await store.load(runId);
    if (stored === null) return;
    const found = findByName(workflows, head.workflow);
    const options = { ...runOptions, ...this.#own, migrate };
    await this.#begin(
      // Not claimed: one that is claimed and then not written to would be taken for one that waits until the lease is
      // over.
      (onCommitted) => resumeStoredRun(found, runId, options, { claimed: stored, onCommitted }),
      new WaitingAttempts(restore(stored).retries),
    );
  }

  /**
   * Settles when it is not at work any more, or the time is over. If all that is left of it by then is due later than
   * after another such time, it is left until then.
   *
   * @throws {StoreError} If it could not be written, now or since the last time.
   */
  async workFor(sliceMs: number): Promise<void> {
    const { clock } = this.#settings;
    const local = this.#local;
    this.#tellTrouble();
    if (local === null) return;
    await settledWithin([local.ended], sliceMs, clock, null);
    const dueAt = this.#local === local ? await this.#dueAt() : null;
    if (this.#local === local && dueAt !== null && dueAt > clock.now() + sliceMs) {
      await local.stream.leave("its next attempt is due later", dueAt);
    }
    if (this.#local === local) return;
    await local.ended;
    this.#tellTrouble();
  }

  #tellTrouble(): void {
    const trouble = this.#trouble;
    this.#trouble = null;
    if (trouble !== null) throw trouble.error;
  }

  /**
   * Cancels it if it is at work here, and settles when its actions have stopped, or their time for that is over;
   * `false` if it is not.
   */
  async cancelHere(): Promise<boolean> {
    const local = this.#local;
    await local?.stream.cancel();
    return local !== null;
  }

  /**
   * Cancels it, and settles once that is stored; `false` if it has ended already.
   *
   * @param wasHere What {@linkcode cancelHere} has answered just before
   */
  async cancel(runId: string, wasHere: boolean): Promise<boolean> {
    const { store, clock } = this.#settings;
    const isHere = await this.cancelHere();
    const head = await this.head();
    if (head === null) throw new UnknownRunError(runId);
    if (head.wakeAt === null) return (wasHere || isHere) && head.status === "cancelled";
    return await cancelStoredRun(store, runId, undefined, clock);
  }

  /**
   * The events after one, up to `run.end`.
   *
   * @throws {EventsGoneError} If there is no such event.
   */
  follow({ runId, lastSeq }: RunHead, after: number): FollowedRun {
    if (after > lastSeq) throw new EventsGoneError(runId, after, lastSeq + 1);
    const { store, clock } = this.#settings;
    const reader = new FollowedRun({
      runId,
      after,
      signal: null,
      store,
      clock,
      // Nobody writes to it but this object, which hears of it.
      pollMs: LONGEST_TIMER_MS,
      feedOf: () => this.#local?.feed,
      onLeft: (left) => void this.#readers.delete(left),
    });
    if (!reader.isOver) this.#readers.add(reader);
    return reader;
  }

  /** Sends its readers away: it is gone. */
  close(): void {
    for (const reader of [...this.#readers]) reader.close();
  }

  get #own(): Pick<RunOptions, "captureTrace" | "leaseMs" | "clock"> & { readonly store: DurableObjectStore } {
    const { store, clock } = this.#settings;
    return { captureTrace: false, store, leaseMs: LEASE_MS, clock };
  }

  /** When there is something to do, if it only waits: its next attempt, or its end when its time is over. */
  async #dueAt(): Promise<number | null> {
    const { timeoutMs = Infinity } = this.#settings.runOptions;
    const createdAt = timeoutMs > LONGEST_TIMER_MS ? Infinity : (await this.head())?.createdAt ?? Infinity;
    const { dueAt } = this.#waiting;
    return dueAt === null ? null : Math.min(dueAt, createdAt + timeoutMs);
  }

  /** Lets it go on without a reader; settles once that is stored. */
  async #begin(open: OpenRun, waiting: WaitingAttempts): Promise<void> {
    const local = new LocalRun((onCommitted) =>
      open((events: readonly EncodedEvent[]) => {
        for (const { event } of events) waiting.add(event);
        onCommitted(events);
      })
    );
    this.#local = local;
    this.#waiting = waiting;
    local.ended.then((trouble) => {
      if (this.#local === local) this.#local = null;
      this.#trouble = trouble ?? this.#trouble;
      // Those who read look at the store now.
      local.feed.ring();
    });
    await local.stored;
  }
}
