import { RunListError, UnknownRunError } from "../../core/errors.ts";
import type { WorkflowEvent } from "../../core/events.ts";
import type { Any } from "../../core/inference.ts";
import { toJson } from "../../core/json.ts";
import { createRunId } from "../../core/run_id.ts";
import type { RunHead } from "../../core/run_store.ts";
import { toStoredContext } from "../../engine/stored_context.ts";
import type { StartedRun, StartOptions } from "../../runner/runner_options.ts";
import { LONE_SURROGATE } from "../../stores/stored_text.ts";
import { assertIs, assertName, assertObject, hasMethods, isObject, type Refusal } from "../../workflow/assertions.ts";
import type { StartOrder } from "./hosted_run.ts";
import { ObjectEvents } from "./object_events.ts";
import type { RunObjectNamespace } from "./object_handles.ts";
import { toObjectUrl } from "./run_object_url.ts";
import { toError, type ToldError } from "./told_error.ts";

/** Options of {@linkcode DurableObjectRuns}. */
export interface DurableObjectRunsOptions {
  /** The workflows that the objects run. */
  readonly workflows: Iterable<{ readonly name: string }>;
}

/**
 * The runs of a namespace of Durable Objects, each in the object named by its id: pass it to `createRunsHandler` of
 * `./http`, in the Worker in front of them. It has no state, so it may be made anew for each request.
 *
 * Nobody knows how many runs are active in all objects, so `maxRuns` of the handler has no effect here, and its limits
 * of readers count those of one handler only.
 */
export class DurableObjectRuns {
  /** The names of the workflows that the objects run. */
  readonly workflows: readonly string[];
  /** Always 0: no run is active in the Worker itself. */
  readonly activeRuns: number = 0;
  readonly #namespace: RunObjectNamespace;

  /**
   * Serves the runs of a namespace.
   *
   * @param namespace The binding of the class whose objects have a `DurableObjectHost`
   * @throws {TypeError} If it is not a namespace, or an option is of the wrong kind.
   */
  constructor(namespace: RunObjectNamespace, options: DurableObjectRunsOptions) {
    assertIs(namespace, (value) => hasMethods(value, "idFromName", "get"), "namespace");
    assertObject(options, "options");
    assertIs(options.workflows, isIterable, "workflows");
    this.#namespace = namespace;
    this.workflows = Array.from(options.workflows, ({ name }) => {
      assertName(name, "the name of a workflow");
      return name;
    });
  }

  /**
   * Starts a run in its object, and settles once it is stored there. If the object has this run already, nothing new is
   * started.
   *
   * @throws {UnknownWorkflowError | UnknownStepError} If there is no workflow or step of this name.
   * @throws {RunConflictError} If the id is taken by a run of another workflow, start or payload.
   * @throws {PayloadError} If the step's schema refuses the payload.
   * @throws {SerializationError} If the payload or the context is not JSON.
   * @throws {TypeError} If the id or the context is of the wrong kind, or the id holds half a surrogate pair.
   */
  async start(
    workflow: string,
    start: string,
    payload?: unknown,
    { runId = createRunId(), context }: StartOptions = {},
  ): Promise<StartedRun> {
    assertName(runId, "runId");
    if (LONE_SURROGATE.test(runId)) {
      throw new TypeError("Cannot start a run: its id holds half a surrogate pair, which no object is named by");
    }
    const order: Omit<StartOrder, "runId"> = {
      workflow,
      start,
      payload: toJson(payload, { name: "payload", stepName: start }),
      ...toContextOrder(context),
    };
    const answer = await this.#ask(runId, { method: "PUT", body: JSON.stringify(order) });
    const { isNew }: Pick<StartedRun, "isNew"> = await answer.json();
    return { runId, isNew };
  }

  /**
   * Reads the events of a run: those there are, then those to come, up to `run.end`; without it if the object goes away
   * first. Leaving only ends the reading.
   *
   * Its `next()` rejects with `UnknownRunError`, and with `EventsGoneError` if the events after `after` are not there.
   *
   * @throws {RangeError} If `after` is not a whole number from 0 on.
   */
  follow(runId: string, { after = 0 }: { readonly after?: number } = {}): AsyncIterableIterator<
    WorkflowEvent<Any, Any>
  > {
    if (!Number.isSafeInteger(after) || after < 0) {
      throw new RangeError(`Cannot follow a run: after must be a whole number from 0 on: ${String(after)}`);
    }
    return new ObjectEvents(async (signal) => {
      const { body } = await this.#ask(runId, { signal }, { after });
      if (body === null) throw new TypeError("Cannot follow a run: its object has answered without a stream");
      return body;
    });
  }

  /**
   * Cancels a run, and settles once that is stored; `false` if it has ended already.
   *
   * @throws {UnknownRunError} If there is no such run.
   */
  async cancel(runId: string): Promise<boolean> {
    const answer = await this.#ask(runId, { method: "DELETE" });
    const { isCancelled }: { readonly isCancelled: boolean } = await answer.json();
    return isCancelled;
  }

  /** Looks up a run, without its state and events; `null` if there is none. */
  async get(runId: string): Promise<RunHead | null> {
    return LONE_SURROGATE.test(runId) ? null : await (await this.#ask(runId, {})).json();
  }

  /**
   * There is no list of runs: each is in an object of its own.
   *
   * @throws {RunListError} Always.
   */
  list(): Promise<never> {
    return Promise.reject(new RunListError("each is in a Durable Object of its own"));
  }

  async #ask(runId: string, init: RequestInit, events: { readonly after: number } | null = null): Promise<Response> {
    if (LONE_SURROGATE.test(runId)) throw new UnknownRunError(runId);
    const object = this.#namespace.get(this.#namespace.idFromName(runId));
    const answer = await object.fetch(new Request(toObjectUrl(runId, events), init));
    if (answer.ok) return answer;
    if (answer.status !== 422) throw new TypeError(`Cannot ask the object of a run: it has answered ${answer.status}`);
    const told: ToldError = await answer.json();
    throw toError(told);
  }
}

/** The context on its way to the object, with the keys apart that JSON would lose. */
function toContextOrder(context: StartOptions["context"]): Pick<StartOrder, "context" | "blank"> {
  if (context === undefined) return { context: {}, blank: [] };
  assertIs(context, isObject, "context");
  const stored = toStoredContext(context);
  return { context: JSON.parse(stored.toText()), blank: stored.blankKeys() };
}

function isIterable(value: unknown): Refusal {
  return typeof Reflect.get(Object(value), Symbol.iterator) === "function" ? null : ["an iterable", TypeError];
}
