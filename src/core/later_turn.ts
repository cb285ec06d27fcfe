// Taken once, at load: a test that fakes the timers fakes time, not the turns of the event loop.
const realTimers = [takePlatform("setTimeout"), takePlatform("clearTimeout")] as const;

/** Calls back on a later turn of the event loop, whatever a test did to the timers. The answer takes it back. */
export function onLaterTurn(callback: () => void): () => void {
  const [setRealTimeout, clearRealTimeout] = [realTimers[0](), realTimers[1]()];
  const timer = setRealTimeout(callback, 0);
  return () => clearRealTimeout(timer);
}

/**
 * A global as it is now, to be looked at later. Deno makes its timers when somebody first looks at them, which takes it
 * 4 ms: as long as all else that a short run costs.
 */
function takePlatform<Name extends "setTimeout" | "clearTimeout">(name: Name): () => typeof globalThis[Name] {
  const get = Object.getOwnPropertyDescriptor(globalThis, name)?.get;
  if (get !== undefined) return () => get.call(globalThis);
  const taken = globalThis[name];
  return () => taken;
}
