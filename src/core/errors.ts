import { pathOf, type SchemaIssue } from "./standard_schema.ts";

/** The parent class of this package's own errors. A wrong argument is a `TypeError` or a `RangeError` instead. */
export class WorkflowError extends Error {
  /** The name of the class. */
  override readonly name: string = "WorkflowError";
}

/** Thrown when a run starts at a step that the workflow lacks; ends a run in which a token names one. */
export class UnknownStepError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "UnknownStepError";
  /** The name that was looked for. */
  readonly stepName: string;

  /** Names the step, some of those there are, and the step that declares it among its `routes`, if one does. */
  constructor(stepName: string, known: Iterable<string>, declaredBy?: string) {
    const origin = declaredBy === undefined ? "" : `, a route of step ${JSON.stringify(declaredBy)}`;
    super(`Cannot find step ${JSON.stringify(stepName)}${origin}: ${listOf(known)}`);
    this.stepName = stepName;
  }
}

/** Thrown when a workflow gets a second step of one name. */
export class DuplicateStepError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "DuplicateStepError";
  /** The name that is taken. */
  readonly stepName: string;

  /** Names the step. */
  constructor(stepName: string) {
    super(`Cannot add step ${JSON.stringify(stepName)}: the workflow has a step of this name`);
    this.stepName = stepName;
  }
}

/** Ends a run in which a decision routes to a step that `routes` does not declare. */
export class UndeclaredRouteError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "UndeclaredRouteError";
  /** The step whose decision it was. */
  readonly stepName: string;

  /** Names both steps and those that are declared. */
  constructor(stepName: string, target: string, declared: readonly string[]) {
    const routes = declared.map((route) => JSON.stringify(route)).join(", ");
    super(`Cannot route from ${JSON.stringify(stepName)} to ${JSON.stringify(target)}: its routes are [${routes}]`);
    this.stepName = stepName;
  }
}

/** Ends a run that has work left after `maxSteps` steps. */
export class StepLimitError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "StepLimitError";
  /** The limit that was met. */
  readonly maxSteps: number;

  /** Names the limit and the step that was next. */
  constructor(maxSteps: number, nextStep: string) {
    super(`Cannot run step ${JSON.stringify(nextStep)}: the run has done maxSteps = ${maxSteps} steps`);
    this.maxSteps = maxSteps;
  }
}

/** The error of an attempt that took too long; also the reason that its `scope.signal` aborts with. */
export class StepTimeoutError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "StepTimeoutError";
  /** The step that was too slow. */
  readonly stepName: string;
  /** The limit that was met, in ms. */
  readonly timeoutMs: number;

  /** Names the step and the limit: that of the whole attempt, or that of its silences. */
  constructor(stepName: string, limit: "timeoutMs" | "idleTimeoutMs", timeoutMs: number) {
    super(`Step ${JSON.stringify(stepName)} took too long: ${limit} = ${timeoutMs}`);
    this.stepName = stepName;
    this.timeoutMs = timeoutMs;
  }
}

/** Ends a run that took longer than its `timeoutMs`. */
export class RunTimeoutError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "RunTimeoutError";
  /** The limit that was met, in ms. */
  readonly timeoutMs: number;

  /** Names the run and the limit. */
  constructor(runId: string, timeoutMs: number) {
    super(`Run ${JSON.stringify(runId)} took too long: timeoutMs = ${timeoutMs}`);
    this.timeoutMs = timeoutMs;
  }
}

/** The error of a step whose payload its `input` schema refuses. */
export class PayloadError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "PayloadError";
  /** The step that was to get the payload. */
  readonly stepName: string;
  /** What is wrong, as the schema tells it. */
  readonly issues: readonly SchemaIssue[];

  /** Names the step and every issue with its path. */
  constructor(stepName: string, issues: readonly SchemaIssue[]) {
    super(`Cannot run step ${JSON.stringify(stepName)}: ${issues.map(tell).join("; ")}`);
    this.stepName = stepName;
    this.issues = issues;
  }
}

/** The error of what was stopped in a `fail-fast` group; its `cause` is the failure that stopped it. */
export class GroupFailedError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "GroupFailedError";

  /** Takes the error of the one that failed. */
  constructor(cause: unknown) {
    super("Stopped because another of its group failed", { cause });
  }
}

/** The reason of a cancelled run if none was given, or if it was cancelled in another process or at another time. */
export class RunCancelledError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "RunCancelledError";
  /** The run that was cancelled. */
  readonly runId: string;

  /** Names the run and, where it is known, why; `cause` is `{ name, message, cause? }` of the reason. */
  constructor(runId: string, words?: string, cause?: unknown) {
    super(
      `Run ${JSON.stringify(runId)} was cancelled${words === undefined ? "" : `: ${words}`}`,
      words === undefined ? {} : { cause },
    );
    this.runId = runId;
  }
}

/** Thrown when a stream of events is read a second time; there is one pass only. */
export class StreamUsedError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "StreamUsedError";
  /** The run whose stream it is. */
  readonly runId: string;

  /** Names the run and says what became of its stream. */
  constructor(runId: string, because: string) {
    super(`Cannot read the events of run ${JSON.stringify(runId)}: ${because}`);
    this.runId = runId;
  }
}

/** Thrown when a value that has to become JSON cannot: it would be lost or changed. */
export class SerializationError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "SerializationError";
  /** The step the value belongs to, `null` if it belongs to the run. */
  readonly stepName: string | null;
  /** Where the value is, e.g. `payload.items[3].when`. */
  readonly path: string;

  /** Names the step and the path, and says what is there. */
  constructor(stepName: string | null, path: string, what: string, options?: ErrorOptions) {
    const owner = stepName === null ? "" : ` of step ${JSON.stringify(stepName)}`;
    super(`Cannot write ${path}${owner} as JSON: it is ${what}`, options);
    this.stepName = stepName;
    this.path = path;
  }
}

