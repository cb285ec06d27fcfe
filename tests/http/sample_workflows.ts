import { Workflow } from "@stepstream/workflow";

/** A workflow that is done at once: `greet` says hello, then `shout` does so loudly. */
export function greetings(name = "greetings"): Workflow {
  return new Workflow({ name }).add(
    {
      name: "greet",
      action: (_ctx, payload, log) => {
        log.event("greeted", payload);
        return `Hello, ${String(payload)}`;
      },
      decision: (_ctx, _result, enqueue) => enqueue.tail("shout"),
    },
    { name: "shout", action: (_ctx, text) => `${String(text).toUpperCase()}!` },
  );
}

/** A workflow whose one step, `wait`, goes on until its run is cancelled. */
export function waiting(name = "waiting"): Workflow {
  return new Workflow({ name }).add({
    name: "wait",
    action: (_ctx, _payload, _log, { signal }) =>
      new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
  });
}
