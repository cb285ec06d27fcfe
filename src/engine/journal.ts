import type { Clock } from "../core/clock.ts";
import { RunFencedError, StoreError, type WorkflowError } from "../core/errors.ts";
import type { RunEndEvent, RunSuspendEvent, WorkflowEvent } from "../core/events.ts";
import type { Result } from "../core/result.ts";
import type { NewRun, RunStore, StoredRunStatus } from "../core/run_store.ts";
import type { Outcome } from "../core/state.ts";
import { toText } from "../core/to_text.ts";
import type { Token } from "../core/token.ts";
import type { EventSink } from "./event_sink.ts";
import type { HandOff } from "./hand_off.ts";
import { Lease, type LeaseHost } from "./lease.ts";
import type { RunSnapshot, StoredLengths } from "./pending_changes.ts";
import { RunRecorder, type RunRecorderHost, type RunRecorderOptions } from "./run_recorder.ts";
import { EncodedEvent } from "./stored_event.ts";
import { asReadBack, toStorable, withErrorInWords } from "./stored_result.ts";
import type { RestoredState } from "./stored_state.ts";

/** The run that a journal is kept for. */
export interface JournalHost extends RunRecorderHost {
  /** What its steps have come to, and whether an action is at work that takes its time. */
  readonly loop: RunSnapshot & { readonly isAtWork: boolean };
  /** Everything that has been told is written. */
  advance(): void;
  /** Nothing can be written any more. */
  fail(error: unknown): void;
}

/** What {@linkcode Journal} is made with. */
export interface JournalOptions extends RunRecorderOptions {
  readonly runId: string;
  readonly store: RunStore;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly handOff: HandOff;
  readonly maxBufferedEvents: number;
  /** Hears of the events that are committed, before the reader does; `null` for nobody. */
  readonly onCommitted: ((events: readonly EncodedEvent[]) => void) | null;
}

/** Where the run stands in its store. */
export interface StoredPlace extends StoredLengths {
  readonly version: string;
  readonly revision: number;
  /** When the run was created: after a deletion there may be another of its id. */
  readonly createdAt: number;
  readonly lastSeq: number;
}

/** How many microtasks a step may take and still be written together with its start. */
const WRITE_MICROTASKS = 16;

/**
 * Keeps a run in its store. What happens is gathered and written in one commit as soon as the commit before is through;
 * readers get the events of a commit when it is.
 */
export class Journal implements EventSink, LeaseHost {
  readonly isDrained = false;
  readonly recorder: RunRecorder;
  readonly #options: JournalOptions;
  readonly #host: JournalHost;
  readonly #lease: Lease;
  #place: StoredPlace | null = null;
  #lastSeq = 0;
  #status: StoredRunStatus = "running";
  /** When a run that is left for later is due again, `null` for at once. */
  #dueAt: number | null = null;
  #events: EncodedEvent[] = [];
  /** Tokens up to this one are in the store. */
  #committedTokens = 0;
  /** The lease has to be renewed, whatever else there is to write. */
  #isBeatDue = false;
  #isWriting = false;
  #isLooking = false;
  #isEncoding = false;
  /** The end of the run that the event at hand has brought about while it was encoded. */
  #endInside: RunEndEvent | RunSuspendEvent | null = null;
  #fault: { readonly error: unknown } | null = null;
  #catchUps: (() => void)[] = [];
  #onClosed: (() => void) | null = null;

  constructor(options: JournalOptions, host: JournalHost) {
    this.#options = options;
    this.#host = host;
    this.#lease = new Lease(options.clock, options.leaseMs, this);
    this.recorder = new RunRecorder(options, host);
  }

  get isOpen(): boolean {
    return this.#place !== null || this.#fault !== null;
  }

  get size(): number {
    return this.#events.length + this.#options.handOff.size;
  }

  /** True while so much waits to be written that nothing more should be made. */
  get isBehind(): boolean {
    return this.#events.length >= this.#options.maxBufferedEvents;
  }

