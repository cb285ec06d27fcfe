import { RunTimeoutError, StepTimeoutError } from "@stepstream/workflow";
import type { PublicError } from "@stepstream/workflow/sse";

/** An error as whoever asked for the check is told of it. The engine's own words for a timeout are for developers. */
export function toPublicError(error: unknown): PublicError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message } = error;
  if (error instanceof StepTimeoutError) return { name, message: `No answer within ${error.timeoutMs / 1_000} s` };
  if (error instanceof RunTimeoutError) {
    return { name, message: `The check took more than ${error.timeoutMs / 1_000} s` };
  }
  return { name, message };
}
