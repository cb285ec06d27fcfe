import type { Executor } from "../core/executor.ts";

/** Asserts that the value is an object. */
export function assertObject(value: unknown, name: string): asserts value is object {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`Cannot take ${name}: expected an object: ${describe(value)}`);
  }
}

/** Asserts that the value is an object with these methods. */
export function assertMethods(value: unknown, name: string, methods: readonly string[]): void {
  assertObject(value, name);
  for (const method of methods) {
    if (!(method in value) || typeof Reflect.get(value, method) !== "function") {
      throw new TypeError(`Cannot take ${name}: expected an object with a method "${method}": ${describe(value)}`);
    }
  }
}

/** Asserts that the value can run actions. */
export function assertExecutor(value: unknown): asserts value is Executor {
  assertMethods(value, "executor", ["execute"]);
}

/** Asserts that the value is a whole number from `least` on, or `Infinity`. */
export function assertLimit(value: unknown, name: string, least: number): void {
  if (typeof value !== "number") throw new TypeError(`Cannot take ${name}: expected a number: ${describe(value)}`);
  if (value < least || !(Number.isInteger(value) || value === Infinity)) {
    throw new RangeError(`Cannot take ${name}: expected a whole number from ${least} on: ${value}`);
  }
}

/** Asserts that the value is a non-empty string. */
export function assertName(value: unknown, name: string): asserts value is string {
  if (typeof value !== "string" || value === "") {
    throw new TypeError(`Cannot take ${name}: expected a non-empty string: ${describe(value)}`);
  }
}

/** What a wrong value is, for an error message: its text if it is short and simple, else its type. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "object") return Array.isArray(value) ? "an array" : "an object";
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "function" ? "a function" : String(value);
}
