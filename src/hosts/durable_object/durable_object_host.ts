import { type Clock, inWholeMs, systemClock } from "../../core/clock.ts";
import { describeError, isDescribed } from "../../core/describe_error.ts";
import { StoreError, UnknownRunError } from "../../core/errors.ts";
import type { RunHead } from "../../core/run_store.ts";
import { tellOfError } from "../../runner/tell_of_error.ts";
import { eventStreamResponse } from "../../sse/event_stream_response.ts";
import { DurableObjectDatabase } from "../../stores/durable_object_database.ts";
import { DurableObjectStore } from "../../stores/durable_object_store.ts";
import { hasRuns, hasTables } from "../../stores/sqlite_schema.ts";
import { assertIs, assertObject, isObject } from "../../workflow/assertions.ts";
import { byName, findByName } from "../../workflow/by_name.ts";
import { checkStart } from "../../workflow/stored_runs.ts";
import type { Workflow } from "../../workflow/workflow.ts";
import { assertDurableObjectHostOptions, type DurableObjectHostOptions } from "./durable_object_host_options.ts";
import { HostedRun, type StartOrder } from "./hosted_run.ts";
import type { RunObjectState, RunObjectStorage } from "./object_handles.ts";
import { parseObjectUrl } from "./run_object_url.ts";
import { tellError } from "./told_error.ts";

/** When a run that cannot be gone on with is tried again: another version of the Worker may know what to do with it. */
const HOPELESS_MS = 10 * 60_000;

/**
 * Runs a workflow in a Durable Object: one object per run, with its state and its events in the object's own storage.
 * Alarm after alarm works on the run until it ends, so it needs no client, and outlives the object's eviction and the
 * death of its process. The object's storage and alarm belong to the host alone.
 *
 * The Worker reaches it through `DurableObjectRuns`.
 */
export class DurableObjectHost {
  readonly #storage: RunObjectStorage;
  readonly #options: DurableObjectHostOptions;
  readonly #workflows: ReadonlyMap<string, Workflow>;
  readonly #clock: Clock;
  /** `null` while nothing is stored, and until somebody asks. */
  #run: HostedRun | null = null;
  /**
   * What looks for the run, changes who works on it or deletes it comes one after the other; no user code is waited
   * for.
   */
  #turn: Promise<unknown> = Promise.resolve();
  /** How many alarms in a row have failed. */
  #failures = 0;
  /** When the last alarm that has come was due. */
  #alarmedAt = 0;

  /**
   * Makes a host, which does nothing yet.
   *
   * @param state The `ctx` that the object is constructed with
   * @throws {TypeError | RangeError} If an option is of the wrong kind, or two workflows have the same name.
   */
  constructor(state: RunObjectState, options: DurableObjectHostOptions) {
    assertObject(state, "state");
    assertIs(state.storage, isObject, "state.storage");
    assertObject(options, "options");
    this.#workflows = byName(options.workflows, "host runs");
    assertDurableObjectHostOptions(options);
    this.#storage = state.storage;
    this.#options = options;
    this.#clock = inWholeMs(options.clock ?? systemClock);
  }

  /** How many readers the run's events have now. */
  get readers(): number {
    return this.#run?.readers ?? 0;
  }

