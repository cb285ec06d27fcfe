/** Asserts that a store is opened on something with these methods; a file's name, say, has none. */
export function assertHandle(handle: unknown, expected: string, ...methods: readonly string[]): void {
  const object = Object(handle);
  if (object === handle && methods.every((method) => typeof Reflect.get(object, method) === "function")) return;
  const given = typeof handle === "string"
    ? JSON.stringify(handle.slice(0, 40))
    : handle === null
    ? "null"
    : typeof handle;
  throw new TypeError(`Cannot open a store: expected ${expected}: ${given}`);
}
