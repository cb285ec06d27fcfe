import { MemoryStore } from "@stepstream/workflow";
import type { StoreContestant } from "./store_contestant.ts";

/** The memory store, and a list of the same texts. */
export function inMemory(): StoreContestant {
  const records: string[] = [];
  const events: string[] = [];
  let head = {};
  return {
    store: new MemoryStore(),
    write: (runId, write, revision) => {
      head = { runId, revision, wakeAt: Date.now() };
      records.push(JSON.stringify(write.record));
      if (write.snapshot !== null) records.splice(0, records.length, JSON.stringify(write.snapshot));
      for (const { event } of write.events) events.push(JSON.stringify(event));
      return Promise.resolve(head);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
