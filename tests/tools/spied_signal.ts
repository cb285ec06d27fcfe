/** A signal that counts the listeners it has. */
export interface SpiedSignal {
  readonly signal: AbortSignal;
  readonly abort: (reason?: unknown) => void;
  /** How many listeners it has now. */
  readonly listeners: number;
  /** How many listeners it was ever given. */
  readonly added: number;
}

/** Makes a signal whose `addEventListener` and `removeEventListener` are watched. */
export function spiedSignal(): SpiedSignal {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  let added = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    added += 1;
    listeners.add(args[1]);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners.delete(args[1]);
    remove(...args);
  };
  return {
    signal,
    abort: (reason) => controller.abort(reason),
    get listeners() {
      return listeners.size;
    },
    get added() {
      return added;
    },
  };
}
