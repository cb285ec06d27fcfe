/** True for what `await` would wait for. Looking is free, a needless `await` is not. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return ((typeof value === "object" && value !== null) || typeof value === "function") && "then" in value &&
    typeof value.then === "function";
}

/**
 * Tells a promise of the engine's own from what else there may be at once. Not by its class: where a tracer has put one
 * of its own in the place of `Promise`, an `async` function answers the old one.
 */
export function isPromise<Value>(value: object | Promise<Value>): value is Promise<Value> {
  return "then" in value;
}
