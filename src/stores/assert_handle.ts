import { assertOpenedWith } from "./assert_opened_with.ts";

/** Asserts that a store is opened on something with these methods; a file's name, say, has none. */
export function assertHandle(handle: unknown, expected: string, ...methods: readonly string[]): void {
  assertOpenedWith(hasMethods(handle, ...methods), expected, handle);
}

/** Whether it is an object or a function with these methods. */
export function hasMethods(handle: unknown, ...methods: readonly string[]): boolean {
  const object = Object(handle);
  return object === handle && methods.every((method) => typeof Reflect.get(object, method) === "function");
}
