import { type Clock, inWholeMs, systemClock } from "../../core/clock.ts";
import { describeError, isDescribed } from "../../core/describe_error.ts";
import { StoreError, UnknownRunError } from "../../core/errors.ts";
import type { Any } from "../../core/inference.ts";
import type { Migrate } from "../../engine/run_settings.ts";
import { eventStreamResponse } from "../../sse/event_stream_response.ts";
import { DurableObjectDatabase } from "../../stores/durable_object_database.ts";
import { DurableObjectStore } from "../../stores/durable_object_store.ts";
import { hasRuns, hasTables } from "../../stores/sqlite_schema.ts";
import {
  assertIs,
  assertObject,
  assertProperties,
  type Check,
  hasMethods,
  isFunction,
  isObject,
  isTime,
  isTimer,
} from "../../workflow/assertions.ts";
import { byName } from "../../workflow/by_name.ts";
import { assertRunOptions } from "../../workflow/run_options.ts";
import type { Workflow } from "../../workflow/workflow.ts";
import { HostedRun, type HostedRunOptions, type StartOrder } from "./hosted_run.ts";
import type { RunObjectState, RunObjectStorage } from "./object_handles.ts";
import { parseObjectUrl } from "./run_object_url.ts";
import { tellError } from "./told_error.ts";

/** Options of a {@linkcode DurableObjectHost}. */
export interface DurableObjectHostOptions {
  /** The workflows whose runs it may get, each of a name of its own. */
  readonly workflows: readonly Workflow<Any, Any, Any, Any>[];
  /** Options of the run, such as `concurrency` and `logger`. Default: the defaults of a run. */
  readonly runOptions?: HostedRunOptions | undefined;
  /** Makes the state of a run of another version of its workflow fit this one. Default: it is left alone. */
  readonly migrate?: Migrate | undefined;
  /** How long a run is kept after its end, in ms; then all that the object has stored is deleted. Default: a day. */
  readonly keepMs?: number | undefined;
  /**
   * How long an alarm works on the run before the next one does, in ms. A run that only waits, for longer than that, is
   * let go of until it is due. Default: 10 000.
   */
  readonly sliceMs?: number | undefined;
  /** How often a silent reader is sent a sign of life, in ms; one who has left is missed then. Default: 5 000. */
  readonly heartbeatMs?: number | undefined;
  /** Hears of what goes wrong with nobody to tell: a run that cannot be gone on with, for one. Default: nobody. */
  readonly onError?: ((error: unknown, runId: string | null) => void) | undefined;
  /** Where times and timers come from. Default: the platform. */
  readonly clock?: Clock | undefined;
}

/** When a run that cannot be gone on with is tried again: another version of the Worker may know what to do with it. */
const HOPELESS_MS = 10 * 60_000;

/**
 * Runs a workflow in a Durable Object: one object a run, with its state and its events in the object's own storage. An
 * alarm works on it, the next one follows, and so on to its end: a run needs no client, and outlives the object's
 * eviction and the death of its process. The object's storage and alarm are the host's alone.
 *
 * The Worker reaches it by `DurableObjectRuns`.
 */
export class DurableObjectHost {
  readonly #storage: RunObjectStorage;
  readonly #options: DurableObjectHostOptions;
  readonly #workflows: ReadonlyMap<string, Workflow>;
  readonly #clock: Clock;
  /** `null` while nothing is stored. */
  #run: HostedRun | null = null;
  /** What changes who works on the run comes one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  /** How many alarms in a row have failed. */
  #failures = 0;
  /** When the last alarm that has come was due. */
  #alarmedAt = 0;

  /**
   * A host that does nothing yet.
   *
   * @param state What the object is made with: its `ctx`
   * @throws {TypeError | RangeError} If an option is of the wrong kind, or two workflows have one name.
   */
  constructor(state: RunObjectState, options: DurableObjectHostOptions) {
    assertObject(state, "state");
    assertIs(state.storage, isObject, "state.storage");
    assertObject(options, "options");
    this.#workflows = byName(options.workflows, "host runs");
    assertProperties(options, CHECKS);
    if (options.runOptions !== undefined) assertRunOptions(options.runOptions, "runOptions");
    this.#storage = state.storage;
    this.#options = options;
    this.#clock = inWholeMs(options.clock ?? systemClock);
  }

  /** How many read the run's events now. */
  get readers(): number {
    return this.#run?.readers ?? 0;
  }

