import type { Any } from "../core/inference.ts";
import type { Result } from "../core/result.ts";
import type { Taking } from "../core/step.ts";
import type { StepLogHelper } from "../core/step_logger.ts";
import type { Where } from "../core/token.ts";
import { assertIs, assertName, assertObject, isEither, isFunction } from "./assertions.ts";

/** What the routing helpers use of an `enqueue`: routes whose payload is the result's value. */
export interface RouteTo<Name extends string> extends Taking<Name> {
  /** Puts a token first in the queue. */
  head(step: Name): void;
  /** Puts a token last in the queue. */
  tail(step: Name): void;
}

/** A decision made by a routing helper. It can also be called from inside another decision. */
export interface RoutingDecision<Name extends string, Context = Any, Value = Any> {
  /** Takes the decision. */
  (ctx: Context, result: Result<Value>, enqueue: RouteTo<Name>, log?: StepLogHelper): void;
  /** The steps it may route to, for `workflow.check()`. */
  readonly targets: readonly Name[];
}

/** Options of {@linkcode decideTo}. */
export interface DecideToOptions {
  /** The end of the queue. Default: `"tail"`. */
  readonly where?: Where;
}

/** Options of {@linkcode decideIf}. */
export interface DecideIfOptions<Yes extends string, No extends string> {
  /** The step to route to if the predicate holds. */
  readonly yes: Yes;
  /** The step to route to if it does not. Default: none, the path ends. */
  readonly no?: No;
  /** The end of the queue for `yes`. Default: `"tail"`. */
  readonly whereYes?: Where;
  /** The end of the queue for `no`. Default: `"tail"`. */
  readonly whereNo?: Where;
}

/**
 * Makes a decision that routes every result to `step`, with the result's value as the payload (`null` if it failed).
 *
 * @example Usage
 * ```ts
 * import { decideTo, Workflow } from "@stepstream/workflow";
 *
 * const shop = new Workflow().add(
 *   { name: "pay", action: () => 12, decision: decideTo("ship") },
 *   { name: "ship", action: (_ctx, amount) => `sent for ${amount}` },
 * );
 * ```
 *
 * @throws {TypeError} If the step's name is not a string, or empty.
 * @throws {RangeError} If `where` is neither `"head"` nor `"tail"`.
 */
export function decideTo<const Name extends string>(step: Name, options: DecideToOptions = {}): RoutingDecision<Name> {
  assertName(step, "the step to route to");
  assertObject(options, "options");
  const { where = "tail" } = options;
  assertWhere(where, "where");
  return Object.assign((_ctx: Any, _result: Result<Any>, enqueue: RouteTo<Name>) => enqueue[where](step), {
    targets: [step],
  });
}

/**
 * Makes a decision that routes a result to `yes` if the predicate holds, and to `no` if it does not, with the result's
 * value as the payload (`null` if it failed). A predicate that throws ends the run as failed.
 *
 * @example Usage
 * ```ts
 * import { decideIf, Workflow } from "@stepstream/workflow";
 *
 * const checks = new Workflow().add(
 *   {
 *     name: "measure",
 *     action: () => 41,
 *     decision: decideIf((_ctx, result) => result.ok, { yes: "store", no: "alarm" }),
 *   },
 *   { name: "store", action: (_ctx, value) => value },
 *   { name: "alarm", action: () => "no value" },
 * );
 * ```
 *
 * @throws {TypeError} If the predicate is no function, or a step's name is not a string, or empty.
 * @throws {RangeError} If `whereYes` or `whereNo` is neither `"head"` nor `"tail"`.
 */
export function decideIf<const Yes extends string, const No extends string = never, Context = Any, Value = Any>(
  predicate: (ctx: Context, result: Result<Value>) => boolean,
  options: DecideIfOptions<Yes, No>,
): RoutingDecision<Yes | No, Context, Value> {
  assertObject(options, "options");
  const { yes, no, whereYes = "tail", whereNo = "tail" } = options;
  assertName(yes, "yes");
  if (no !== undefined) assertName(no, "no");
  assertIs(predicate, isFunction, "the predicate");
  assertWhere(whereYes, "whereYes");
  assertWhere(whereNo, "whereNo");
  const decide = (ctx: Context, result: Result<Value>, enqueue: RouteTo<Yes | No>) => {
    if (predicate(ctx, result)) enqueue[whereYes](yes);
    else if (no !== undefined) enqueue[whereNo](no);
  };
  return Object.assign(decide, { targets: no === undefined ? [yes] : [yes, no] });
}

function assertWhere(where: unknown, name: string): asserts where is Where {
  assertIs(where, (value) => isEither(value, "head", "tail"), name);
}
