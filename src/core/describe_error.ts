import { toText } from "./to_text.ts";

/** An error as it is told on a wire or in a store: never with its stack. */
export interface JsonError {
  readonly name: string;
  readonly message: string;
  readonly cause?: JsonError;
}

/** How far a chain of causes is followed. */
const MAX_CAUSES = 8;

/** `{ name, message, cause? }` of whatever was thrown. Never throws. */
export function describeError(error: unknown): JsonError {
  return describeChain(error, MAX_CAUSES);
}

/** The error in one line, as `String(error)` would have it. */
export function describedText({ name, message }: JsonError): string {
  return name === "" || message === "" ? name + message : `${name}: ${message}`;
}

function describeChain(error: unknown, causesLeft: number): JsonError {
  try {
    if (!(error instanceof Error) && !isDescribed(error)) return { name: "Error", message: toText(error) };
    const name = toText(error.name);
    const message = toText(error.message);
    const { cause } = error;
    return cause === undefined || causesLeft === 0
      ? { name, message }
      : { name, message, cause: describeChain(cause, causesLeft - 1) };
  } catch {
    // A getter or a proxy of the error threw: it has nothing better to tell.
    return { name: "Error", message: "[unreadable]" };
  }
}

/** True for what stands for an error already and is none: it comes from a store or a wire. */
export function isDescribed(error: unknown): error is JsonError {
  try {
    return typeof error === "object" && error !== null && !(error instanceof Error) &&
      "name" in error && typeof error.name === "string" && "message" in error && typeof error.message === "string";
  } catch {
    // A getter or a proxy of it threw: nothing that comes from a store or a wire does.
    return false;
  }
}
