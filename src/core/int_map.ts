/** How many bits of a key a level takes: nodes of 32. */
const BITS = 5;

/** A node of the tree: values at the lowest level, nodes above it. */
type Node = readonly unknown[];

/**
 * An immutable map from whole numbers (0 to 2³⁰ - 1) to values: a change copies the few nodes on the way to the key and
 * shares the rest, so a map of a hundred thousand entries takes but three copies more than one of ten.
 */
export class IntMap<Value> {
  static readonly empty: IntMap<never> = new IntMap<never>([], 0);

  readonly #root: Node;
  /** The level of the root: it has room for the keys below 32 to the power of the next one. */
  readonly #top: number;

  private constructor(root: Node, top: number) {
    this.#root = root;
    this.#top = top;
  }

  get(key: number): Value | undefined {
    if (key >> BITS * this.#top >= 32) return undefined;
    let node: unknown = this.#root;
    for (let level = this.#top; level >= 0; level -= 1) node = (node as Node | undefined)?.[indexOf(key, level)];
    return node as Value | undefined;
  }

  /** The map with a value at the key; with `undefined`, without the key. */
  with<Added>(key: number, value: Added): IntMap<Value | Added> {
    let root = this.#root;
    let top = this.#top;
    for (; key >> BITS * top >= 32; top += 1) root = root.length === 0 ? root : [root];
    return new IntMap(replaced(root, top, key, value) ?? [], top);
  }

  /** Every key, in order, with its value; for printing and storing. */
  toJSON(): [number, Value][] {
    let entries: [number, unknown][] = [[0, this.#root]];
    for (let level = this.#top; level >= 0; level -= 1) {
      entries = entries.flatMap(([key, node]) =>
        Object.entries(node as Node).map(([index, child]): [number, unknown] => [key * 32 + Number(index), child])
      ).filter(([, child]) => child !== undefined);
    }
    return entries as [number, Value][];
  }
}

/** A node that holds nothing is none. */
function replaced(node: Node = [], level: number, key: number, value: unknown): Node | undefined {
  const copy = node.slice();
  const index = indexOf(key, level);
  const child = level === 0 ? value : replaced(copy[index] as Node | undefined, level - 1, key, value);
  copy[index] = child;
  return child !== undefined || copy.some((other) => other !== undefined) ? copy : undefined;
}

function indexOf(key: number, level: number): number {
  return (key >> (level * BITS)) & 31;
}