  /** Answers the requests of `DurableObjectRuns`: call it in the object's `fetch`. */
  async fetch(request: Request): Promise<Response> {
    const call = parseObjectUrl(request.url);
    if (call === null) return new Response(null, { status: 404 });
    const { runId, isEvents, after } = call;
    try {
      if (isEvents && request.method === "GET") return await this.#follow(request, runId, after);
      if (isEvents) return new Response(null, { status: 405 });
      switch (request.method) {
        case "GET":
          return Response.json(await this.#inTurn(() => this.#head()));
        case "PUT": {
          const order: Omit<StartOrder, "runId"> = await request.json();
          return Response.json({ isNew: await this.#start({ ...order, runId }) });
        }
        case "DELETE":
          return Response.json({ isCancelled: await this.#cancel(runId) });
        default:
          return new Response(null, { status: 405 });
      }
    } catch (error) {
      const told = tellError(error);
      if (told === null) throw error;
      return Response.json(told, { status: 422 });
    }
  }

  /** Works on the run for a while, or deletes it after `keepMs`: call it in the object's `alarm`. */
  async alarm(info?: { readonly scheduledTime?: number }): Promise<void> {
    this.#alarmedAt = info?.scheduledTime ?? 0;
    try {
      const isHopeless = !await this.#inTurn(async () => this.#goOn(await this.#found()));
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

  async #head(): Promise<RunHead | null> {
    const run = await this.#found();
    return await run?.head() ?? null;
  }

  async #start(order: StartOrder): Promise<boolean> {
    const workflow = findByName(this.#workflows, order.workflow);
    if (await this.#inTurn(() => this.#isStarted(order))) return false;
    const planned = await checkStart(workflow, order.start, order.payload);
    return await this.#inTurn(async () => {
      // Somebody else may have been faster.
      if (await this.#isStarted(order)) return false;
      // First, so that no run is stored that nobody would wake up for. It also deletes what a start that fails has
      // left.
      await this.#wakeAt(this.#clock.now());
      await (await this.#open()).start(planned, order);
      return true;
    });
  }

  async #isStarted(order: StartOrder): Promise<boolean> {
    const run = await this.#found();
    if (run === null || !await run.isStarted(order)) return false;
    await this.#goOnSoon(run);
    return true;
  }

  async #follow(request: Request, runId: string, after: number): Promise<Response> {
    const events = await this.#inTurn(async () => {
      const run = await this.#found();
      if (run === null) throw new UnknownRunError(runId);
      await this.#goOnSoon(run);
      const head = await run.head();
      if (head === null) throw new UnknownRunError(runId);
      return run.follow(head, after);
    });
    return eventStreamResponse(events, {
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
    // Not in turn: an action that does not heed its signal is waited for.
    const wasHere = await this.#run?.cancelHere() ?? false;
    return await this.#inTurn(async () => {
      const run = await this.#found();
      if (run === null) throw new UnknownRunError(runId);
      const isCancelled = await run.cancel(runId, wasHere);
      await this.#wakeAt(this.#clock.now());
      return isCancelled;
    });
  }

  /** Goes on with a run that is due, and sets its alarm anew: the one that should be there may have been lost. */
  async #goOnSoon(run: HostedRun): Promise<void> {
    const isHopeless = !await this.#goOn(run);
    const head = await run.head();
    if (head !== null) await this.#wakeAt(this.#dueAt(run, head, isHopeless));
  }

  /** Goes on with the run, if it is due; `false` if it cannot. */
  async #goOn(run: HostedRun | null): Promise<boolean> {
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

  /** Deletes what is over, or sees to it that the object is woken when there is something to do. */
  async #plan(isHopeless: boolean): Promise<void> {
    const run = await this.#found();
    const head = await run?.head() ?? null;
    if (run === null || head === null) return await this.#forget();
    const dueAt = this.#dueAt(run, head, isHopeless);
    const hasEnded = head.wakeAt === null && !run.isAtWork;
    if (hasEnded && dueAt <= this.#clock.now()) await this.#forget();
    else await this.#wakeAt(dueAt);
  }

  /** When there is something to do: to go on with the run or, after its end, to delete it. */
  #dueAt(run: HostedRun, { status, wakeAt, updatedAt }: RunHead, isHopeless: boolean): number {
    const now = this.#clock.now();
    if (run.isAtWork) return now;
    if (wakeAt === null) return updatedAt + (this.#options.keepMs ?? DAY_MS);
    if (isHopeless) return now + HOPELESS_MS;
    return status === "suspended" ? wakeAt : now;
  }

  /** An alarm that is set for the very time of the one that is at work is lost, and the clock may stand still. */
  async #wakeAt(time: number): Promise<void> {
    if (time > MAX_TIME) return;
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
    this.#run?.close();
    this.#run = null;
    // At once, so that a process that dies in between leaves no run without an alarm.
    await Promise.all([this.#storage.deleteAlarm(), this.#storage.deleteAll()]);
  }

  async #inTurn<Done>(work: () => Promise<Done>): Promise<Done> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return await done;
  }

  #tell(error: unknown, runId: string | null): void {
    tellOfError(this.#options.onError, error, runId);
  }
}

const DAY_MS = 24 * 60 * 60_000;
/** The last time of a `Date`. */
const MAX_TIME = 8_640_000_000_000_000;
