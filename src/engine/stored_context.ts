import { ContextConflictError, SerializationError } from "../core/errors.ts";
import { toJson } from "../core/json.ts";

/** What a step has changed in the context: by key the new value as JSON, `null` for a key that is gone. */
export type ContextPatch = ReadonlyMap<string, string | null>;

const NO_CHANGES: ContextPatch = new Map();

/** A value of the context, `null` for none, and how many patches there had been then. */
interface Base {
  readonly text: string | null;
  readonly version: number;
}

/**
 * The context of a stored run. Values are kept as JSON: a step gets its own copy of those it touches, and what it did to
 * them is found by writing them again, so a step pays for what it touches and not for the whole context.
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

  /** A context for one token, as its steps would know it. */
  view(): ContextView {
    return new ContextView(this);
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

  /** The whole context as one JSON object. */
  toText(): string {
    const properties: string[] = [];
    for (const [key, { text }] of this.#entries) if (text !== null) properties.push(`${JSON.stringify(key)}:${text}`);
    return `{${properties.join(",")}}`;
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
  for (const [key, value] of Object.entries(context)) {
    if (value !== undefined) stored.set(key, toText(value, key, null));
  }
  return stored;
}

/** The context that the attempts at one token share. Values are copied out when they are touched. */
export class ContextView implements ProxyHandler<Record<string, unknown>> {
  /** What actions and decisions get. */
  readonly context: Record<string, unknown>;
  readonly #stored: StoredContext;
  /** The values that were touched. */
  readonly #touched: Record<string, unknown> = {};
  /** The stored values of those, as they were then. */
  readonly #bases = new Map<string, Base>();

  constructor(stored: StoredContext) {
    this.#stored = stored;
    this.context = new Proxy(this.#touched, this);
  }

  /**
   * What the token has changed. A value that is still the step's own is left out: it is in the context by its outcome.
   *
   * @param resultKey Where the engine keeps the step's value: of parallel steps the last one counts.
   * @throws {ContextConflictError} If another token has changed one of the same keys meanwhile.
   * @throws {SerializationError} If a value is not JSON.
   */
  diff(stepName: string, resultKey: string, result: unknown): ContextPatch {
    assertNoSymbols(this.#touched, stepName);
    let patch: Map<string, string | null> | null = null;
    for (const [key, base] of this.#bases) {
      const value = Object.hasOwn(this.#touched, key) ? this.#touched[key] : undefined;
      if (key === resultKey && value === result) continue;
      const text = value === undefined ? null : toText(value, key, stepName);
      if (key !== resultKey) {
        if (text === base.text) continue;
        if (this.#stored.versionOf(key) > base.version) throw new ContextConflictError(stepName, key);
      }
      patch ??= new Map();
      patch.set(key, text);
    }
    return patch ?? NO_CHANGES;
  }

  /** Forgets what the token has only looked at and somebody else has changed since. */
  refresh(stepName: string): void {
    for (const [key, base] of this.#bases) {
      if (this.#stored.versionOf(key) <= base.version) continue;
      const value = Object.hasOwn(this.#touched, key) ? this.#touched[key] : undefined;
      if ((value === undefined ? null : toText(value, key, stepName)) !== base.text) continue;
      this.#bases.delete(key);
      Reflect.deleteProperty(this.#touched, key);
    }
  }

  /** The changes so far have become those of the context. */
  settle(patch: ContextPatch): void {
    for (const key of patch.keys()) this.#bases.set(key, this.#stored.baseOf(key));
  }

  get(target: Record<string, unknown>, key: string | symbol): unknown {
    this.#touch(key);
    return Reflect.get(target, key);
  }

  set(target: Record<string, unknown>, key: string | symbol, value: unknown, receiver: unknown): boolean {
    // An object that has the context as its prototype keeps what is its own.
    if (receiver !== this.context) return Reflect.set(target, key, value, receiver);
    // Nothing but a key named __proto__ is more than a property; most keys were set before or are the step's result.
    if (typeof key === "string" && key !== "__proto__") {
      this.#note(key);
      target[key] = value;
      return true;
    }
    return this.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  }

  has(target: Record<string, unknown>, key: string | symbol): boolean {
    this.#touch(key);
    return Reflect.has(target, key);
  }

  deleteProperty(target: Record<string, unknown>, key: string | symbol): boolean {
    this.#touch(key);
    return Reflect.deleteProperty(target, key);
  }

  defineProperty(target: Record<string, unknown>, key: string | symbol, descriptor: PropertyDescriptor): boolean {
    this.#touch(key);
    return Reflect.defineProperty(target, key, descriptor);
  }

  getOwnPropertyDescriptor(target: Record<string, unknown>, key: string | symbol): PropertyDescriptor | undefined {
    this.#touch(key);
    return Reflect.getOwnPropertyDescriptor(target, key);
  }

  ownKeys(target: Record<string, unknown>): (string | symbol)[] {
    const keys = new Set<string | symbol>();
    for (const key of this.#stored.keys()) if (!this.#bases.has(key) || Object.hasOwn(target, key)) keys.add(key);
    for (const key of Reflect.ownKeys(target)) keys.add(key);
    return [...keys];
  }

  /** Keeps how a value was when the token first touched it. */
  #note(key: string): Base {
    let base = this.#bases.get(key);
    if (base === undefined) this.#bases.set(key, base = this.#stored.baseOf(key));
    return base;
  }

  /** Copies a stored value out, the first time somebody is interested in it. */
  #touch(key: string | symbol): void {
    if (typeof key === "symbol" || this.#bases.has(key)) return;
    const { text } = this.#note(key);
    if (text === null) return;
    // Defined, so that a key named __proto__ is a key.
    Reflect.defineProperty(this.#touched, key, {
      value: JSON.parse(text),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}

function toText(value: unknown, key: string, stepName: string | null): string {
  return JSON.stringify(toJson(value, { name: `context[${JSON.stringify(key)}]`, stepName }));
}

function assertNoSymbols(context: object, stepName: string | null): void {
  if (Object.getOwnPropertySymbols(context).length === 0) return;
  throw new SerializationError(stepName, "context", "an object with symbols as keys");
}