/** Thrown when the store does not have the run that is asked for. */
export class UnknownRunError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "UnknownRunError";
  /** The id that was looked for. */
  readonly runId: string;

  /** Names the id. */
  constructor(runId: string) {
    super(`Cannot find run ${JSON.stringify(runId)}: the store has no run of this id`);
    this.runId = runId;
  }
}

/** Thrown when a runner does not have the workflow that is asked for. */
export class UnknownWorkflowError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "UnknownWorkflowError";
  /** The name that was looked for. */
  readonly workflowName: string;

  /** Names the workflow and those there are. */
  constructor(workflowName: string, known: Iterable<string>) {
    const names = Array.from(known, (name) => JSON.stringify(name)).join(", ");
    super(`Cannot find workflow ${JSON.stringify(workflowName)}: the runner has ${names === "" ? "none" : names}`);
    this.workflowName = workflowName;
  }
}

/** Thrown when runs are to be listed by a host that has no list of them. */
export class RunListError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "RunListError";

  /** Says why there is no list. */
  constructor(because: string) {
    super(`Cannot list runs: ${because}`);
  }
}

/** Thrown when a runner that was closed is asked to work. */
export class RunnerClosedError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "RunnerClosedError";

  /** Says what cannot be done, e.g. "start a run". */
  constructor(what: string) {
    super(`Cannot ${what}: the runner was closed`);
  }
}

/** Thrown when a run is to be started under the id of a run of another workflow, start step or payload. */
export class RunConflictError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "RunConflictError";
  /** The id that is taken. */
  readonly runId: string;

  /** Names the id and says what differs. */
  constructor(runId: string, because: string) {
    super(`Cannot start run ${JSON.stringify(runId)}: ${because}`);
    this.runId = runId;
  }
}

/** Ends the stream of a run that somebody else has taken over, ended or deleted. */
export class RunFencedError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "RunFencedError";
  /** The run that was taken over. */
  readonly runId: string;

  /** Names the run. */
  constructor(runId: string) {
    super(`Cannot go on with run ${JSON.stringify(runId)}: somebody else has taken it over, ended or deleted it`);
    this.runId = runId;
  }
}

/** Ends a stored run in which two steps that ran at once changed the same key of the context. */
export class ContextConflictError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "ContextConflictError";
  /** The step that came later. */
  readonly stepName: string;
  /** The key that both have changed. */
  readonly key: string;

  /** Names the step and the key. */
  constructor(stepName: string, key: string) {
    const name = JSON.stringify(stepName);
    super(`Cannot keep context[${JSON.stringify(key)}] of step ${name}: a step at work beside it has changed it, too`);
    this.stepName = stepName;
    this.key = key;
  }
}

/** The reason that actions are aborted with, and `result` rejects with, when a stored run is left for later. */
export class RunReleasedError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "RunReleasedError";
  /** The run that was left. */
  readonly runId: string;

  /** Names the run. */
  constructor(runId: string) {
    super(`Run ${JSON.stringify(runId)} was left for later`);
    this.runId = runId;
  }
}

/** Thrown when a stored run is of another workflow, or of another version of it and there is no `migrate`. */
export class VersionMismatchError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "VersionMismatchError";
  /** The run. */
  readonly runId: string;

  /** Names the run and both workflows. */
  constructor(runId: string, stored: string, present: string) {
    super(`Cannot resume run ${JSON.stringify(runId)}: it is of ${stored}, and this is ${present}`);
    this.runId = runId;
  }
}

/** The failure of a run in another process or at another time: only the words of the error are left. */
export class RunFailedError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "RunFailedError";
  /** The run that failed. */
  readonly runId: string;

  /** Names the run and what it failed with; `cause` is `{ name, message, cause? }` of the error. */
  constructor(runId: string, words: string, cause: unknown) {
    super(`Run ${JSON.stringify(runId)} has failed: ${words}`, { cause });
    this.runId = runId;
  }
}

/** Thrown when a reader asks for events that are no longer there, or for those after one that never was. */
export class EventsGoneError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "EventsGoneError";
  /** The run whose events they were. */
  readonly runId: string;
  /** The last `seq` that the reader has. */
  readonly after: number;
  /** The first `seq` to read on from: after the missing events or, if none are missing, the run's next one. */
  readonly first: number;

  /** Names the run and the events that are missing. */
  constructor(runId: string, after: number, first: number) {
    super(`Cannot read the events of run ${JSON.stringify(runId)} after ${after}: it goes on from seq ${first}`);
    this.runId = runId;
    this.after = after;
    this.first = first;
  }
}

/** Thrown when a store cannot be read or written, or holds what it should not. Nothing committed is lost. */
export class StoreError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "StoreError";
  /** The run that it happened with, `null` if it is not about one. */
  readonly runId: string | null;

  /** Names the run and says what could not be done, e.g. "read record 12", and why. */
  constructor(runId: string | null, what: string, because: string, options?: ErrorOptions) {
    super(`Cannot ${what}${runId === null ? "" : ` of run ${JSON.stringify(runId)}`}: ${because}`, options);
    this.runId = runId;
  }
}

function listOf(known: Iterable<string>): string {
  const names = [...known];
  if (names.length === 0) return "the workflow has no steps";
  const shown = names.slice(0, 20).map((name) => JSON.stringify(name)).join(", ");
  return `known steps are ${shown}${names.length > 20 ? ` and ${names.length - 20} more` : ""}`;
}

function tell(issue: SchemaIssue): string {
  return `${["payload", ...pathOf(issue)].join(".")}: ${issue.message}`;
}