  /** Settles when what waits now is written, or nothing ever will be. */
  caughtUp(): Promise<void> {
    return new Promise((resolve) => this.#catchUps.push(resolve));
  }

  nextSeq(): number {
    return this.#lastSeq += 1;
  }

  push(event: WorkflowEvent): void {
    if (this.#isEncoding) this.#pushInside(event);
    // Code of the user's has ended the run on the way to this event.
    else if (this.#status !== "running") this.#lastSeq -= 1;
    else this.#encode(event);
  }

  /** A getter in an event that is being written has told of something, which would come before the event it is in. */
  #pushInside(event: WorkflowEvent): void {
    if (event.type === "run.end" || event.type === "run.suspend") this.#endInside = event;
    else this.#lastSeq -= 1;
  }

  #encode(event: WorkflowEvent): void {
    this.#isEncoding = true;
    try {
      this.#events.push(new EncodedEvent(event));
    } catch (error) {
      // There is no event of this number then.
      this.#lastSeq -= 1;
      throw error;
    } finally {
      this.#isEncoding = false;
      this.#encodeEndInside();
    }
    this.#writeSoon();
  }

  #encodeEndInside(): void {
    const end = this.#endInside;
    this.#endInside = null;
    if (end !== null) this.#encode({ ...end, seq: this.#lastSeq });
  }

  /** The result as it may be told: one that cannot be stored is a failure. */
  toTellable(token: Token, result: Result, context: Record<string, unknown>): Result {
    return toStorable(token, result, context);
  }

  /** The outcome as it is traced: as a store has it. That of a run inside a step is not recorded by itself. */
  toTraceable(recorded: Outcome, isInside: boolean): Outcome {
    return withErrorInWords(isInside ? asReadBack(recorded) : recorded);
  }

  /** True once the token is in the store, so that it may be worked at. */
  isCommitted(token: Token): boolean {
    return token.id <= this.#committedTokens;
  }

  /** The first snapshot of a new run, and the events it starts with. */
  takeFirst(): Pick<NewRun, "snapshot"> & { readonly events: readonly EncodedEvent[] } {
    const snapshot = this.recorder.takeFirst();
    const events = this.#events;
    this.#events = [];
    return { snapshot, events };
  }

  /** Forgets what was told of a run that has turned out to be there already, and goes on from what the store has. */
  restore(restored: RestoredState): void {
    this.#events = [];
    this.recorder.restore(restored);
  }

  /** The run is in the store, at this place: from now on it can go on. */
  begin(place: StoredPlace, events: readonly EncodedEvent[]): void {
    this.#place = place;
    this.#lastSeq = place.lastSeq;
    this.recorder.begin(place);
    this.#committedTokens = this.#host.loop.counts.tokens;
    this.#lease.begin(this.#options.clock.now());
    this.#deliver(events);
  }

