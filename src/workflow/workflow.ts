import { DuplicateStepError, UnknownStepError } from "../core/errors.ts";
import type { Executor } from "../core/executor.ts";
import type { Any, ContextWithResults, IsAny, NoReturns, PayloadOf, StepName } from "../core/inference.ts";
import type { Step } from "../core/step.ts";
import { type RegisteredStep, registerStep } from "../engine/registered_step.ts";
import { LiveRunStream, type RunOutcome, type RunStream } from "../engine/run_stream.ts";
import { InProcessExecutor } from "../executors/in_process_executor.ts";
import { assertExecutor, assertName, assertObject } from "./assertions.ts";
import { assertStep } from "./assert_step.ts";
import { type RunOptions, toRunSettings } from "./run_options.ts";

/** What a workflow is made with. */
export interface WorkflowOptions {
  /** Told in `run.start`. Default: `"workflow"`. */
  readonly name?: string | undefined;
  /** Told in `run.start`. Default: `"1"`. */
  readonly version?: string | undefined;
  /** Runs the actions of runs and steps without an executor of their own. Default: an {@linkcode InProcessExecutor}. */
  readonly executor?: Executor | undefined;
}

/** A step of a list too long, or not known early enough, to infer what each of its steps returns. */
export type OpenStep<Payloads, Context> = IsAny<Payloads> extends true ? Step
  : Step<Payloads, Context, StepName<Payloads>, unknown>;

/** The arguments after a start step: its payload may be left out where it may be `undefined`. */
export type StartArguments<Payload, Context> = undefined extends Payload
  ? [payload?: Payload, options?: RunOptions<Context>]
  : [payload: Payload, options?: RunOptions<Context>];

