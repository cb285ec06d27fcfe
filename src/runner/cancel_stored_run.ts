import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/describe_error.ts";
import { RunCancelledError } from "../core/errors.ts";
import type { RunEndEvent } from "../core/events.ts";
import type { RunStore, StoredRun } from "../core/run_store.ts";
import { restore } from "../engine/open_run.ts";
import { asked } from "../engine/store_access.ts";

/** Ends a run that is not at work here: whoever has it is fenced off. `false` if it has ended already. */
export async function cancelStoredRun(
  store: RunStore,
  runId: string,
  reason: unknown,
  clock: Clock,
): Promise<boolean> {
  const error = describeError(reason === undefined ? new RunCancelledError(runId) : reason);
  // Somebody else may claim it in between, but not for ever.
  while (true) {
    const now = clock.now();
    const claim = { runId, isForced: true, limit: 1, until: now, now };
    const [claimed] = await asked(() => store.claim(claim), runId, "claim the lease");
    if (claimed === undefined) return false;
    const stored = await asked(() => store.load(runId), runId, "read the state");
    if (stored === null) return false;
    const { version, revision, createdAt, lastSeq } = claimed;
    const seq = lastSeq + 1;
    const steps = countSteps(stored);
    const end: RunEndEvent = { type: "run.end", seq, runId, at: now, status: "cancelled", error, steps };
    const events = [{ seq, text: JSON.stringify(end) }];
    const unchanged = { version, record: null, snapshot: null };
    const written = { ...unchanged, runId, revision, createdAt, status: "cancelled", events } as const;
    if (await asked(() => store.commit({ ...written, wakeAt: null, now }), runId, "store the end")) return true;
  }
}

/** How many steps the run has finished; 0 if nobody can tell any more, which must not keep anybody from ending it. */
function countSteps(stored: StoredRun): number {
  try {
    return restore(stored).finished;
  } catch {
    // Whoever resumes it is told what is wrong; it cannot be resumed.
    return 0;
  }
}