  /** Holds the run for another lease, if some of this one is over. */
  async renew(): Promise<void> {
    if (this.#place === null || !this.#lease.isDue) return;
    const caughtUp = this.caughtUp();
    this.renewSoon();
    await caughtUp;
  }

  get isAtWork(): boolean {
    return this.#host.loop.isAtWork;
  }

  renewSoon(): void {
    this.#isBeatDue = true;
    this.#writeSoon();
  }

  lose(): void {
    this.#breakUnanswered(`the store has not answered for ${this.#options.leaseMs} ms`);
  }

  /** Waits no longer for a store that does not answer. */
  abandon(): void {
    if (this.#isWriting) this.#breakUnanswered("the store was given up before it answered");
  }

  /** Finds out whether the run has been taken over or ended elsewhere; while something is written, that will tell. */
  look(): void {
    // A runner hears of every commit, its own ones too.
    if (this.#place !== null && !this.#isWriting && !this.#isLooking) this.#lookFrom(this.#place);
  }

  async #lookFrom(place: StoredPlace): Promise<void> {
    const { runId, store } = this.#options;
    this.#isLooking = true;
    try {
      const head = await store.find(runId);
      const isOurs = head !== null && head.revision <= place.revision && head.createdAt === place.createdAt;
      if (!isOurs && this.#place === place && !this.#isWriting) this.#break(new RunFencedError(runId));
    } catch {
      // What cannot be asked now is asked again, and the next write tells what the trouble is.
    } finally {
      this.#isLooking = false;
    }
  }

  /** Writes what is left, and how the run stands now. Answers what has kept it from that, `null` for nothing. */
  async close(status: StoredRunStatus, dueAt: number | null = null): Promise<{ readonly error: unknown } | null> {
    this.#status = status;
    this.#dueAt = dueAt;
    this.recorder.close();
    if (this.#place !== null) {
      await new Promise<void>((resolve) => {
        this.#onClosed = resolve;
        this.#writeSoon();
      });
    }
    this.#lease.stop();
    return this.#fault;
  }

  async #writeSoon(): Promise<void> {
    if (this.#isWriting || this.#place === null) return;
    this.#isWriting = true;
    // What is on the stack may have more to tell.
    await undefined;
    while (this.#place !== null && this.#hasWork) {
      // Mostly the rest of the step follows at once.
      for (let tick = 0; tick < WRITE_MICROTASKS && this.#canWait; tick += 1) await undefined;
      await this.#write(this.#place);
    }
    this.#isWriting = false;
    this.#onClosed?.();
  }

  get #hasWork(): boolean {
    return this.#events.length > 0 || !this.recorder.isEmpty || this.#isBeatDue;
  }

  get #canWait(): boolean {
    return this.recorder.isEmpty && !this.#isBeatDue && this.#onClosed === null;
  }

  /** Writes what there is to a run that stands at this place. */
  async #write(place: StoredPlace): Promise<void> {
    const { runId, store, clock, leaseMs } = this.#options;
    // First of all: a clock may end the run, which is then written as it is by now.
    const now = clock.now();
    const events = this.#events;
    const { tokens } = this.#host.loop.counts;
    const taken = this.recorder.take();
    const { revision, createdAt, version } = place;
    const status = this.#status;
    const wakeAt = status === "running" ? now + leaseMs : status === "suspended" ? this.#dueAt ?? now : null;
    this.#events = [];
    this.#isBeatDue = false;
    this.#lease.ask(now);
    try {
      const { record, snapshot } = taken;
      const commit = { runId, revision, createdAt, version, status, record, snapshot, events, wakeAt, now };
      const isWritten = await store.commit(commit);
      // It has answered too late.
      if (this.#fault !== null) return;
      if (!isWritten) return this.#break(new RunFencedError(runId));
    } catch (error) {
      // A store that says what went wrong names the run and the revision itself.
      if (error instanceof StoreError) return this.#break(error);
      return this.#break(new StoreError(runId, `write revision ${revision + 1}`, toText(error), { cause: error }));
    }
    this.#lease.hold();
    this.#committedTokens = tokens;
    this.recorder.settle(taken);
    this.#place = { ...place, revision: revision + 1 };
    this.#deliver(events);
    this.#catchUp();
    this.#host.advance();
  }

  #deliver(events: readonly EncodedEvent[]): void {
    const { handOff, onCommitted } = this.#options;
    if (!handOff.isDrained) { for (const { event } of events) handOff.push(event); }
    onCommitted?.(events);
  }

  /** Nothing can be written any more: what has been told since the last commit did not happen. */
  #break(error: WorkflowError): void {
    if (this.#fault !== null) return;
    this.#fault = { error };
    this.#place = null;
    this.#events = [];
    this.recorder.clear();
    this.#isBeatDue = false;
    this.#lease.stop();
    this.#catchUp();
    this.#host.fail(error);
    this.#onClosed?.();
  }

  #breakUnanswered(why: string): void {
    this.#break(new StoreError(this.#options.runId, "write the next revision", why));
  }

  #catchUp(): void {
    const catchUps = this.#catchUps;
    this.#catchUps = [];
    for (const resolve of catchUps) resolve();
  }
}
