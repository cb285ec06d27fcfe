import { describedText, describeError } from "../core/describe_error.ts";
import { copyOfJson, toJson } from "../core/json.ts";
import type { Result } from "../core/result.ts";
import type { Outcome } from "../core/state.ts";
import type { Token } from "../core/token.ts";
import { toStoredJson } from "./stored_json.ts";

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

/** The outcome with its error in words: that is what is traced of one that is read back from a store. */
export function withErrorInWords(outcome: Outcome): Outcome {
  const { result } = outcome;
  if (result.ok) return outcome;
  return { ...outcome, result: { ...result, error: describedText(describeError(result.error)) } };
}

/**
 * The outcome of a run inside a step, as it is read back from the events in a store: not even its payload is from
 * there.
 *
 * @throws {SerializationError} If it holds what JSON cannot.
 */
export function asReadBack({ token, result, ...outcome }: Outcome): Outcome {
  const { step } = token;
  const readBack = (value: unknown, name: string) => copyOfJson(toStoredJson(value, name, step));
  return {
    ...outcome,
    token: { ...token, payload: readBack(token.payload, "payload") },
    result: result.ok ? { ...result, value: readBack(result.value, "result.value") } : result,
  };
}
