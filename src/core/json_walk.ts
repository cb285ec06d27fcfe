/** What the walk does where JSON has no word for a value. */
export interface JsonWalkPolicy {
  /** The name of the whole value, the first part of every path. */
  readonly name: string;
  /** What stands in for an error. */
  readonly describeError: (error: unknown) => unknown;
  /** What stands in for the error of a failed result, `null` if that is no error for being there. */
  readonly describeFailure: ((error: unknown) => unknown) | null;
  /** Throws for a value that is `what`. */
  readonly refuse: (path: string, what: string) => never;
}

/** Deeper nesting than this is taken for a mistake: it would overflow some parser's stack. */
const MAX_DEPTH = 500;

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** One pass over a value that finds what JSON cannot hold, and copies only where an error has to be described. */
export class JsonWalk {
  readonly #policy: JsonWalkPolicy;
  /** The objects around the value at hand, outermost first. */
  readonly #ancestors: object[] = [];
  /** The keys that lead to the value at hand, one for each ancestor. */
  readonly #keys: (string | number)[] = [];

  constructor(policy: JsonWalkPolicy) {
    this.#policy = policy;
  }

  /** Where the walk is; after it has thrown, where that happened. */
  get path(): string {
    let path = this.#policy.name;
    for (const key of this.#keys) {
      path += typeof key === "number" || !IDENTIFIER.test(key) ? `[${JSON.stringify(key)}]` : `.${key}`;
    }
    return path;
  }

  convert(value: unknown): unknown {
    switch (typeof value) {
      case "string":
      case "boolean":
      case "undefined":
        return value;
      case "number":
        return Number.isFinite(value) ? value : this.#refuse(String(value));
      case "object":
        return value === null ? null : this.#convertObject(value);
      default:
        return this.#refuse(`a ${typeof value}`);
    }
  }

  #convertObject(object: object): unknown {
    if (object instanceof Error) return this.#policy.describeError(object);
    if (this.#ancestors.includes(object)) this.#refuse("a cycle");
    if (this.#ancestors.length === MAX_DEPTH) this.#refuse(`nested deeper than ${MAX_DEPTH} levels`);
    const what = whatElse(object);
    if (what !== null) this.#refuse(what);
    this.#ancestors.push(object);
    const json = Array.isArray(object) ? this.#convertItems(object) : this.#convertProperties(object);
    this.#ancestors.pop();
    return json;
  }

  #convertItems(items: readonly unknown[]): unknown {
    let copy: unknown[] | null = null;
    for (let index = 0; index < items.length; index += 1) {
      this.#keys.push(index);
      const item = items[index];
      // JSON would turn an undefined item into null, silently.
      const json = item === undefined ? this.#refuse("undefined") : this.convert(item);
      this.#keys.pop();
      if (copy === null && json !== item) copy = items.slice(0, index);
      copy?.push(json);
    }
    return copy ?? items;
  }

  #convertProperties(object: object): unknown {
    const keys = Object.keys(object);
    const copy: [string, unknown][] = [];
    const describeFailure = isFailure(object) ? this.#policy.describeFailure : null;
    let isChanged = false;
    for (const key of keys) {
      this.#keys.push(key);
      const item: unknown = Reflect.get(object, key);
      const json = describeFailure !== null && key === "error" ? describeFailure(item) : this.convert(item);
      this.#keys.pop();
      if (json !== item) isChanged = true;
      copy.push([key, json]);
    }
    // `fromEntries` defines its keys, so that one named __proto__ stays a key.
    return isChanged ? Object.fromEntries(copy) : object;
  }

  #refuse(what: string): never {
    return this.#policy.refuse(this.path, what);
  }
}

/** True for the result of a step that failed. */
export function isFailure(object: object): boolean {
  return "ok" in object && object.ok === false && "value" in object && object.value === null && "error" in object;
}

/** What the object is besides an array or an object literal (of whatever realm), `null` if it is just that. */
export function whatElse(object: object): string | null {
  const isArray = Array.isArray(object);
  if ("toJSON" in object) return isPlain(object) || isArray ? "an object with a toJSON" : `a ${kindOf(object)}`;
  if (isArray) return null;
  if (!isPlain(object)) return `a ${kindOf(object)}`;
  return Object.getOwnPropertySymbols(object).length > 0 ? "an object with symbols as keys" : null;
}

function isPlain(object: object): boolean {
  const prototype = Object.getPrototypeOf(object);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function kindOf(object: object): string {
  const { constructor } = object;
  const name = typeof constructor === "function" && constructor !== Object ? constructor.name : "";
  return typeof name === "string" && name !== "" ? name : "class instance";
}