/**
 * A set of named steps. Nothing of it runs until {@linkcode Workflow.stream} or {@linkcode Workflow.run}, and any number
 * of runs may go on at once.
 *
 * `Payloads` maps step names to payloads and makes every route checked; `Context` is what the steps of a run share.
 * Without them every name, payload and context is allowed.
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
export class Workflow<Payloads = Any, Context = Any, Returns = NoReturns> {
  /** Told in `run.start`. */
  readonly name: string;
  /** Told in `run.start`. */
  readonly version: string;
  readonly #executor: Executor;
  #steps: ReadonlyMap<string, RegisteredStep> = new Map();

  /** An empty workflow. */
  constructor(options: WorkflowOptions = {}) {
    assertObject(options, "options");
    const { name = "workflow", version = "1", executor = new InProcessExecutor() } = options;
    assertName(name, "the workflow's name");
    assertName(version, "the workflow's version");
    assertExecutor(executor);
    this.name = name;
    this.version = version;
    this.#executor = executor;
  }

  /** Adds a step and answers the workflow, typed with what it returns. */
  add<const N1 extends StepName<Payloads>, R1>(
    step1: Step<Payloads, ContextWithResults<Context, Returns>, N1, R1>,
  ): Workflow<Payloads, Context, Returns & Record<N1, R1>>;
  /** Adds two steps at once. */
  add<const N1 extends StepName<Payloads>, R1, const N2 extends StepName<Payloads>, R2>(
    step1: Step<Payloads, ContextWithResults<Context, Returns>, N1, R1>,
    step2: Step<Payloads, ContextWithResults<Context, Returns>, N2, R2>,
  ): Workflow<Payloads, Context, Returns & Record<N1, R1> & Record<N2, R2>>;
  /** Adds three steps at once. */
  add<
    const N1 extends StepName<Payloads>,
    R1,
    const N2 extends StepName<Payloads>,
    R2,
    const N3 extends StepName<Payloads>,
    R3,
  >(
    step1: Step<Payloads, ContextWithResults<Context, Returns>, N1, R1>,
    step2: Step<Payloads, ContextWithResults<Context, Returns>, N2, R2>,
    step3: Step<Payloads, ContextWithResults<Context, Returns>, N3, R3>,
  ): Workflow<Payloads, Context, Returns & Record<N1, R1> & Record<N2, R2> & Record<N3, R3>>;
  /** Adds four steps at once. */
  add<
    const N1 extends StepName<Payloads>,
    R1,
    const N2 extends StepName<Payloads>,
    R2,
    const N3 extends StepName<Payloads>,
    R3,
    const N4 extends StepName<Payloads>,
    R4,
  >(
    step1: Step<Payloads, ContextWithResults<Context, Returns>, N1, R1>,
    step2: Step<Payloads, ContextWithResults<Context, Returns>, N2, R2>,
    step3: Step<Payloads, ContextWithResults<Context, Returns>, N3, R3>,
    step4: Step<Payloads, ContextWithResults<Context, Returns>, N4, R4>,
  ): Workflow<Payloads, Context, Returns & Record<N1, R1> & Record<N2, R2> & Record<N3, R3> & Record<N4, R4>>;
  /** Adds five steps at once. */
  add<
    const N1 extends StepName<Payloads>,
    R1,
    const N2 extends StepName<Payloads>,
    R2,
    const N3 extends StepName<Payloads>,
    R3,
    const N4 extends StepName<Payloads>,
    R4,
    const N5 extends StepName<Payloads>,
    R5,
  >(
    step1: Step<Payloads, ContextWithResults<Context, Returns>, N1, R1>,
    step2: Step<Payloads, ContextWithResults<Context, Returns>, N2, R2>,
    step3: Step<Payloads, ContextWithResults<Context, Returns>, N3, R3>,
    step4: Step<Payloads, ContextWithResults<Context, Returns>, N4, R4>,
    step5: Step<Payloads, ContextWithResults<Context, Returns>, N5, R5>,
  ): Workflow<
    Payloads,
    Context,
    Returns & Record<N1, R1> & Record<N2, R2> & Record<N3, R3> & Record<N4, R4> & Record<N5, R5>
  >;
  /** Adds six steps at once. */
  add<
    const N1 extends StepName<Payloads>,
    R1,
    const N2 extends StepName<Payloads>,
    R2,
    const N3 extends StepName<Payloads>,
    R3,
    const N4 extends StepName<Payloads>,
    R4,
    const N5 extends StepName<Payloads>,
    R5,
    const N6 extends StepName<Payloads>,
    R6,
  >(
    step1: Step<Payloads, ContextWithResults<Context, Returns>, N1, R1>,
    step2: Step<Payloads, ContextWithResults<Context, Returns>, N2, R2>,
    step3: Step<Payloads, ContextWithResults<Context, Returns>, N3, R3>,
    step4: Step<Payloads, ContextWithResults<Context, Returns>, N4, R4>,
    step5: Step<Payloads, ContextWithResults<Context, Returns>, N5, R5>,
    step6: Step<Payloads, ContextWithResults<Context, Returns>, N6, R6>,
  ): Workflow<
    Payloads,
    Context,
    Returns & Record<N1, R1> & Record<N2, R2> & Record<N3, R3> & Record<N4, R4> & Record<N5, R5> & Record<N6, R6>
  >;
  /**
   * Adds steps and answers the workflow, typed with what they return.
   *
   * @throws {DuplicateStepError} If the workflow has a step of this name; then none of the steps is added.
   * @throws {TypeError} If one is no step.
   */
  add(...steps: readonly OpenStep<Payloads, ContextWithResults<Context, Returns>>[]): this;
  add(...steps: readonly unknown[]): unknown {
    const added = new Map(this.#steps);
    for (const step of steps) {
      assertStep(step);
      if (added.has(step.name)) throw new DuplicateStepError(step.name);
      added.set(step.name, registerStep(step));
    }
    this.#steps = added;
    return this;
  }

  /**
   * A run as a live stream of events. It begins with the first `next()`.
   *
   * @throws {UnknownStepError} If the workflow has no step of this name.
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
   * Runs to the end and answers the context and the trace: the stream of {@linkcode Workflow.stream}, drained. It
   * rejects with what a stream of the same arguments throws or ends with.
   */
  // Async, so that a bad argument rejects, as everything else that goes wrong does.
  // deno-lint-ignore require-await
  async run<Start extends StepName<Payloads>>(
    start: Start,
    ...[payload, options]: StartArguments<PayloadOf<Payloads, Start>, Context>
  ): Promise<RunOutcome<ContextWithResults<Context, Returns>>> {
    return this.#open(start, payload, options).drain();
  }

  #open(start: string, payload: unknown, options: RunOptions = {}): LiveRunStream {
    if (!this.#steps.has(start)) throw new UnknownStepError(start, this.#steps.keys());
    const { name: workflow, version } = this;
    return new LiveRunStream(
      { workflow, version, start, payload },
      this.#steps,
      toRunSettings(options, this.#executor),
    );
  }
}
