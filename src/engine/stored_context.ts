import { SerializationError } from "../core/errors.ts";
import { toJson } from "../core/json.ts";

/** Stands for `undefined`, which JSON has no text for: a step that returns nothing has a result all the same. */
export const UNDEFINED = "";

/** What a step has changed in the context: by key the new value as JSON, `null` for a key that is gone. */
export type ContextPatch = ReadonlyMap<string, string | null>;

/** A value of the context, `null` for none, and how many patches there had been then. */
export interface Base {
  readonly text: string | null;
  readonly version: number;
}

/**
 * The context of a stored run. Values are kept as JSON: a step gets its own copy of those it touches, and what it did
 * to them is found by writing them again, so a step pays for what it touches and not for the whole context.
 */
export class StoredContext {
  readonly #entries = new Map<string, Base>();
  #version = 0;

  /** Sets a value without asking who else has changed it. */
  set(key: string, text: string | null): void {
    // A key that comes again goes to the end, as a property that was deleted does.
    if (this.#entries.get(key)?.text === null) this.#entries.delete(key);
    this.#entries.set(key, { text, version: this.#version });
  }

  /** Takes in what a step has changed. */
  apply(patch: ContextPatch): void {
    this.#version += 1;
    for (const [key, text] of patch) this.set(key, text);
  }

  /** When the value was written or deleted last. */
  versionOf(key: string): number {
    return this.#entries.get(key)?.version ?? 0;
  }

  /** The value as it is now, for one who may change it. */
  baseOf(key: string): Base {
    return { text: this.#entries.get(key)?.text ?? null, version: this.#version };
  }

  /** The keys of the values that there are. */
  *keys(): Generator<string, void, undefined> {
    for (const [key, { text }] of this.#entries) if (text !== null) yield key;
  }

  /** The keys of values that are `undefined`. */
  blankKeys(): string[] {
    return [...this.keys()].filter((key) => this.#entries.get(key)?.text === UNDEFINED);
  }

  /** The whole context as one JSON object, but for what is `undefined`. */
  toText(): string {
    const properties: string[] = [];
    for (const [key, { text }] of this.#entries) {
      if (text !== null && text !== UNDEFINED) properties.push(`${JSON.stringify(key)}:${text}`);
    }
    return `{${properties.join(",")}}`;
  }

  /** The whole context as an object of its own. */
  toObject(): Record<string, unknown> {
    const object = JSON.parse(this.toText());
    for (const key of this.blankKeys()) object[key] = undefined;
    return object;
  }
}

/**
 * The context that a run starts with.
 *
 * @throws {SerializationError} If a value is not JSON.
 */
export function toStoredContext(context: Readonly<Record<string, unknown>>): StoredContext {
  assertNoSymbols(context, null);
  const stored = new StoredContext();
  for (const [key, value] of Object.entries(context)) stored.set(key, toContextText(value, key, null));
  return stored;
}

/** A value of the context as it is kept. */
export function toContextText(value: unknown, key: string, stepName: string | null): string {
  return value === undefined
    ? UNDEFINED
    : JSON.stringify(toJson(value, { name: `context[${JSON.stringify(key)}]`, stepName }));
}

/** Asserts that all keys of a context are strings. */
export function assertNoSymbols(context: object, stepName: string | null): void {
  if (Object.getOwnPropertySymbols(context).length === 0) return;
  throw new SerializationError(stepName, "context", "an object with symbols as keys");
}
