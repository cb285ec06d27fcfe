import { describeError } from "./describe_error.ts";
import { SerializationError } from "./errors.ts";
import { isFailure, JsonWalk, whatElse } from "./json_walk.ts";
import { toText } from "./to_text.ts";

/** What {@linkcode toJson} has to know about the value it converts. */
export interface ToJsonOptions {
  /** The name of the value in an error's path, e.g. `payload`. */
  readonly name: string;
  /** The step the value belongs to, `null` if it belongs to the run. */
  readonly stepName: string | null;
  /** What stands in for an error anywhere in the value. Default: `{ name, message, cause? }`. */
  readonly describeError?: (error: unknown) => unknown;
  /**
   * What stands in for the error of a failed `Result`, whatever it is: it may be described already. Default: nothing,
   * it is a value like any other.
   */
  readonly describeFailure?: (error: unknown) => unknown;
}

/** Values are mostly no deeper than that. */
const MAX_QUICK_DEPTH = 8;

/**
 * The value as plain JSON (RFC 8259), or a {@linkcode SerializationError} that names the step and the path. What is
 * JSON already comes back as it is, uncopied. A property that is `undefined` may stay: it is left out of the text and
 * reads the same. Properties that an array has beside its items are not looked for.
 */
export function toJson(value: unknown, options: ToJsonOptions): unknown {
  const { name, stepName, describeFailure } = options;
  if (isSurelyJson(value, describeFailure !== undefined)) return value;
  const walk = new JsonWalk({
    name,
    describeError: options.describeError ?? describeError,
    describeFailure: describeFailure ?? null,
    refuse: (path, what) => {
      throw new SerializationError(stepName, path, what);
    },
  });
  try {
    return walk.convert(value);
  } catch (error) {
    if (error instanceof SerializationError) throw error;
    // A getter or a proxy in the value threw.
    throw new SerializationError(stepName, walk.path, `unreadable: ${toText(error)}`, { cause: error });
  }
}

/** What is JSON already, as it comes back from its text: the same, and nobody else's. */
export function copyOfJson(json: unknown): unknown {
  return typeof json === "object" && json !== null ? JSON.parse(JSON.stringify(json)) : json;
}

/** True for what is JSON as it is, in half the time of a walk, which has to tell about the rest. */
function isSurelyJson(value: unknown, hasResults: boolean): boolean {
  try {
    return isJson(value, MAX_QUICK_DEPTH, hasResults);
  } catch {
    // A getter or a proxy threw: the walk meets it again, and tells where.
    return false;
  }
}

function isJson(value: unknown, depthLeft: number, hasResults: boolean): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value);
    case "object":
      if (value === null) return true;
      // The depth is also what a cycle comes to.
      if (depthLeft === 0 || value instanceof Error || whatElse(value) !== null) return false;
      if (hasResults && isFailure(value)) return false;
      return Array.isArray(value)
        ? areItemsJson(value, depthLeft - 1, hasResults)
        : arePropertiesJson(value, depthLeft - 1, hasResults);
    default:
      return false;
  }
}

function areItemsJson(items: readonly unknown[], depthLeft: number, hasResults: boolean): boolean {
  for (let index = 0; index < items.length; index += 1) {
    if (!isJson(items[index], depthLeft, hasResults)) return false;
  }
  return true;
}

function arePropertiesJson(object: object, depthLeft: number, hasResults: boolean): boolean {
  // Makes no list of the keys. The inherited ones that it meets too can only lead to a walk in vain.
  for (const key in object) {
    const item: unknown = Reflect.get(object, key);
    if (item !== undefined && !isJson(item, depthLeft, hasResults)) return false;
  }
  return true;
}
