import { describeError, toText } from "./describe_error.ts";
import { SerializationError } from "./errors.ts";
import { JsonWalk } from "./json_walk.ts";

/** What JSON (RFC 8259) can hold. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** What {@linkcode toJson} has to know about the value it converts. */
export interface ToJsonOptions {
  /** The name of the value in an error's path, e.g. `payload`. */
  readonly name: string;
  /** The step the value belongs to, `null` if it belongs to the run. */
  readonly stepName: string | null;
  /** What stands in for an error anywhere in the value. Default: `{ name, message, cause? }`. */
  readonly describeError?: (error: unknown) => unknown;
}

/**
 * The value as plain JSON, or a {@linkcode SerializationError} that names the step and the path. What is JSON already
 * comes back as it is, uncopied. A property that is `undefined` may stay: it is left out of the text and reads the same.
 * Properties that an array has beside its items are not looked for.
 */
export function toJson(value: unknown, options: ToJsonOptions): unknown {
  const { name, stepName } = options;
  const walk = new JsonWalk({
    name,
    describeError: options.describeError ?? describeError,
    replace: (_value, path, what) => {
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
