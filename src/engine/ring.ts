/** A first-in-first-out buffer with constant-time ends; `Array.shift` moves every item. */
export class Ring<Item> {
  /** None until there is one: most runs have no use for one of their two rings. */
  #items: (Item | undefined)[] = [];
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: Item): void {
    if (this.#size === this.#items.length) this.#grow();
    // The length is a power of two, so the mask wraps the index.
    this.#items[(this.#first + this.#size) & (this.#items.length - 1)] = item;
    this.#size += 1;
  }

  shift(): Item | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#items.length - 1);
    this.#size -= 1;
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#first = 0;
    this.#size = 0;
  }

  #grow(): void {
    const { length } = this.#items;
    const items = new Array<Item | undefined>(Math.max(2, length * 2));
    for (let index = 0; index < length; index += 1) items[index] = this.#items[(this.#first + index) & (length - 1)];
    this.#items = items;
    this.#first = 0;
  }
}
