import { describedText, describeError } from "../core/describe_error.ts";
import { toJson } from "../core/json.ts";
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

/**
 * The outcome as it is read back from a store: that is what is traced of it. Only a run inside a step has payloads that
 * are not from the store.
 *
 * @throws {SerializationError} If it holds what JSON cannot.
 */
export function asReadBack({ token, result, ...outcome }: Outcome, isInside: boolean): Outcome {
  const { step, payload } = token;
  return {
    ...outcome,
    token: isInside ? { ...token, payload: readBack(payload, "payload", step) } : token,
    result: result.ok
      ? { ok: true, value: readBack(result.value, "result.value", step), error: null }
      : { ok: false, value: null, error: describedText(describeError(result.error)) },
  };
}

function readBack(value: unknown, name: string, step: string): unknown {
  const json = toStoredJson(value, name, step);
  return typeof json === "object" && json !== null ? JSON.parse(JSON.stringify(json)) : json;
}
