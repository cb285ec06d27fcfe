import { assertEquals, assertThrows } from "@std/assert";
import { Samples } from "../../../bench/peers/samples.ts";
import { type Described, type Row, toTable } from "../../../bench/peers/tables.ts";
import { createFilter } from "../../../bench/peers/tools/filter.ts";

const isResult = () => false;
const PEERS: readonly Described[] = [
  { file: "byHand", peer: { name: "by hand", does: "", isResult } },
  { file: "quick", peer: { name: "quick", does: "", isResult } },
  { file: "small", peer: { name: "small", does: "", isResult, lacks: { pool: "no limit" } } },
];
const ROWS: readonly Row[] = [
  { item: "chain", key: "perSecond", metric: { title: "chain, steps", unit: "/s" }, skill: "chain" },
  { item: "pool", key: "ms", metric: { title: "pool", unit: "ms" }, skill: "pool" },
];

Deno.test("toTable() tells medians, their spread, how good beside the baseline, and why a number is missing", () => {
  const table = toTable(measured(), ROWS, PEERS, "byHand");

  assertEquals(
    table,
    `|  | by hand | quick | small |
| --- | --- | --- | --- |
| chain, steps/s | 2.00 M (1.00 M–9.00 M), 1.00 × | 4.00 M, 2.00 × | – |
| pool, ms | 100, 1.00 × | 200 (150–200), 0.50 × | – |

- – small, chain, steps: not done in 30 s.
- – small: no limit.`,
  );
});

Deno.test("toTable() without a baseline tells nothing but medians", () => {
  const table = toTable(measured(), ROWS, PEERS, null);

  assertEquals(
    table.split("\n").slice(2, 4),
    ["| chain, steps/s | 2.00 M | 4.00 M | – |", "| pool, ms | 100 | 200 | – |"],
  );
});

/** Of the first peer's chain and the second's pool there are several samples. */
function measured(): Samples {
  const samples = new Samples();
  for (const perSecond of [1e6, 9e6, 2e6]) samples.add("chain", "byHand", { perSecond });
  samples.add("chain", "quick", { perSecond: 4e6 });
  samples.add("chain", "small", { perSecond: "not done in 30 s" });
  samples.add("pool", "byHand", { ms: 100 });
  for (const ms of [150, 200]) samples.add("pool", "quick", { ms });
  return samples;
}

Deno.test("createFilter() wants an item, a peer, or the one with the other", () => {
  const [items, peers] = [["chain", "pool"], ["quick", "small"]];
  const pairs = items.flatMap((item) => peers.map((peer) => `${item}/${peer}`));
  const wanted = (...only: string[]) => {
    const isWanted = createFilter(only, items, peers);
    return pairs.filter((pair) => isWanted(...pair.split("/") as [string, string]));
  };

  assertEquals(wanted(), pairs);
  assertEquals(wanted("pool"), ["pool/quick", "pool/small"]);
  assertEquals(wanted("chain/small", "quick"), ["chain/quick", "chain/small", "pool/quick"]);
});

Deno.test("createFilter() refuses a word that is neither item nor peer", () => {
  assertThrows(
    () => createFilter(["chains"], ["chain"], ["quick"]),
    RangeError,
    "Cannot measure only chains: items are chain; peers are quick",
  );
});
