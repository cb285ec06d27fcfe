/** How many names are kept; a workflow of more steps than that starts over. */
const MAX_NAMES = 1_000;
/** Longer names are not kept: those are hardly names. */
const MAX_NAME_LENGTH = 200;

/** Strings that come again and again, as JSON and with what stands around them. */
export class NameCache {
  readonly #before: string;
  readonly #after: string;
  readonly #known = new Map<string, string>();

  constructor(before = "", after = "") {
    this.#before = before;
    this.#after = after;
  }

  get(name: string): string {
    return this.#known.get(name) ?? this.#write(name);
  }

  #write(name: string): string {
    // Joined, it is one flat string; put together by a template it would be a tree, to be walked at each use.
    const text = [this.#before, JSON.stringify(String(name)), this.#after].join("");
    if (text.length > MAX_NAME_LENGTH) return text;
    if (this.#known.size === MAX_NAMES) this.#known.clear();
    this.#known.set(name, text);
    return text;
  }
}
