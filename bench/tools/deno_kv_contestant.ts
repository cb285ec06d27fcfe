import { DenoKvStore } from "@stepstream/workflow/stores/deno-kv";
import type { StoreContestant } from "./store_contestant.ts";

/** The store on a Deno KV file, and atomic writes on the same handle. */
export async function inDenoKv(file: string): Promise<StoreContestant> {
  const kv = await Deno.openKv(file);
  const encoder = new TextEncoder();
  const encode = (value: unknown) => encoder.encode(JSON.stringify(value));
  let versionstamp: string | null = null;
  return {
    store: await DenoKvStore.open(kv),
    write: async (runId, { record, snapshot, events }, revision) => {
      if (revision === 1) versionstamp = null;
      const key = ["bare", runId];
      const atomic = kv.atomic().check({ key, versionstamp }).set(key, { revision, wakeAt: Date.now() });
      if (record !== null) atomic.set(["bare", runId, "records", revision], encode(record));
      if (snapshot !== null) atomic.set(["bare", runId, "snapshot"], encode(snapshot));
      if (events.length > 0) atomic.set(["bare", runId, "events", revision], encode(events));
      const answer = await atomic.commit();
      if (!answer.ok) throw new Error("The bare loop lost a race with nobody");
      ({ versionstamp } = answer);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(kv.close()),
  };
}
