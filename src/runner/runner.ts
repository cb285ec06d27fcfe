import { type Clock, inWholeMs, systemClock } from "../core/clock.ts";
import { RunConflictError, RunFencedError, RunnerClosedError, StoreError, UnknownRunError } from "../core/errors.ts";
import type { WorkflowEvent } from "../core/events.ts";
import { createRunId } from "../core/run_id.ts";
import type { RunHead, RunQuery, RunStore } from "../core/run_store.ts";
import { assertSameStart } from "../engine/open_run.ts";
import { settledWithin } from "../engine/settled_within.ts";
import { asked } from "../engine/store_access.ts";
import { assertIs, isLimit, isTimer } from "../workflow/assertions.ts";
import { byName, findByName } from "../workflow/by_name.ts";
import type { ResumeOptions } from "../workflow/run_options.ts";
import { openStoredRun, resumeStoredRun } from "../workflow/stored_runs.ts";
import { toStored, type Workflow } from "../workflow/workflow.ts";
import { cancelStoredRun } from "./cancel_stored_run.ts";
import { FollowedRun } from "./followed_run.ts";
import { LocalRun, type OpenRun } from "./local_run.ts";
import { Recovery } from "./recovery.ts";
import {
  assertRunnerOptions,
  type CloseOptions,
  type FollowOptions,
  type RecoverOptions,
  type RunnerOptions,
  type StartedRun,
  type StartOptions,
} from "./runner_options.ts";
import { tellOfError } from "./tell_of_error.ts";

const DEFAULT_CLOSE_MS = 5_000;
/** Why the runs of a closed runner are suspended. */
const CLOSED = "its runner was closed";
/** So many runs are asked for at once. */
const PAGE_LENGTH = 100;

/**
 * Owns runs that belong to a store and not to whoever started them: anybody may follow one, leave, and come back, even
 * in another process.
 *
 * @example Usage
 * ```ts
 * import { MemoryStore, Workflow } from "@stepstream/workflow";
 * import { Runner } from "@stepstream/workflow/runner";
 *
 * const greet = new Workflow({ name: "greet" }).add({ name: "greet", action: (_ctx, name) => `Hello, ${name}` });
 * const runner = new Runner({ workflows: [greet], store: new MemoryStore() });
 *
 * const { runId } = await runner.start("greet", "greet", "Ada");
 * for await (const event of runner.follow(runId)) console.log(event.seq, event.type);
 * await runner.close();
 * ```
 */
export class Runner implements AsyncDisposable {
  readonly #workflows: ReadonlyMap<string, Workflow>;
  readonly #options: RunnerOptions;
  readonly #store: RunStore;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  /** Those at work here, and those that are being opened to be. */
  readonly #runs = new Map<string, LocalRun>();
  readonly #readers = new Set<FollowedRun>();
  /** What settles when everything is that was begun: runs, starts, rounds of recovery. */
  readonly #tasks = new Set<Promise<unknown>>();
  readonly #recovery: Recovery;
  /** Ends the listening for what others write. */
  #stopListening: (() => void) | undefined;
  #isClosed = false;
  #closing: Promise<void> | null = null;