  /** Answers what `DurableObjectRuns` asks: what the object's `fetch` is for. */
  async fetch(request: Request): Promise<Response> {
    const call = parseObjectUrl(request.url);
    if (call === null) return new Response(null, { status: 404 });
    const { runId, isEvents, after } = call;
    try {
      if (isEvents && request.method === "GET") return await this.#follow(request, runId, after);
      if (isEvents) return new Response(null, { status: 405 });
      switch (request.method) {
        case "GET":
          return Response.json(await (await this.#found())?.head() ?? null);
        case "PUT": {
          const order: Omit<StartOrder, "runId"> = await request.json();
          return Response.json({ isNew: await this.#inTurn(() => this.#start({ ...order, runId })) });
        }
        case "DELETE":
          return Response.json({ isCancelled: await this.#inTurn(() => this.#cancel(runId)) });
        default:
          return new Response(null, { status: 405 });
      }
    } catch (error) {
      const told = tellError(error);
      if (told === null) throw error;
      return Response.json(told, { status: 422 });
    }
  }

  /** Works on the run for a while, or deletes it when its time is over: what the object's `alarm` is for. */
  async alarm(info?: { readonly scheduledTime?: number }): Promise<void> {
    this.#alarmedAt = info?.scheduledTime ?? 0;
    try {
      const isHopeless = !await this.#inTurn(() => this.#goOn());
      await this.#run?.workFor(this.#sliceMs);
      await this.#inTurn(() => this.#plan(isHopeless));
      this.#failures = 0;
    } catch (error) {
      // An alarm that rejects is repeated a few times and then never again, so the next one is set here.
      this.#tell(error, error instanceof StoreError ? error.runId : null);
      this.#failures += 1;
      await this.#wakeAt(this.#clock.now() + Math.min(1_000 * 2 ** this.#failures, HOPELESS_MS));
    }
  }

  get #sliceMs(): number {
    return this.#options.sliceMs ?? 10_000;
  }

  async #start(order: StartOrder): Promise<boolean> {
    const before = await this.#found();
    // First, so that no run is stored that nobody would wake up for.
    if (before === null) await this.#wakeAt(this.#clock.now());
    const run = before ?? await this.#open();
    try {
      const isNew = await run.start(order);
      if (!isNew) await this.#goOnSoon();
      return isNew;
    } catch (error) {
      if (await run.head() === null) await this.#forget();
      throw error;
    }
  }

  async #follow(request: Request, runId: string, after: number): Promise<Response> {
    await this.#inTurn(() => this.#goOnSoon());
    const run = await this.#found();
    const head = await run?.head() ?? null;
    if (run === null || head === null) throw new UnknownRunError(runId);
    return eventStreamResponse(run.follow(head, after), {
      // It cancels the reading; the run goes on.
      onDisconnect: "cancel",
      signal: request.signal,
      heartbeatMs: this.#options.heartbeatMs ?? 5_000,
      clock: this.#clock,
      // What an error tells whom is for the Worker to say.
      describeError: (error) => isDescribed(error) ? error : describeError(error),
    });
  }

  async #cancel(runId: string): Promise<boolean> {
    const run = await this.#found();
    if (run === null) throw new UnknownRunError(runId);
    const isCancelled = await run.cancel(runId);
    await this.#wakeAt(this.#clock.now());
    return isCancelled;
  }

  /** Goes on with a run that is due and that no alarm has come for. */
  async #goOnSoon(): Promise<void> {
    const run = await this.#found();
    if (run === null || run.isAtWork) return;
    await this.#goOn();
    if (run.isAtWork) await this.#wakeAt(this.#clock.now());
  }

  /** Goes on with the run, if it is due; `false` if it cannot. */
  async #goOn(): Promise<boolean> {
    const run = await this.#found();
    // Not in the block: a row that cannot be read is no run that cannot be gone on with.
    const head = await run?.head() ?? null;
    try {
      await run?.goOn();
      return true;
    } catch (error) {
      this.#tell(error, head?.runId ?? null);
      return false;
    }
  }

  /** Sees to it that the object is woken when there is something to do. */
  async #plan(isHopeless: boolean): Promise<void> {
    const { keepMs = DAY_MS } = this.#options;
    const now = this.#clock.now();
    const run = await this.#found();
    const head = await run?.head() ?? null;
    if (run === null || head === null) return await this.#forget();
    const { status, wakeAt, updatedAt } = head;
    if (run.isAtWork) return await this.#wakeAt(now);
    if (wakeAt !== null) {
      return await this.#wakeAt(isHopeless ? now + HOPELESS_MS : status === "suspended" ? wakeAt : now);
    }
    const deleteAt = updatedAt + keepMs;
    if (deleteAt <= now) await this.#forget();
    else if (deleteAt <= MAX_TIME) await this.#wakeAt(deleteAt);
  }

  /** An alarm that is set for the very time of the one that is at work is lost, and the clock may stand still. */
  async #wakeAt(time: number): Promise<void> {
    await this.#storage.setAlarm(Math.max(time, this.#clock.now(), this.#alarmedAt) + 1);
  }

  /** The run that is stored; `null`, with nothing stored, if there is none. */
  async #found(): Promise<HostedRun | null> {
    if (this.#run !== null) return this.#run;
    return hasTables(new DurableObjectDatabase(this.#storage)) ? await this.#open() : null;
  }

  async #open(): Promise<HostedRun> {
    const { runOptions = {}, migrate } = this.#options;
    const store = await DurableObjectStore.open(this.#storage);
    const hasRow = () => hasRuns(new DurableObjectDatabase(this.#storage));
    this.#run ??= new HostedRun({ store, hasRow, workflows: this.#workflows, runOptions, migrate, clock: this.#clock });
    return this.#run;
  }

  /** Leaves the object as if it had never been. */
  async #forget(): Promise<void> {
    this.#run = null;
    await this.#storage.deleteAlarm();
    await this.#storage.deleteAll();
  }

  async #inTurn<Done>(work: () => Promise<Done>): Promise<Done> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return await done;
  }

  #tell(error: unknown, runId: string | null): void {
    try {
      this.#options.onError?.(error, runId);
    } catch {
      // Whoever is told of errors and throws one has nobody left to tell.
    }
  }
}

const DAY_MS = 24 * 60 * 60_000;
/** The last time of a `Date`. */
const MAX_TIME = 8_640_000_000_000_000;

const CHECKS: Readonly<Record<string, Check>> = {
  migrate: isFunction,
  keepMs: isTime,
  sliceMs: isTimer,
  heartbeatMs: isTimer,
  onError: isFunction,
  clock: (value) => hasMethods(value, "now", "setTimeout", "clearTimeout"),
};
