import { LONE_SURROGATE } from "./stored_text.ts";

/** The longest run id, in code units, of stores whose keys or indexes are limited. */
const MAX_RUN_ID_LENGTH = 512;

/** Why such a store, which is called `store`, can have no run of this id; `null` if it can. */
export function refuseRunId(runId: string, store: string): string | null {
  if (LONE_SURROGATE.test(runId)) return `its id holds half a surrogate pair, which ${store} does not keep`;
  if (runId.length <= MAX_RUN_ID_LENGTH) return null;
  return `its id is longer than ${MAX_RUN_ID_LENGTH} code units: ${runId.length}`;
}
