import type { Result } from "@stepstream/workflow";
import { assertEquals, unreachable } from "@std/assert";
import { GroupResults } from "../../src/core/group_results.ts";
import { heapInUse } from "../tools/heap.ts";
import { Random } from "../tools/random.ts";

const MISSING = result("missing");

function result(value: unknown): Result {
  return { ok: true, value, error: null };
}

function valuesOf(results: GroupResults): unknown[] {
  return results.toList(() => MISSING).map(({ value }) => value);
}

Deno.test("GroupResults.of() a size has no results", () => {
  const results = GroupResults.of(2);

  assertEquals([results.toJSON(), valuesOf(results)], [[], ["missing", "missing"]]);
});

Deno.test("GroupResults.with() keeps the last result of each item", () => {
  const results = GroupResults.of(3).with(2, result("c")).with(0, result("a")).with(2, result("C"));

  assertEquals(results.toJSON(), [[0, result("a")], [2, result("C")]]);
  assertEquals(valuesOf(results), ["a", "missing", "C"]);
});

Deno.test("GroupResults.of() what toJSON() lists is the same", () => {
  const results = GroupResults.of(3, GroupResults.of(3).with(1, result("b")).with(0, result("a")).toJSON());

  assertEquals(valuesOf(results), ["a", "b", "missing"]);
});

Deno.test("GroupResults do as a Map does, and no change touches older ones", () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const random = new Random(seed);
    const size = 1 + random.below(9);
    const versions = [{ results: GroupResults.of(size), model: new Map<number, unknown>() }];

    for (let value = 1; value <= 200; value += 1) {
      // Mostly the latest version, now and then one from long ago: both go on.
      const from = random.percent(80) ? versions.length - 1 : random.below(versions.length);
      const { results, model } = versions[from] ?? unreachable();
      const index = random.below(size);
      versions.push({ results: results.with(index, result(value)), model: new Map(model).set(index, value) });
    }

    const wanted = versions.map(({ model }) => Array.from({ length: size }, (_, at) => model.get(at) ?? "missing"));
    assertEquals(versions.map(({ results }) => valuesOf(results)), wanted, `seed ${seed}`);
    const keys = versions.map(({ model }) => [...model.keys()].sort((a, b) => a - b));
    assertEquals(versions.map(({ results }) => results.toJSON().map(([index]) => index)), keys, `seed ${seed}`);
  }
});

Deno.test("GroupResults let go of what an item came to before", () => {
  const payload = () => result(new Array(1_000).fill(0));
  let results = GroupResults.of(2);
  const before = heapInUse();
  for (let n = 0; n < 10_000; n += 1) results = results.with(n % 2, payload());
  const bytes = heapInUse() - before;

  assertEquals([results.toJSON().length, bytes < 1_000_000], [2, true]);
});
