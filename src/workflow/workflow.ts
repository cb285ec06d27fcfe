import { DuplicateStepError, UnknownStepError } from "../core/errors.ts";
import type { Executor } from "../core/executor.ts";
import type { Added, Any, ContextWithResults, NoReturns, PayloadOf, ResultKey, StepName } from "../core/inference.ts";
import { copyOfJson, toJson } from "../core/json.ts";
import type { Step } from "../core/step.ts";
import { type RegisteredStep, registerStep } from "../engine/registered_step.ts";
import { checkInput } from "../engine/check_input.ts";
import type { RunPlan, RunSettings } from "../engine/run_settings.ts";
import { type DrainableRunStream, openStored } from "../engine/loading_run_stream.ts";
import { LiveRunStream, type RunOutcome, type RunStream } from "../engine/run_stream.ts";
import { InProcessExecutor } from "../executors/in_process_executor.ts";
import { assertIs, assertName, assertObject, isExecutor, isObject } from "./assertions.ts";
import { assertStep } from "./assert_step.ts";
import { reportRoutes, type RouteReport } from "./route_report.ts";
import { type ResumeOptions, type RunOptions, type StorageOptions, toRunSettings } from "./run_options.ts";
import type { ManySteps, OpenStep } from "./step_lists.ts";

/** Options of a {@linkcode Workflow}. */
export interface WorkflowOptions {
  /** Its name, told in `run.start` and kept with stored runs. Default: `"workflow"`. */
  readonly name?: string | undefined;
  /** Its version, told in `run.start`; a stored run of another one needs `migrate`. Default: `"1"`. */
  readonly version?: string | undefined;
  /** Runs the actions, unless the run or the step has an executor. Default: an {@linkcode InProcessExecutor}. */
  readonly executor?: Executor | undefined;
}

/** The arguments after the start step: its payload may be left out where it may be `undefined`. */
export type StartArguments<Payload, Context> = undefined extends Payload
  ? [payload?: Payload, options?: RunOptions<Context>]
  : [payload: Payload, options?: RunOptions<Context>];

/** A run without its options. */
export interface PlannedStart {
  readonly plan: RunPlan;
  /** The workflow's. */
  readonly executor: Executor;
}

/** What {@linkcode asStep} and hosts need of a workflow. It is no method, since it is nobody else's business. */
export let planRun: (workflow: Workflow, start: string, payload: unknown) => PlannedStart;

/** What a run is made from: what it is a run of, and its options. */
interface PlannedRun {
  readonly plan: RunPlan;
  readonly settings: RunSettings;
}

/** What those need of a workflow who keep runs in a store, beside {@linkcode Workflow.stream}. */
export let planStoredRun: (
  workflow: Workflow,
  start: string,
  payload: unknown,
  options: RunOptions,
  storage: StorageOptions,
) => PlannedRun;

/** What they need of it beside {@linkcode Workflow.resume}. */
export let planResumedRun: (
  workflow: Workflow,
  runId: string,
  options: ResumeOptions,
  storage: StorageOptions,
) => PlannedRun;

/**
 * A set of named steps. Nothing runs until {@linkcode Workflow.stream} or {@linkcode Workflow.run} is called, and any
 * number of runs may go on at once.
 *
 * `Payloads` maps step names to payloads, so that every route is checked; `Context` is what the steps of a run share.
 * Without them every name, payload and context is allowed. `Returns` and `Keys` are inferred from the steps that are
 * added: what they return, and where the context keeps it.
 *
 * @example Usage
 * ```ts
 * import { Workflow } from "@stepstream/workflow";
 *
 * const workflow = new Workflow<{ load: { batch: string }; process: string }>({ name: "orders" })
 *   .add({
 *     name: "load",
 *     action: (_ctx, payload, log) => {
 *       log.event("start", { payload });
 *       return ["a", "b"];
 *     },
 *     decision: (_ctx, result, enqueue) => {
 *       if (result.ok) { for (const item of result.value) enqueue.tail("process", item); }
 *     },
 *   })
 *   .add({ name: "process", action: (_ctx, item) => item.length });
 *
 * for await (const event of workflow.stream("load", { batch: "B-99" })) console.log(event.type);
 * ```
 */
export class Workflow<
  Payloads = Any,
  Context = Any,
  Returns = NoReturns,
  Keys extends string = ResultKey<StepName<Returns>>,
