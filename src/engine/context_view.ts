import { ContextConflictError } from "../core/errors.ts";
import {
  assertNoSymbols,
  type Base,
  type ContextPatch,
  type StoredContext,
  toContextText,
  UNDEFINED,
} from "./stored_context.ts";

const NO_CHANGES: ContextPatch = new Map();

/** The context of one attempt at a token. Values are copied out when they are touched. */
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
   * What the attempt has changed. A value that is still the step's own is left out: it is in the context by its
   * outcome.
   *
   * @param resultKey Where the engine keeps the step's value: of parallel steps the last one counts.
   * @throws {ContextConflictError} If another token has changed one of the same keys meanwhile.
   * @throws {SerializationError} If a value is not JSON.
   */
  diff(stepName: string, resultKey: string, result: unknown): ContextPatch {
    assertNoSymbols(this.#touched, stepName);
    let patch: Map<string, string | null> | null = null;
    for (const [key, base] of this.#bases) {
      const isThere = Object.hasOwn(this.#touched, key);
      if (isThere && key === resultKey && this.#touched[key] === result) continue;
      const text = this.#textOf(key, stepName);
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
      if (this.#textOf(key, stepName) !== base.text) continue;
      this.#bases.delete(key);
      Reflect.deleteProperty(this.#touched, key);
    }
  }

  /**
   * The same changes in a view of their own.
   *
   * @throws {SerializationError} If a value is not JSON.
   */
  copy(stepName: string): ContextView {
    assertNoSymbols(this.#touched, stepName);
    const copy = new ContextView(this.#stored);
    for (const [key, base] of this.#bases) {
      copy.#bases.set(key, base);
      copy.#put(key, this.#textOf(key, stepName));
    }
    return copy;
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

  /** A value that was touched, as it would be kept now. */
  #textOf(key: string, stepName: string): string | null {
    return Object.hasOwn(this.#touched, key) ? toContextText(this.#touched[key], key, stepName) : null;
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
    this.#put(key, this.#note(key).text);
  }

  #put(key: string, text: string | null): void {
    if (text === null) return;
    // Defined, so that a key named __proto__ is a key.
    Reflect.defineProperty(this.#touched, key, {
      value: text === UNDEFINED ? undefined : JSON.parse(text),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}
