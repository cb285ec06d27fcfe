import type { Any, ContextWithResults, PayloadOf, RoutedPayloads, StepName, ValueOf } from "../core/inference.ts";
import type { Action, Decision, Step } from "../core/step.ts";
import { Attempt } from "../engine/attempt.ts";
import { assertName, assertObject, assertProperties, isFunction } from "./assertions.ts";
import { planRun, Workflow } from "./workflow.ts";

/** How a workflow runs as a step; includes the policies of a step, such as `retry` and `timeoutMs`. */
export interface AsStepOptions<
  Start extends string = string,
  Payload = Any,
  Context = Any,
  Seen = Context,
  Value = Any,
  Routes = readonly string[] | undefined,
  Deciding = unknown,
> extends StepPolicies {
  /** The step of the inner workflow that gets the payload. */
  readonly start: Start;
  /** Makes the inner context's start from the outer context and the payload. Default: it starts empty. */
  readonly context?: ((ctx: Any, payload: Payload) => Partial<Context>) | undefined;
  /** Makes the step's value from the inner context at the end. Default: that context. */
  readonly value?: ((context: Seen) => Value) | undefined;
  /** Says what comes next in the outer workflow. Default: nothing does. */
  readonly decision?: (InnerDecision<NoInfer<Value>, NoInfer<Routes>> & Deciding) | undefined;
  /** The only steps of the outer workflow that the decision may route to. Default: any. */
  readonly routes?: Routes;
}

/** The options of a step that say how its action is run. */
export type StepPolicies = Pick<Step, "retry" | "timeoutMs" | "idleTimeoutMs" | "concurrency" | "executor">;

/** The decision of a step whose action is a workflow. It knows only the declared routes of the outer workflow. */
export type InnerDecision<Value, Routes> = Decision<
  RoutedPayloads<Any, Routes extends readonly (infer Route extends string)[] ? Route : string>,
  Any,
  ValueOf<Value>
>;

/**
 * A step whose action is a workflow. Its decision and its routes keep the types they were given with, so that the
 * workflow it is added to can check them.
 */
export interface InnerStep<Name extends string, Payload, Value, Routes = undefined, Deciding = undefined>
  extends StepPolicies {
  /** The name that tokens are routed by. */
  readonly name: Name;
  /** Runs the workflow. */
  readonly action: Action<Payload, Any, Promise<Value>>;
  /** Says what comes next in the outer workflow. */
  readonly decision?: Deciding | undefined;
  /** The only steps of the outer workflow that the decision may route to. */
  readonly routes?: Routes;
}

/**
 * Makes a workflow a step of another one. It runs inside the outer run: the events of its steps appear in the outer
 * stream and trace, with the step's name in their `path`; its tokens have ids of the outer run, its steps count towards
 * `maxSteps`, its actions towards `concurrency`, and what cancels the step cancels it. It has a context of its own. If
 * the inner run fails, the step fails. In a stored run it is one step: after a crash the inner workflow starts anew,
 * with the same idempotency keys.
 *
 * @example Usage
 * ```ts
 * import { asStep, decideTo, Workflow } from "@stepstream/workflow";
 *
 * const wash = new Workflow().add(
 *   { name: "trim", action: (_ctx, text) => text.trim(), decision: decideTo("lower") },
 *   { name: "lower", action: (_ctx, text) => text.toLowerCase() },
 * );
 * const workflow = new Workflow().add(
 *   asStep("wash", wash, { start: "trim", value: (context) => context["result.lower"], decision: decideTo("greet") }),
 *   { name: "greet", action: (_ctx, name) => `Hello, ${name}` },
 * );
 *
 * const { context } = await workflow.run("wash", "  ADA ");
 * console.log(context["result.greet"]); // Hello, ada
 * ```
 *
 * Workflows may be nested up to 500 deep. If the inner workflow lacks the start step, the step fails with an
 * `UnknownStepError` when it is run.
 *
 * @throws {TypeError} If the name, the workflow or an option is of the wrong kind.
 */
export function asStep<
  const Name extends string,
  Payloads,
  Context,
  Returns,
  Keys extends string,
  const Start extends StepName<Payloads>,
  Value = ContextWithResults<Payloads, Context, Returns, Keys>,
  const Routes extends readonly string[] | undefined = undefined,
  // Inferred through an intersection, which leaves the parameters of a decision typed by the rest of it.
  Deciding = unknown,
>(
  name: Name,
  workflow: Workflow<Payloads, Context, Returns, Keys>,
  options: AsStepOptions<
    Start,
    PayloadOf<Payloads, Start>,
    Context,
    ContextWithResults<Payloads, Context, Returns, Keys>,
    Value,
    Routes,
    Deciding
  >,
): InnerStep<Name, PayloadOf<Payloads, Start>, Value, Routes, unknown extends Deciding ? undefined : Deciding> {
  assertName(name, "the step's name");
  assertObject(options, "options");
  if (!(workflow instanceof Workflow)) throw new TypeError("Cannot make a step: expected a workflow");
  assertProperties(options, { context: isFunction, value: isFunction });
  const { start, context: toContext, value: toValue, ...policies } = options;
  assertName(start, "start");
  const step: InnerStep<Name, PayloadOf<Payloads, Start>, Value, Routes, Any> = {
    ...policies,
    name,
    action: async (ctx, payload, _log, scope) => {
      // What the type parameters say exists only at compile time.
      const { plan, executor } = planRun(workflow as Workflow<Any, Any, Any, Any>, start, payload);
      const context: Any = { ...toContext?.(ctx, payload) };
      await Attempt.runInside(scope, plan, { context, executor });
      return toValue === undefined ? context : toValue(context);
    },
  };
  return step;
}