  /**
   * Makes a runner, which does nothing yet.
   *
   * @throws {TypeError | RangeError} If an option is of the wrong kind, or two workflows have the same name.
   */
  constructor(options: RunnerOptions) {
    assertRunnerOptions(options);
    this.#workflows = byName(options.workflows, "make a runner");
    const { store, clock = systemClock, leaseMs = 30_000, recoverEveryMs = leaseMs / 3 } = options;
    this.#options = options;
    this.#store = store;
    this.#clock = inWholeMs(clock);
    this.#leaseMs = leaseMs;
    this.#recovery = new Recovery({
      store,
      clock: this.#clock,
      leaseMs,
      everyMs: recoverEveryMs,
      workflows: this.#workflows,
      runs: this.#runs,
      takeOver: (head, isClaimed) => this.#takeOver(head, isClaimed),
      recover: () => this.recover(),
      onError: (error, runId) => this.#tell(error, runId),
    });
  }

  /** The names of its workflows. */
  get workflows(): Iterable<string> {
    return this.#workflows.keys();
  }

  /** How many runs are active in this process. */
  get activeRuns(): number {
    let active = 0;
    for (const { isStored } of this.#runs.values()) if (isStored) active += 1;
    return active;
  }

  /**
   * Starts a run of a workflow, and settles once it is in the store. If the store has this run already, nothing new is
   * started; if nobody works on that one, it is continued here. If it cannot be, because it is of another version for
   * example, `onError` hears of it.
   *
   * @throws {UnknownWorkflowError | UnknownStepError} If there is no workflow or step of this name.
   * @throws {RunConflictError} If the id is taken by a run of another workflow, start or payload.
   * @throws {PayloadError} If the step's schema refuses the payload.
   * @throws {SerializationError} If the payload or the context is not JSON.
   * @throws {StoreError} If the store fails.
   * @throws {RunnerClosedError} If the runner was closed.
   */
  start(workflow: string, start: string, payload?: unknown, options: StartOptions = {}): Promise<StartedRun> {
    return this.#do("start a run", () => this.#start(workflow, start, payload, options));
  }

  /**
   * Reads the events of a run: those there are, then those to come, up to `run.end`; without it if the runner is closed
   * first. Any number of readers may follow a run, each at its own pace; one that stalls costs no more than a page of
   * events. They may get the same objects, so do not change an event. Leaving only ends the reading. Unlike a stream,
   * it does not reject if the run failed: look at `run.end`.
   *
   * Its `next()` rejects with `UnknownRunError`, with `EventsGoneError` if events are missing, with `StoreError`, and
   * with the signal's reason.
   *
   * @throws {RangeError} If `after` is not a whole number from 0 on.
   */
  follow(runId: string, { after = 0, signal }: FollowOptions = {}): AsyncIterableIterator<WorkflowEvent> {
    if (!Number.isSafeInteger(after) || after < 0) {
      throw new RangeError(`Cannot follow a run: after must be a whole number from 0 on: ${String(after)}`);
    }
    const reader = new FollowedRun({
      runId,
      after,
      signal: signal ?? null,
      store: this.#store,
      clock: this.#clock,
      pollMs: this.#options.pollMs ?? 500,
      feedOf: () => this.#runs.get(runId)?.feed,
      onLeft: (left) => this.#readers.delete(left),
    });
    if (this.#isClosed) reader.close();
    else if (!reader.isOver) this.#readers.add(reader);
    return reader;
  }

  /**
   * Cancels a run, wherever it is active, and settles once that is stored; `false` if it has ended already. An action
   * in another process hears of it at once if the store tells that process of commits, otherwise within a thirtieth of
   * the lease.
   *
   * @throws {UnknownRunError} If there is no such run.
   * @throws {StoreError} If the store fails.
   */
  async cancel(runId: string, reason?: unknown): Promise<boolean> {
    const local = this.#runs.get(runId);
    if (local !== undefined) await local.stream.cancel(reason);
    const head = await this.get(runId);
    if (head === null) throw new UnknownRunError(runId);
    if (head.wakeAt === null) return local !== undefined && head.status === "cancelled";
    // It may have been taken over meanwhile.
    return await cancelStoredRun(this.#store, runId, reason, this.#clock);
  }

  /**
   * Looks up a run, without its state and events; `null` if there is none.
   *
   * @throws {StoreError} If the store fails.
   */
  async get(runId: string): Promise<RunHead | null> {
    return await asked(() => this.#store.find(runId), runId, "read the head");
  }

  /**
   * Lists runs, the newest first, 100 at most unless `limit` says otherwise.
   *
   * @throws {TypeError | RangeError} If `limit` is not a whole number from 1 on.
   * @throws {StoreError} If the store fails.
   */
  async list(query: Partial<RunQuery> = {}): Promise<readonly RunHead[]> {
    const { limit = PAGE_LENGTH, ...rest } = query;
    assertIs(limit, (value) => isTimer(value), "limit");
    return await asked(() => this.#store.list({ ...rest, limit }), null, "list the runs");
  }

  /**
   * Takes over the runs that nobody works on, since their process has died or let them go, and repeats that on a timer
   * until the runner is closed. Resolves to how many there were.
   *
   * @throws {StoreError} If the store fails; on the timer that goes to `onError`.
   * @throws {RunnerClosedError} If the runner was closed.
   */
  recover({ isForced = false }: RecoverOptions = {}): Promise<number> {
    return this.#do("recover runs", () => this.#recovery.run(isForced));
  }

  /**
   * Takes on nothing more, gives the actions in progress time to finish, and lets go of every run, so that others can
   * recover them at once. Readers are done.
   *
   * @throws {TypeError | RangeError} If `timeoutMs` is not a whole number from 0 on, or `Infinity`.
   */
  async close({ timeoutMs = DEFAULT_CLOSE_MS }: CloseOptions = {}): Promise<void> {
    assertIs(timeoutMs, (value) => isLimit(value, 0), "timeoutMs");
    this.#closing ??= this.#close(timeoutMs);
    await this.#closing;
  }

  /** The same as {@linkcode Runner.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Does something that has to be over before the runner is closed. */
  async #do<Done>(what: string, work: () => Promise<Done>): Promise<Done> {
    if (this.#isClosed) throw new RunnerClosedError(what);
    const task = work();
    this.#tasks.add(task);
    try {
      return await task;
    } finally {
      this.#tasks.delete(task);
    }
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    this.#recovery.stop();
    const pauses = Array.from(this.#runs.values(), ({ stream }) => stream.pause());
    await settledWithin(pauses, timeoutMs, this.#clock, null);
    // What is still being opened is paused by now, and left as soon as it is open.
    const left = Array.from(this.#runs.values(), ({ stream }) => stream.leave(CLOSED));
    // A store that does not answer must not keep the process.
    await settledWithin([...left, ...this.#tasks], Math.max(timeoutMs, DEFAULT_CLOSE_MS), this.#clock, null);
    for (const { stream } of this.#runs.values()) stream.abandon();
    this.#stopListening?.();
    for (const reader of [...this.#readers]) reader.close();
  }

  async #start(workflow: string, start: string, payload: unknown, options: StartOptions): Promise<StartedRun> {
    const { runId = createRunId(), context } = options;
    const found = findByName(this.#workflows, workflow);
    const plan = { workflow, start, payload: toStored(start, payload) };
    const runOptions = { ...this.#runOptions, runId, ...(context === undefined ? {} : { context }) };
    while (true) {
      const other = this.#runs.get(runId);
      // One that is being started may come to nothing, which is no reason for this one.
      await other?.stored.catch(() => {});
      const head = options.runId === undefined ? null : await this.get(runId);
      if (head !== null) {
        await assertSameStart(head, plan, this.#store);
        const isDue = head.wakeAt !== null && head.wakeAt <= this.#clock.now();
        if (isDue && !this.#runs.has(runId)) await this.#takeOverIfPossible(head);
        return { runId, isNew: false };
      }
      const beside = this.#runs.get(runId);
      if (beside !== undefined) {
        // What was stored and is not there has been deleted: it ends as soon as it wants to write.
        if (beside === other) await beside.ended;
        continue;
      }
      try {
        await this.#begin(
          runId,
          (onCommitted) => openStoredRun(found, start, payload, runOptions, { opening: "create", onCommitted }),
        );
        return { runId, isNew: true };
      } catch (error) {
        // Somebody else may have started it at the same time; then it is there now.
        if (!(error instanceof RunConflictError)) throw error;
      }
    }
  }

  get #runOptions(): Omit<ResumeOptions, "after"> {
    const { runOptions, migrate } = this.#options;
    // Nobody asks for a trace: what happened is in the store.
    const own = { captureTrace: false, store: this.#store, leaseMs: this.#leaseMs, clock: this.#clock };
    return { ...runOptions, ...own, migrate };
  }

  /** Lets a run go on without a reader; settles once it is in the store. */
  async #begin(runId: string, open: OpenRun): Promise<void> {
    const run = new LocalRun(open);
    this.#runs.set(runId, run);
    this.#stopListening ??= this.#store.onCommit?.((changed) => this.#runs.get(changed)?.stream.look());
    const task = this.#goOn(runId, run);
    this.#tasks.add(task);
    task.then(() => this.#tasks.delete(task));
    if (this.#isClosed) run.stream.pause();
    await run.stored;
    if (this.#isClosed) await run.stream.leave(CLOSED);
  }

  /** Sees a run to its end here. */
  async #goOn(runId: string, run: LocalRun): Promise<void> {
    const trouble = await run.ended;
    // Its place may be taken by now: by itself, taken over from here.
    if (this.#runs.get(runId) === run) this.#runs.delete(runId);
    run.feed.ring();
    if (trouble === null || await this.#isCancelled(runId, trouble.error)) return;
    this.#tell(trouble.error, runId);
    if (trouble.error instanceof StoreError) this.#recovery.afterLoss();
  }

  /** Whether a run was fenced off here by somebody who has cancelled it, as anybody may. */
  async #isCancelled(runId: string, error: unknown): Promise<boolean> {
    if (!(error instanceof RunFencedError)) return false;
    try {
      return (await this.get(runId))?.status === "cancelled";
    } catch {
      // Of the two, what has happened to the run is the one to tell.
      return false;
    }
  }

  /** Goes on with a run, which is claimed already or else will be. */
  async #takeOver(head: RunHead, isClaimed: boolean): Promise<void> {
    const { runId, workflow } = head;
    const found = findByName(this.#workflows, workflow);
    const claimed = isClaimed ? head : null;
    await this.#begin(
      runId,
      (onCommitted) => resumeStoredRun(found, runId, this.#runOptions, { claimed, onCommitted }),
    );
  }

  /** Goes on with a run that is there in any case: where that cannot be, somebody else may be able to. */
  async #takeOverIfPossible(head: RunHead): Promise<void> {
    try {
      await this.#takeOver(head, false);
    } catch (error) {
      if (error instanceof StoreError || error instanceof UnknownRunError) throw error;
      this.#tell(error, head.runId);
    }
  }

  #tell(error: unknown, runId: string | null): void {
    tellOfError(this.#options.onError, error, runId);
  }
}
