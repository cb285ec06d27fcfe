/** The part of Node's `process` that tells of rejections; Bun has it, too. */
interface RejectionEmitter {
  on(event: "unhandledRejection", listener: (reason: unknown) => void): void;
  off(event: "unhandledRejection", listener: (reason: unknown) => void): void;
}

/** Hears of rejections that nobody handles, wherever it is; the answer ends it. */
export function trapRejections(onRejection: (reason: unknown) => void): () => void {
  const emitter: unknown = Reflect.get(globalThis, "process");
  // Deno has one as well, but goes by the event.
  if (isEmitter(emitter) && !("Deno" in globalThis)) {
    emitter.on("unhandledRejection", onRejection);
    return () => emitter.off("unhandledRejection", onRejection);
  }
  const listener = (event: Event): void => {
    event.preventDefault();
    onRejection(Reflect.get(event, "reason"));
  };
  globalThis.addEventListener("unhandledrejection", listener);
  return () => globalThis.removeEventListener("unhandledrejection", listener);
}

function isEmitter(value: unknown): value is RejectionEmitter {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "on") === "function";
}