> {
  /** Its name, told in `run.start`. */
  readonly name: string;
  /** Its version, told in `run.start`. */
  readonly version: string;
  readonly #executor: Executor;
  #steps = new Map<string, RegisteredStep>();
  /**
   * The limits of the steps that have one; `null` until the steps are looked at, when their first run starts: from then
   * on they are that run's, too.
   */
  #limits: ReadonlyMap<string, number> | null = null;

  /**
   * Makes a workflow without steps.
   *
   * @throws {TypeError} If an option is of the wrong kind.
   */
  constructor(options: WorkflowOptions = {}) {
    assertObject(options, "options");
    const { name = "workflow", version = "1", executor = new InProcessExecutor() } = options;
    assertName(name, "the workflow's name");
    assertName(version, "the workflow's version");
    assertIs(executor, isExecutor, "executor");
    this.name = name;
    this.version = version;
    this.#executor = executor;
  }

  // `Seen` is never inferred. As the default of a parameter the context is worked out once a call, not at every use.
  /**
   * Adds a step and returns the workflow, typed with what the step returns.
   *
   * @throws {DuplicateStepError} If the workflow has a step of this name.
   * @throws {TypeError | RangeError} If it is no step, or one of its properties is of the wrong kind.
   */
  add<
    const Name extends StepName<Payloads>,
    Returned,
    Input = PayloadOf<Payloads, Name>,
    const Routes extends StepName<Payloads> = StepName<Payloads>,
    Seen = ContextWithResults<Payloads, Context, Returns, Keys>,
  >(
    step: Step<Payloads, NoInfer<Seen>, Name, Returned, Input, Routes>,
  ): Workflow<Payloads, Context, Returns & Record<Name, Returned>, Keys | ResultKey<Name>>;
  /** Adds up to twelve steps at once, or none of them if it throws. */
  add<
    const N1 extends StepName<Payloads>,
    R1,
    const N2 extends StepName<Payloads>,
    R2,
    const N3 extends StepName<Payloads> = never,
    R3 = never,
    const N4 extends StepName<Payloads> = never,
    R4 = never,
    const N5 extends StepName<Payloads> = never,
    R5 = never,
    const N6 extends StepName<Payloads> = never,
    R6 = never,
    const N7 extends StepName<Payloads> = never,
    R7 = never,
    const N8 extends StepName<Payloads> = never,
    R8 = never,
    const N9 extends StepName<Payloads> = never,
    R9 = never,
    const N10 extends StepName<Payloads> = never,
    R10 = never,
    const N11 extends StepName<Payloads> = never,
    R11 = never,
    const N12 extends StepName<Payloads> = never,
    R12 = never,
    I1 = PayloadOf<Payloads, N1>,
    const T1 extends StepName<Payloads> = StepName<Payloads>,
    I2 = PayloadOf<Payloads, N2>,
    const T2 extends StepName<Payloads> = StepName<Payloads>,
    I3 = PayloadOf<Payloads, N3>,
    const T3 extends StepName<Payloads> = StepName<Payloads>,
    I4 = PayloadOf<Payloads, N4>,
    const T4 extends StepName<Payloads> = StepName<Payloads>,
    I5 = PayloadOf<Payloads, N5>,
    const T5 extends StepName<Payloads> = StepName<Payloads>,
    I6 = PayloadOf<Payloads, N6>,
    const T6 extends StepName<Payloads> = StepName<Payloads>,
    I7 = PayloadOf<Payloads, N7>,
    const T7 extends StepName<Payloads> = StepName<Payloads>,
    I8 = PayloadOf<Payloads, N8>,
    const T8 extends StepName<Payloads> = StepName<Payloads>,
    I9 = PayloadOf<Payloads, N9>,
    const T9 extends StepName<Payloads> = StepName<Payloads>,
    I10 = PayloadOf<Payloads, N10>,
    const T10 extends StepName<Payloads> = StepName<Payloads>,
    I11 = PayloadOf<Payloads, N11>,
    const T11 extends StepName<Payloads> = StepName<Payloads>,
    I12 = PayloadOf<Payloads, N12>,
    const T12 extends StepName<Payloads> = StepName<Payloads>,
    Seen = ContextWithResults<Payloads, Context, Returns, Keys>,
  >(
    step1: Step<Payloads, NoInfer<Seen>, N1, R1, I1, T1>,
    step2: Step<Payloads, NoInfer<Seen>, N2, R2, I2, T2>,
    step3?: Step<Payloads, NoInfer<Seen>, N3, R3, I3, T3>,
    step4?: Step<Payloads, NoInfer<Seen>, N4, R4, I4, T4>,
    step5?: Step<Payloads, NoInfer<Seen>, N5, R5, I5, T5>,
    step6?: Step<Payloads, NoInfer<Seen>, N6, R6, I6, T6>,
    step7?: Step<Payloads, NoInfer<Seen>, N7, R7, I7, T7>,
    step8?: Step<Payloads, NoInfer<Seen>, N8, R8, I8, T8>,
    step9?: Step<Payloads, NoInfer<Seen>, N9, R9, I9, T9>,
    step10?: Step<Payloads, NoInfer<Seen>, N10, R10, I10, T10>,
    step11?: Step<Payloads, NoInfer<Seen>, N11, R11, I11, T11>,
    step12?: Step<Payloads, NoInfer<Seen>, N12, R12, I12, T12>,
  ): Workflow<
    Payloads,
    Context,
    & Returns
    & Added<N1, R1>
    & Added<N2, R2>
    & Added<N3, R3>
    & Added<N4, R4>
    & Added<N5, R5>
    & Added<N6, R6>
    & Added<N7, R7>
    & Added<N8, R8>
    & Added<N9, R9>
    & Added<N10, R10>
    & Added<N11, R11>
    & Added<N12, R12>,
    Keys | ResultKey<N1 | N2 | N3 | N4 | N5 | N6 | N7 | N8 | N9 | N10 | N11 | N12>
  >;
  /**
   * Adds more than twelve steps at once. Their names and payloads are checked as ever, but what they return is not
   * inferred: it is `any` in their decisions and `unknown` in events.
   */
  add(...steps: ManySteps<OpenStep<Payloads, ContextWithResults<Payloads, Context, Returns, Keys>, Any>>): this;
  /**
   * Adds the steps of a list. What they return is not inferred: it is `unknown`.
   *
   * @throws {DuplicateStepError} If the workflow has a step of one of these names; then none of the steps is added.
   * @throws {TypeError | RangeError} If one is no step; then none is added either.
   */
  add(...steps: readonly OpenStep<Payloads, ContextWithResults<Payloads, Context, Returns, Keys>>[]): this;
  add(...steps: readonly unknown[]): unknown {
    const added = new Map<string, RegisteredStep>();
    for (const step of steps) {
      assertStep(step);
      if (this.#steps.has(step.name) || added.has(step.name)) throw new DuplicateStepError(step.name);
      added.set(step.name, registerStep(step));
    }
    // A copy at each step would make a long chain of them cost its square.
    if (this.#limits !== null) this.#steps = new Map(this.#steps);
    for (const [name, step] of added) this.#steps.set(name, step);
    this.#limits = null;
    return this;
  }

  /**
   * Starts a run, as a live stream of events. The run begins with the first `next()`.
   *
   * With a store the stream rejects with `RunConflictError` if there is a run of this id with another start or payload,
   * with `RunFencedError` if somebody else takes the run over, and with `StoreError` if the store fails.
   *
   * @throws {UnknownStepError} If the workflow lacks the start step, or a step that `routes` declares.
   * @throws {PayloadError} If the start step's schema refuses the payload; if the schema is asynchronous, the first
   *   `next()` rejects instead, before any event.
   * @throws {SerializationError} If the run is to be stored, and the payload or the context is not JSON.
   * @throws {TypeError | RangeError} If an option is of the wrong kind.
   */
  stream<Start extends StepName<Payloads>>(
    start: Start,
    ...[payload, options]: StartArguments<PayloadOf<Payloads, Start>, Context>
  ): RunStream<Payloads, Context, Returns> {
    // What the type parameters say of the events exists only at compile time.
    return this.#open(start, payload, options) as RunStream<Any, Any, Any> as RunStream<Payloads, Context, Returns>;
  }

  /**
   * Continues a run that is kept in a store from its last commit: what was in progress then starts anew. Whoever else
   * works on the run is fenced off. The events begin with `run.resume`; a run that has ended tells only its `run.end`.
   *
   * The stream rejects with `UnknownRunError`; with `VersionMismatchError` if the run is of another workflow, or of
   * another version and there is no `migrate`; with `UnknownStepError` if the workflow lacks one of its steps; with
   * `EventsGoneError` if the events after `after` are not there; and with `StoreError` if the store cannot be read or
   * written. In none of these cases is anything of the run lost.
   *
   * @throws {TypeError | RangeError} If the id or an option is of the wrong kind.
   */
  resume(runId: string, options: ResumeOptions): RunStream<Payloads, Context, Returns> {
    const { plan, settings } = this.#planResumed(runId, options);
    const stream: RunStream<Any, Any, Any> = openStored(runId, (parts) => new LiveRunStream(plan, settings, parts));
    return stream as RunStream<Payloads, Context, Returns>;
  }

  /**
   * Runs to the end and resolves to the context and the trace: the stream of {@linkcode Workflow.stream}, drained. It
   * rejects with whatever that stream throws or ends with.
   */
  // Async, so that a bad argument rejects, as everything else that goes wrong does.
  // deno-lint-ignore require-await
  async run<Start extends StepName<Payloads>>(
    start: Start,
    ...[payload, options]: StartArguments<PayloadOf<Payloads, Start>, Context>
  ): Promise<RunOutcome<ContextWithResults<Payloads, Context, Returns>>> {
    return this.#open(start, payload, options).drain();
  }

  /**
   * Reports what looks wrong about the routes that are known before a run: those of `routes`, `decideTo` and
   * `decideIf`. None of it is an error by itself. Pass the steps that runs start at, so that they are not reported as
   * unreached.
   */
  check(...starts: readonly StepName<Payloads>[]): RouteReport {
    return reportRoutes(this.#steps, starts);
  }

  #assertStep(name: string, declaredBy?: string): void {
    if (!this.#steps.has(name)) throw new UnknownStepError(name, this.#steps.keys(), declaredBy);
  }

  #plan(start: string, payload: unknown): RunPlan {
    this.#assertStep(start);
    this.#limits ??= this.#checkSteps();
    const { name: workflow, version } = this;
    const checked = checkInput(this.#steps.get(start)?.step, payload);
    return { workflow, version, steps: this.#steps, limits: this.#limits, start, payload, checked };
  }

  /** Asserts that every declared route leads somewhere, and answers the steps' limits. */
  #checkSteps(): ReadonlyMap<string, number> {
    const limits = new Map<string, number>();
    for (const { step: { name, routes, concurrency = Infinity } } of this.#steps.values()) {
      routes?.forEach((route) => this.#assertStep(route, name));
      if (concurrency < Infinity) limits.set(name, concurrency);
    }
    return limits;
  }

  #open(start: string, payload: unknown, options: RunOptions = {}): DrainableRunStream {
    const settings = toRunSettings(options, this.#executor);
    if (settings.storage === null) return new LiveRunStream(this.#plan(start, payload), settings, null);
    const plan = this.#plan(start, toStored(start, payload));
    return openStored(settings.runId, (parts) => new LiveRunStream(plan, settings, parts));
  }

  #planResumed(runId: string, options: ResumeOptions, storage?: StorageOptions): PlannedRun {
    assertName(runId, "runId");
    assertObject(options, "options");
    assertIs(options.store, isObject, "store");
    this.#limits ??= this.#checkSteps();
    const { name: workflow, version } = this;
    const settings = toRunSettings({ ...options, runId }, this.#executor, { ...storage, opening: "resume" });
    // Where it starts is in the store.
    const start = { start: "", payload: undefined, checked: null };
    return { plan: { workflow, version, steps: this.#steps, limits: this.#limits, ...start }, settings };
  }

  static {
    planStoredRun = (workflow, start, payload, options, storage) => {
      const settings = toRunSettings(options, workflow.#executor, storage);
      return { plan: workflow.#plan(start, toStored(start, payload)), settings };
    };
    planResumedRun = (workflow, runId, options, storage) => workflow.#planResumed(runId, options, storage);
    planRun = (workflow, start, payload) => ({
      plan: workflow.#plan(start, payload),
      executor: workflow.#executor,
    });
  }
}

/**
 * The start step's payload as it will come back from a store.
 *
 * @throws {SerializationError} If it is not JSON.
 */
export function toStored(start: string, payload: unknown): unknown {
  return copyOfJson(toJson(payload, { name: "payload", stepName: start }));
}
