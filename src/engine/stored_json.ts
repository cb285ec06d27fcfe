import { describeError } from "../core/describe_error.ts";
import { toJson } from "../core/json.ts";

/**
 * A value as it is stored. The error of a failed result is described as all errors of steps are; of any other error in
 * a value nobody can tell later that it was one, so it keeps nothing that is not for every reader: no cause.
 *
 * @throws {SerializationError} If it holds what JSON cannot.
 */
export function toStoredJson(value: unknown, name: string, stepName: string | null): unknown {
  return toJson(value, { name, stepName, describeError: withoutCause, describeFailure: describeError });
}

function withoutCause(error: unknown): unknown {
  const { name, message } = describeError(error);
  return { name, message };
}
