import { type RunStream, Workflow } from "@stepstream/workflow";

/** A run whose action waits for its signal, or for the test. */
export interface WatchedRun {
  readonly stream: RunStream;
  /** When `scope.signal` aborted, in epoch milliseconds. */
  readonly abortedAt: Promise<number>;
  /** Lets the action return. */
  readonly release: () => void;
}

/** Makes a run of one step that waits. */
export function watchedRun(): WatchedRun {
  const gate = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<number>();
  const workflow = new Workflow().add({
    name: "wait",
    action: (_ctx, _payload, log, { signal }) => {
      signal.addEventListener("abort", () => {
        aborted.resolve(Date.now());
        gate.resolve();
      });
      log.event("waiting");
      return gate.promise;
    },
  });
  return { stream: workflow.stream("wait"), abortedAt: aborted.promise, release: gate.resolve };
}
