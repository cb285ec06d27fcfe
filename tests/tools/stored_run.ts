import type { RunHead, RunStore, WorkflowEvent } from "@stepstream/workflow";

/** All events that a store has of a run. */
export async function storedEvents(store: RunStore, runId: string): Promise<WorkflowEvent[]> {
  const stored = await store.events(runId, 0, Number.MAX_SAFE_INTEGER);
  return stored.map(({ text }) => JSON.parse(text));
}

/** Where a run stands in its store. */
export async function headOf(store: RunStore, runId: string): Promise<RunHead> {
  const head = await store.find(runId);
  if (head === null) throw new Error(`There is no run ${runId}`);
  return head;
}

/** The value as a store gives it back: errors are told by their words. */
export function asStored<Value>(value: Value): Value {
  return JSON.parse(
    JSON.stringify(
      value,
      (_key, item) =>
        item instanceof Error
          ? { name: item.name, message: item.message, ...(item.cause === undefined ? {} : { cause: item.cause }) }
          : item,
    ),
  );
}
