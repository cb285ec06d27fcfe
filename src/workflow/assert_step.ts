import type { Step } from "../core/step.ts";
import { assertExecutor, assertName, assertObject, describe } from "./assertions.ts";

/** Asserts that the value is a step; says which step it is that is not. */
export function assertStep(value: unknown): asserts value is Step {
  assertObject(value, "step");
  const { name, action, decision, executor, routes }: Partial<Record<keyof Step, unknown>> = value;
  assertName(name, "the step's name");
  if (typeof action !== "function") throw notA("a function", name, "action", action);
  if (decision !== undefined && typeof decision !== "function") throw notA("a function", name, "decision", decision);
  if (executor !== undefined) assertExecutor(executor);
  if (routes !== undefined && !(Array.isArray(routes) && routes.every((route) => typeof route === "string"))) {
    throw notA("an array of step names", name, "routes", routes);
  }
}

function notA(expected: string, step: string, property: string, value: unknown): TypeError {
  return new TypeError(
    `Cannot add step ${JSON.stringify(step)}: its ${property} must be ${expected}: ${describe(value)}`,
  );
}
