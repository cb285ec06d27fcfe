import {
  PayloadError,
  RunConflictError,
  RunnerClosedError,
  SerializationError,
  UnknownStepError,
  UnknownWorkflowError,
} from "../core/errors.ts";
import { createRunId } from "../core/run_id.ts";
import { plainIssue } from "../core/standard_schema.ts";
import type { StartedRun } from "../runner/runner_options.ts";
import { tooMany, unavailable } from "./answers.ts";
import { isAllowed } from "./is_allowed.ts";
import { Problem } from "./problem.ts";
import { readJson } from "./read_json.ts";
import type { RunsHandlerSettings } from "./runs_handler_options.ts";
import type { RunsHost } from "./runs_host.ts";
import { chosenRunId, parseStartRequest } from "./start_request.ts";

/** A run that a client may start. */
export interface StartOrder {
  readonly workflow: string;
  readonly start: string;
  readonly payload: unknown;
  readonly runId: string;
  /** Whether the client has chosen the id. */
  readonly isChosen: boolean;
}

/** Starts runs for clients: each once, and not too many. */
export class RunStarter {
  readonly #host: RunsHost;
  readonly #settings: RunsHandlerSettings;
  /** Runs that are about to start: the host does not count them yet. */
  #starting = 0;

  constructor(host: RunsHost, settings: RunsHandlerSettings) {
    this.#host = host;
    this.#settings = settings;
  }

  /** What the client asks for, if it may. */
  async readOrder(request: Request): Promise<StartOrder> {
    const { keyScope } = this.#settings;
    const asked = parseStartRequest(await readJson(request, this.#settings));
    const { start, payload } = asked;
    const workflow = asked.workflow ?? this.#onlyWorkflow();
    const chosenId = await chosenRunId(request, asked.runId, keyScope);
    const runId = chosenId ?? createRunId();
    if (!await isAllowed(this.#settings, request, { type: "start", workflow, start, payload, runId })) {
      throw new Problem(403, "This run may not be started");
    }
    this.#assertStart(workflow, start);
    return { workflow, start, payload, runId, isChosen: chosenId !== null };
  }

  /**
   * Starts the run, and answers whether it is new. One that is not new is met only by who may do with it what `then`
   * says.
   */
  async start(request: Request, order: StartOrder, then: "read" | "follow"): Promise<boolean> {
    const { isNew } = await this.#startInPlace(order).catch(refuse);
    // An id that was chosen may be that of somebody else's run.
    if (!isNew && !await isAllowed(this.#settings, request, { type: then, runId: order.runId })) throw idTaken();
    return isNew;
  }

  /** Starts the run if there is a place for it. To meet one that was started before takes none. */
  async #startInPlace({ workflow, start, payload, runId, isChosen }: StartOrder): Promise<StartedRun> {
    if (this.#isFull && !(isChosen && await this.#host.get(runId) !== null)) {
      throw tooMany(`All places for runs are taken: maxRuns = ${this.#settings.maxRuns}`);
    }
    this.#starting += 1;
    try {
      return await this.#host.start(workflow, start, payload, { runId });
    } finally {
      this.#starting -= 1;
    }
  }

  get #isFull(): boolean {
    return this.#host.activeRuns + this.#starting >= this.#settings.maxRuns;
  }

  #onlyWorkflow(): string {
    const [name, ...others] = this.#host.workflows;
    if (name !== undefined && others.length === 0) return name;
    throw new Problem(422, "The body starts no run: workflow must be given, because there is not just one");
  }

  #assertStart(workflow: string, start: string): void {
    const { starts } = this.#settings;
    if (starts === null) return;
    if (!Object.hasOwn(starts, workflow) || !starts[workflow]?.includes(start)) throw unknownStart();
  }
}

/** Tells the client what is wrong with its start; what else went wrong is nothing for the client. */
function refuse(error: unknown): never {
  if (error instanceof RunConflictError) throw idTaken();
  if (error instanceof PayloadError) {
    throw new Problem(422, "The payload is not what the step takes", {
      extensions: { issues: error.issues.map(plainIssue) },
    });
  }
  if (error instanceof SerializationError) throw new Problem(422, "The payload cannot be stored as JSON");
  // Their messages name steps and workflows that may be nobody's business.
  if (error instanceof UnknownStepError || error instanceof UnknownWorkflowError) throw unknownStart();
  if (error instanceof RunnerClosedError) throw unavailable("No runs are started here any more");
  throw error;
}

function unknownStart(): Problem {
  return new Problem(422, "There is no such workflow, or it has no such start");
}

function idTaken(): Problem {
  return new Problem(409, "The id of the run is taken by another");
}
