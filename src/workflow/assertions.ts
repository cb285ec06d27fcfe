import { LONGEST_TIMER_MS } from "../core/clock.ts";

/** What was expected instead of a value, and how its error is called; `null` if the value will do. */
export type Refusal = readonly [expected: string, Failure: ErrorConstructor] | null;

/** Looks at a value. */
export type Check = (value: unknown) => Refusal;

/** Throws if the check refuses the value. */
export function assertIs(value: unknown, check: Check, name: string): void {
  const refusal = check(value);
  if (refusal === null) return;
  const [expected, Failure] = refusal;
  throw new Failure(`Cannot take ${name}: expected ${expected}: ${describe(value)}`);
}

/** Throws if a check refuses the property of its name; one that is `undefined` is left out. */
export function assertProperties(
  value: object,
  checks: Readonly<Record<string, Check>>,
  toName: (key: string) => string = (key) => key,
): void {
  // Every run has its options looked at: to list the entries first takes longer than to look at them.
  for (const key in checks) {
    const property: unknown = Reflect.get(value, key);
    const check = checks[key];
    if (property !== undefined && check !== undefined) assertIs(property, check, toName(key));
  }
}

/** Asserts that the value is an object. */
export function assertObject(value: unknown, name: string): asserts value is object {
  assertIs(value, isObject, name);
}

/** Asserts that the value is a non-empty string. */
export function assertName(value: unknown, name: string): asserts value is string {
  assertIs(value, isName, name);
}

/** An object. */
export function isObject(value: unknown): Refusal {
  return typeof value === "object" && value !== null ? null : ["an object", TypeError];
}

/** A non-empty string. */
export function isName(value: unknown): Refusal {
  return typeof value === "string" && value !== "" ? null : ["a non-empty string", TypeError];
}

/** An array. */
export function isList(value: unknown): Refusal {
  return Array.isArray(value) ? null : ["an array", TypeError];
}

/** A function. */
export function isFunction(value: unknown): Refusal {
  return typeof value === "function" ? null : ["a function", TypeError];
}

/** A boolean. */
export function isBoolean(value: unknown): Refusal {
  return typeof value === "boolean" ? null : ["a boolean", TypeError];
}

/** An object with these methods. */
export function hasMethods(value: unknown, ...methods: readonly string[]): Refusal {
  for (const method of methods) {
    if (isObject(value) !== null || typeof Reflect.get(Object(value), method) !== "function") {
      return [`an object with a method "${method}"`, TypeError];
    }
  }
  return null;
}

/** Something that runs actions. */
export function isExecutor(value: unknown): Refusal {
  return hasMethods(value, "execute");
}

/** Something that tells the time and keeps timers. */
export function isClock(value: unknown): Refusal {
  return hasMethods(value, "now", "setTimeout", "clearTimeout");
}

/** A whole number from `least` on, or `Infinity`. */
export function isLimit(value: unknown, least: number): Refusal {
  return isNumber(value, least) === null && (Number.isInteger(value) || value === Infinity)
    ? null
    : [`a whole number from ${least} on`, numberFailure(value)];
}

/** A number from `least` on, or `Infinity`. */
export function isNumber(value: unknown, least: number): Refusal {
  return typeof value === "number" && value >= least ? null : [`a number from ${least} on`, numberFailure(value)];
}

/** A time in ms that can pass: more than none. */
export function isTime(value: unknown): Refusal {
  return isNumber(value, Number.MIN_VALUE) === null ? null : ["a number above 0", numberFailure(value)];
}

/** A time in ms that a timer can keep. */
export function isTimer(value: unknown, least = 1): Refusal {
  return isLimit(value, least) === null && Number(value) <= LONGEST_TIMER_MS
    ? null
    : [`a whole number from ${least} to ${LONGEST_TIMER_MS}`, numberFailure(value)];
}

/** One of two words. */
export function isEither(value: unknown, one: string, other: string): Refusal {
  return value === one || value === other ? null : [`"${one}" or "${other}"`, RangeError];
}

/** A number that will not do is of the wrong size, anything else of the wrong kind. */
function numberFailure(value: unknown): ErrorConstructor {
  return typeof value === "number" ? RangeError : TypeError;
}

/** What a wrong value is, for an error message: its text if it is short and simple, else its type. */
function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "object") return Array.isArray(value) ? "an array" : "an object";
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "function" ? "a function" : String(value);
}
