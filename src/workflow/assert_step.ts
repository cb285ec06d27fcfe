import type { Step } from "../core/step.ts";
import {
  assertIs,
  assertName,
  assertObject,
  assertProperties,
  type Check,
  hasMethods,
  isEither,
  isExecutor,
  isFunction,
  isLimit,
  isNumber,
  isTime,
  type Refusal,
} from "./assertions.ts";

const STEP: Readonly<Record<string, Check>> = {
  decision: isFunction,
  input: isSchema,
  routes: isListOfNames,
  timeoutMs: isTime,
  idleTimeoutMs: isTime,
  concurrency: (value) => isLimit(value, 1),
  executor: isExecutor,
};

const RETRY: Readonly<Record<string, Check>> = {
  delayMs: isFinite,
  factor: isFinite,
  maxDelayMs: (value) => isNumber(value, 0),
  jitter: (value) => isEither(value, "full", "none"),
  when: isFunction,
};

/** Asserts that the value is a step; says which step it is that is not. */
export function assertStep(value: unknown): asserts value is Step {
  assertObject(value, "step");
  const { name, action, retry }: Partial<Record<keyof Step, unknown>> = value;
  assertName(name, "the step's name");
  const of = ` of step ${JSON.stringify(name)}`;
  assertIs(action, isFunction, `action${of}`);
  assertProperties(value, STEP, (key) => key + of);
  if (retry === undefined) return;
  assertObject(retry, `retry${of}`);
  assertIs(Reflect.get(retry, "maxAttempts"), (value) => isLimit(value, 1), `retry.maxAttempts${of}`);
  assertProperties(retry, RETRY, (key) => `retry.${key}${of}`);
}

/** A number from 0 on; what is infinite cannot grow or shrink. */
function isFinite(value: unknown): Refusal {
  return value === Infinity ? ["a finite number", RangeError] : isNumber(value, 0);
}

function isListOfNames(value: unknown): Refusal {
  return Array.isArray(value) && value.every((name) => typeof name === "string")
    ? null
    : ["an array of step names", TypeError];
}

/** @see {@link https://standardschema.dev} Some validators are functions with properties. */
function isSchema(value: unknown): Refusal {
  const standard: unknown = Reflect.get(Object(value), "~standard");
  return hasMethods(standard, "validate") === null ? null : ["a Standard Schema, with a ~standard", TypeError];
}
