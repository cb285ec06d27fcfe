/** A set that mostly holds one item or none, for which a `Set` would take four times the room and time. */
export class Few<Item extends object> implements Iterable<Item> {
  #only: Item | null = null;
  /** All of them once there have been two. */
  #all: Set<Item> | null = null;

  get size(): number {
    if (this.#all !== null) return this.#all.size;
    return this.#only === null ? 0 : 1;
  }

  add(item: Item): void {
    if (this.#all !== null) this.#all.add(item);
    else if (this.#only === null) this.#only = item;
    else {
      this.#all = new Set([this.#only, item]);
      this.#only = null;
    }
  }

  /** Answers whether it was there. */
  delete(item: Item): boolean {
    if (this.#all !== null) return this.#all.delete(item);
    if (this.#only !== item) return false;
    this.#only = null;
    return true;
  }

  [Symbol.iterator](): Iterator<Item> {
    const items = this.#all ?? (this.#only === null ? [] : [this.#only]);
    return items[Symbol.iterator]();
  }
}
