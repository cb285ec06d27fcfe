import { assert, assertEquals, assertLess } from "@std/assert";
import { measureColdStarts } from "../../../bench/peers/cold_start.ts";
import type { Peer } from "../../../bench/peers/contract.ts";
import generator from "../../../bench/peers/generator.ts";
import { ITEMS } from "../../../bench/peers/items/all.ts";
import stepStream from "../../../bench/peers/stepstream.ts";
import stepStreamWithoutTrace from "../../../bench/peers/stepstream_no_trace.ts";

// The other peers need packages that the tests do without; `deno task bench:peers` checks and runs them.
const PEERS: readonly Peer[] = [generator, stepStream, stepStreamWithoutTrace];

for (const item of ITEMS) {
  for (const peer of PEERS) {
    Deno.test(`the bench "${item.name}" measures ${peer.name}`, async () => {
      const measured = await item.measure(peer, item.tiny);

      assertEquals(Object.keys(measured), Object.keys(item.metrics));
      // Whoever is cut must not work on, and its action must have heard of it.
      if (item.name === "cut") assertEquals(measured, { actions: 0, aborted: "yes" });
      else for (const value of Object.values(measured)) assert(Number(value) > 0, `it measured ${value}`);
    });
  }

  if (item.reference !== undefined) {
    Deno.test(`the bench "${item.name}" measures ${item.reference.name}`, async () => {
      const measured = await item.reference?.measure(item.tiny);

      for (const value of Object.values(measured ?? {})) assert(Number(value) > 0, `it measured ${value}`);
    });
  }
}

Deno.test("a peer that does not tell every result has no speed", async () => {
  const mute: Peer = { ...generator, isResult: () => false };
  const [chain] = ITEMS;

  const error = await chain?.measure(mute, chain.tiny).catch(String);

  assertEquals(error, "Error: Cannot count a run with 0 results: there should be 20");
});

Deno.test("measureColdStarts() bundles and starts a program of each peer", async () => {
  const measured = await measureColdStarts(["generator", "stepstream"], 1, []);

  assertEquals([...measured.keys()], ["generator", "stepstream"]);
  const [generatorKb, stepStreamKb] = [...measured.values()].map(({ size }) => Number(size));
  assert(generatorKb !== undefined && stepStreamKb !== undefined);
  assertLess(generatorKb, stepStreamKb);
});
