/** True for what `await` would wait for. Looking is free, a needless `await` is not. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return ((typeof value === "object" && value !== null) || typeof value === "function") && "then" in value &&
    typeof value.then === "function";
}
