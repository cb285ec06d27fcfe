import { describeError, toText } from "../core/describe_error.ts";
import { JsonWalk } from "../core/json_walk.ts";

/** What JSON text may hold and a terminal or a log reader might take for a line's end or a command. */
const UNSAFE = /[\u007f-\u009f\u2028\u2029]/g;

/** The value as one line of JSON for a person to read: what JSON cannot hold is described. */
export function toPrintable(value: unknown): string {
  return escapeUnsafe(JSON.stringify(toPrintableJson(value)));
}

/** The value as JSON, described where JSON cannot hold it. */
export function toPrintableJson(value: unknown): unknown {
  try {
    return new JsonWalk({ name: "", describeError, replace: describeUnfit }).convert(value) ?? null;
  } catch (error) {
    // A getter, a proxy or a toJSON in the value threw; the line says so in the value's place.
    return `[unreadable: ${toText(error)}]`;
  }
}

/** Escapes, the JSON way, what JSON leaves in its text and a line must not hold. */
function escapeUnsafe(json: string): string {
  return json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function describeUnfit(value: unknown, _path: string, what: string): unknown {
  const kind = `[${what.replace(/^an? /, "")}]`;
  switch (typeof value) {
    case "undefined":
      return null;
    case "number":
    case "bigint":
    case "symbol":
      return String(value);
    case "object":
      return value === null || what === "a cycle" || what.startsWith("nested") ? kind : describeInstance(value, kind);
    default:
      return kind;
  }
}

/** An instance is shown as it shows itself, else by its own properties, else by its class. */
function describeInstance(instance: object, kind: string): unknown {
  if ("toJSON" in instance && typeof instance.toJSON === "function") return toPrintableJson(instance.toJSON());
  return Object.keys(instance).length > 0 ? instance : kind;
}
