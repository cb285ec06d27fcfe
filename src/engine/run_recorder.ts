import { copyOfJson } from "../core/json.ts";
import type { Outcome } from "../core/state.ts";
import type { Token } from "../core/token.ts";
import { ContextView } from "./context_view.ts";
import { PendingChanges, type RunSnapshot, type StoredLengths } from "./pending_changes.ts";
import type { RunContext } from "./run_context.ts";
import { type ContextPatch, type StoredContext, UNDEFINED } from "./stored_context.ts";
import { encodeChanges, encodeOutcome, encodeRetry, type StoredCounts } from "./stored_delta.ts";
import { encodeState, type PendingRetry, type RestoredState } from "./stored_state.ts";

/** What {@linkcode RunRecorder} is made with. */
export interface RunRecorderOptions {
  /** What a new run starts with. */
  readonly context: StoredContext;
  readonly captureTrace: boolean;
}

/** The run whose steps are recorded. */
export interface RunRecorderHost {
  /** What they have come to. */
  readonly loop: RunSnapshot;
}

/** What a commit writes of a run's state. */
export interface TakenChanges {
  readonly record: string | null;
  readonly snapshot: string | null;
  /** How many outcomes are in it. */
  readonly outcomes: number;
}

const NO_PATCH: ContextPatch = new Map();

/** What a stored run's steps get and what they leave behind, and what of that is still to be written. */
export class RunRecorder implements RunContext {
  readonly #host: RunRecorderHost;
  readonly #isTraced: boolean;
  readonly #views = new Map<number, ContextView>();
  readonly #changes = new PendingChanges();
  #context: StoredContext;
  #retries = new Map<number, PendingRetry>();
  #uncommitted = 0;
  /** The run has ended: nothing counts any more. */
  #isClosed = false;

  constructor({ context, captureTrace }: RunRecorderOptions, host: RunRecorderHost) {
    this.#context = context;
    this.#isTraced = captureTrace;
    this.#host = host;
  }

  /** How many outcomes are not in the store yet: a crash would repeat their actions. */
  get uncommitted(): number {
    return this.#uncommitted;
  }

  /** True while there is nothing to write. */
  get isEmpty(): boolean {
    return this.#changes.isEmpty;
  }

  get whole(): Record<string, unknown> {
    return this.#context.toObject();
  }

  partContext({ id, step }: Token): void {
    const view = this.#views.get(id);
    if (view !== undefined) this.#views.set(id, view.copy(step));
  }

  contextToDecide(token: Token): Record<string, unknown> {
    this.#views.get(token.id)?.refresh(token.step);
    return this.contextOf(token);
  }

  contextOf(token: Token): Record<string, unknown> {
    let view = this.#views.get(token.id);
    if (view === undefined) this.#views.set(token.id, view = new ContextView(this.#context));
    return view.context;
  }

  payloadOf({ payload }: Token): unknown {
    // Whatever an action does to it, the next attempt gets what is in the store.
    return copyOfJson(payload);
  }

  /** The attempt at a token that failed before the run was resumed, if its next one is not made yet. */
  retryOf(token: Token): PendingRetry | undefined {
    return this.#retries.get(token.id);
  }

  record(outcome: Outcome): Outcome | null {
    const { token, result } = outcome;
    const resultKey = `result.${token.step}`;
    const patch = this.#views.get(token.id)?.diff(token.step, resultKey, result.value) ?? NO_PATCH;
    // Nobody else keeps it.
    const isKept = token.member !== null || this.#isTraced;
    const encoded = encodeOutcome(outcome, this.#host.loop.counts, encodeChanges(patch), isKept);
    // A getter in it has ended the run.
    if (this.#isClosed) return null;
    this.#context.apply(patch);
    if (!patch.has(resultKey)) this.#context.set(resultKey, encoded.valueText ?? UNDEFINED);
    this.#views.delete(token.id);
    this.#retries.delete(token.id);
    this.#changes.add(encoded.text);
    this.#uncommitted += 1;
    return encoded.outcome;
  }

  forgetChanges(token: Token): void {
    this.#views.delete(token.id);
  }

  /**
   * Takes in that an attempt failed and when the next one is due, which gets the context as it is by then: what an
   * action does after its time is over is done to a copy that nobody looks at.
   */
  recordRetry(token: Token, retry: PendingRetry): void {
    const patch = this.#views.get(token.id)?.diff(token.step, "", undefined) ?? NO_PATCH;
    if (this.#isClosed) return;
    this.#context.apply(patch);
    this.#views.delete(token.id);
    this.#retries.set(token.id, retry);
    this.#changes.add(encodeRetry({ token: token.id, ...retry }, patch));
  }

  /** The changes so far account for these counts. */
  count(counts: StoredCounts): void {
    this.#changes.count(counts);
  }

  /** The first snapshot of a new run. */
  takeFirst(): string {
    return encodeState(this.#host.loop.state, [], 0, this.#retries, this.#context);
  }

  /** Goes on from what the store has. */
  restore({ context, retries }: RestoredState): void {
    this.#context = context;
    this.#retries = retries;
  }

  /** The store has the run. */
  begin(lengths: StoredLengths): void {
    this.#changes.begin(lengths, this.#host.loop.counts);
  }

  /** What the next commit is to write. */
  take(): TakenChanges {
    const { loop } = this.#host;
    const record = this.#changes.takeRecord(loop.counts);
    const snapshot = this.#changes.takeSnapshot(loop, this.#retries, this.#context);
    return { record, snapshot, outcomes: this.#uncommitted };
  }

  /** That is in the store. */
  settle({ outcomes }: TakenChanges): void {
    this.#uncommitted -= outcomes;
  }

  /** The run has ended: what is recorded after that does not count. */
  close(): void {
    this.#isClosed = true;
  }

  /** Nothing can be written any more. */
  clear(): void {
    this.#changes.clear();
  }
}
