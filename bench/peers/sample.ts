/**
 * Measures one item with one peer, or with the item's reference, and prints what came of it as JSON. `describe` in the
 * place of an item prints what the peer says of itself.
 */
import { print } from "../tools/print.ts";
import type { Peer } from "./contract.ts";
import { ITEMS } from "./items/all.ts";
import type { Measured } from "./items/item.ts";
import { REFERENCE } from "./peers.ts";

const [itemName = "", file = ""] = Deno.args;
print(JSON.stringify(itemName === "describe" ? await load() : await measure()));
// What a peer has left behind, a timer or a run without a reader, shall not keep the process.
Deno.exit();

async function measure(): Promise<Measured> {
  const item = ITEMS.find(({ name }) => name === itemName);
  if (item === undefined) throw new RangeError(`Cannot measure ${itemName}: there is no such item`);
  if (file === REFERENCE) return await item.reference?.measure(item.full) ?? {};
  return await item.measure(await load(), item.full);
}

async function load(): Promise<Peer> {
  const { default: peer } = await import(`./${file}.ts`) as { readonly default: Peer };
  return peer;
}
