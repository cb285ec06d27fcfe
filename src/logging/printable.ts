import { describeError } from "../core/describe_error.ts";
import { toText } from "../core/to_text.ts";

/**
 * What JSON text may hold and a terminal or a log reader might take for a line's end or a command, among it what turns
 * the direction of the text after it, so that a value would be seen in the place of another.
 */
const UNSAFE = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** Deeper nesting is not shown. */
const MAX_DEPTH = 50;
/** A value of more parts than this is not shown whole: its line would be too long to read, and too slow to write. */
const MAX_PARTS = 10_000;
/** A toJSON that answers something with a toJSON is followed so far; such values can make new ones for ever. */
const MAX_TO_JSON = 4;

/** The value as one line of JSON for a person to read: what JSON cannot hold is described, and nothing throws. */
export function toPrintable(value: unknown): string {
  return toJsonLine(toPrintableJson(value));
}

/** The value as JSON of our own making, so that writing it runs none of the value's code. */
export function toPrintableJson(value: unknown): unknown {
  return new PrintableCopy().of(value);
}

/** JSON as text that holds no line's end and no character that controls how it is shown. */
export function toJsonLine(json: unknown): string {
  return JSON.stringify(json).replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** One pass over a value, whatever it is. */
class PrintableCopy {
  readonly #ancestors: object[] = [];
  #partsLeft = MAX_PARTS;
  #toJsonDepth = 0;

  of(value: unknown): unknown {
    return this.#copyWhat(() => value);
  }

  #copyWhat(read: () => unknown): unknown {
    try {
      return this.#copy(read());
    } catch (error) {
      // A getter, a proxy or a toJSON threw; the line says so in the value's place.
      return `[unreadable: ${toText(error)}]`;
    }
  }

  #copy(value: unknown): unknown {
    this.#partsLeft -= 1;
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "undefined":
        return null;
      case "number":
        return Number.isFinite(value) ? value : String(value);
      case "bigint":
      case "symbol":
        return String(value);
      case "function":
        return "[function]";
      case "object":
        return value === null ? null : this.#copyObject(value);
    }
  }

  #copyObject(object: object): unknown {
    if (object instanceof Error) return describeError(object);
    if (this.#ancestors.includes(object)) return "[circular]";
    if (this.#ancestors.length === MAX_DEPTH || this.#partsLeft < 0) return "[…]";
    this.#ancestors.push(object);
    try {
      if ("toJSON" in object && typeof object.toJSON === "function") return this.#copyAnswer(object.toJSON());
      if (Array.isArray(object)) return this.#copyItems(object);
      return this.#copyProperties(object);
    } finally {
      this.#ancestors.pop();
    }
  }

  #copyAnswer(json: unknown): unknown {
    if (this.#toJsonDepth === MAX_TO_JSON) return "[…]";
    this.#toJsonDepth += 1;
    try {
      return this.#copy(json);
    } finally {
      this.#toJsonDepth -= 1;
    }
  }

  #copyItems(items: readonly unknown[]): unknown[] {
    const copy = Array.from(items.slice(0, Math.max(0, this.#partsLeft)), (item) => this.of(item));
    return copy.length < items.length ? [...copy, "[…]"] : copy;
  }

  #copyProperties(object: object): unknown {
    const keys = Object.keys(object);
    const entries = keys.slice(0, Math.max(0, this.#partsLeft)).map((key) =>
      [key, this.#copyWhat(() => Reflect.get(object, key))] as const
    );
    if (entries.length < keys.length) entries.push(["…", "[…]"]);
    const kind = Object.prototype.toString.call(object);
    // A map, a set or a promise has nothing of its own to show.
    return entries.length === 0 && kind !== "[object Object]"
      ? kind.replace("object ", "")
      : Object.fromEntries(entries);
  }
}
