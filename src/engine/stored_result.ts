import { describedText, describeError } from "../core/describe_error.ts";
import { toJson } from "../core/json.ts";
import type { Result } from "../core/result.ts";
import type { Outcome } from "../core/state.ts";
import type { Token } from "../core/token.ts";

/** The result, unless it cannot be stored: that is a failure. */
export function toStorable({ step }: Token, result: Result, context: Record<string, unknown>): Result {
  if (!result.ok) return result;
  try {
    // The value becomes a part of the context, so it cannot be the context itself.
    const value = result.value === context ? { ...context } : result.value;
    toJson(value, { name: "result.value", stepName: step });
    return value === result.value ? result : { ok: true, value, error: null };
  } catch (error) {
    return { ok: false, value: null, error };
  }
}

/** The outcome with its error in words: that is what is left of one that is read back from a store. */
export function withErrorInWords(outcome: Outcome): Outcome {
  const { result } = outcome;
  if (result.ok) return outcome;
  return { ...outcome, result: { ...result, error: describedText(describeError(result.error)) } };
}
