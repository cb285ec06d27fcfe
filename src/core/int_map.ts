/** How many bits of a key a level takes: nodes of 32. */
const BITS = 5;
/** Six levels hold every key of 30 bits. */
const TOP = 5;

/** A node of the tree: values at the lowest level, nodes above it. */
type Node = readonly unknown[];

/**
 * An immutable map from whole numbers (0 to 2³⁰ - 1) to values: a change copies the few nodes on the way to the key and
 * shares the rest, so it takes the same time for ten entries and for a hundred thousand.
 */
export class IntMap<Value> {
  static readonly empty: IntMap<never> = new IntMap<never>([]);

  readonly #root: Node;

  private constructor(root: Node) {
    this.#root = root;
  }

  get(key: number): Value | undefined {
    let node: unknown = this.#root;
    for (let level = TOP; level >= 0; level -= 1) node = (node as Node | undefined)?.[indexOf(key, level)];
    return node as Value | undefined;
  }

  /** The map with a value at the key; with `undefined`, without the key. */
  with<Added>(key: number, value: Added): IntMap<Value | Added> {
    return new IntMap(replaced(this.#root, TOP, key, value) ?? []);
  }

  /** Every key, in order, with its value; for printing and storing. */
  toJSON(): [number, Value][] {
    let entries: [number, unknown][] = [[0, this.#root]];
    for (let level = TOP; level >= 0; level -= 1) {
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
  copy[index] = level === 0 ? value : replaced(copy[index] as Node | undefined, level - 1, key, value);
  return copy.some((child) => child !== undefined) ? copy : undefined;
}

function indexOf(key: number, level: number): number {
  return (key >> (level * BITS)) & 31;
}
