import type { PublicError } from "@stepstream/workflow/sse";

/** An error as clients see it. The engine's own words are for developers. */
export function toPublicError(error: unknown): PublicError {
  if (!isNamed(error)) return { name: "Error", message: String(error) };
  const { name, message } = error;
  return { name, message: WORDS.get(name) ?? message };
}

/** Goes by the error's name: an error from a store has lost its class. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ["RunCancelledError", "The check was cancelled"],
  ["RunTimeoutError", "The check took too long"],
  ["StepTimeoutError", "No answer in time"],
]);

function isNamed(error: unknown): error is PublicError {
  return typeof error === "object" && error !== null && "name" in error && typeof error.name === "string" &&
    "message" in error && typeof error.message === "string";
}
