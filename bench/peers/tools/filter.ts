/** Whether an item is to be measured with a peer. */
export type Filter = (item: string, peer: string) => boolean;

/** Makes a filter of words like `chain`, `effect` and `chain/effect`; without any, all is wanted. */
export function createFilter(words: readonly string[], items: readonly string[], peers: readonly string[]): Filter {
  const pairs = words.map((word) => {
    const [first = "", second] = word.split("/");
    if (items.includes(first) && (second === undefined || peers.includes(second))) return [first, second];
    if (peers.includes(first) && second === undefined) return [undefined, first];
    throw new RangeError(`Cannot measure only ${word}: items are ${items.join(", ")}; peers are ${peers.join(", ")}`);
  });
  return (item, peer) =>
    pairs.length === 0 ||
    pairs.some(([onlyItem, onlyPeer]) =>
      (onlyItem === undefined || onlyItem === item) && (onlyPeer === undefined || onlyPeer === peer)
    );
}
