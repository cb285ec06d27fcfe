import { EventsGoneError } from "../core/errors.ts";
import type { RunHead } from "../core/run_store.ts";
import { type PublicError, toPublicError } from "../sse/event_encoder.ts";
import type { RunsHost } from "./runs_host.ts";

/** What a run has failed with or was cancelled for, as its readers are told it; `null` if it was neither. */
export async function readRunError(
  host: RunsHost,
  { runId, status, lastSeq }: RunHead,
  describeError: ((error: unknown) => PublicError) | undefined,
): Promise<PublicError | null> {
  if (status !== "failed" && status !== "cancelled") return null;
  try {
    for await (const event of host.follow(runId, { after: lastSeq - 1 })) {
      if (event.type !== "run.end" || event.error === null) continue;
      return (describeError ?? toPublicError)(event.error);
    }
  } catch (error) {
    // It can be told no more.
    if (!(error instanceof EventsGoneError)) throw error;
  }
  return null;
}
