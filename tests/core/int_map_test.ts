import { assertEquals, assertStrictEquals, unreachable } from "@std/assert";
import { IntMap } from "../../src/core/int_map.ts";
import { Random } from "../tools/random.ts";

/** Where a key moves on to another node, or to another level. */
const EDGES = [0, 1, 31, 32, 33, 1_023, 1_024, 32_767, 32_768, 2 ** 20, 2 ** 25 - 1, 2 ** 25, 2 ** 30 - 1];

Deno.test("IntMap.empty has nothing at any key", () => {
  assertEquals([EDGES.map((key) => IntMap.empty.get(key)), IntMap.empty.toJSON()], [EDGES.map(() => undefined), []]);
});

Deno.test("IntMap.with() keeps a value at every key, and at no other", () => {
  for (const key of EDGES) {
    const map = IntMap.empty.with(key, "value");

    assertEquals(EDGES.map((other) => map.get(other)), EDGES.map((other) => other === key ? "value" : undefined));
  }
});

Deno.test("IntMap.with() keeps the very value, whatever it is but undefined", () => {
  const values = [null, false, 0, "", NaN, {}, []];

  const map = values.reduce<IntMap<unknown>>((map, value, key) => map.with(key, value), IntMap.empty);

  values.forEach((value, key) => assertStrictEquals(map.get(key), value));
});

Deno.test("IntMap.with() puts a new value in the place of the old", () => {
  const map = IntMap.empty.with(7, "old").with(7, "new");

  assertEquals([map.get(7), map.toJSON()], ["new", [[7, "new"]]]);
});

Deno.test("IntMap.with() takes a key out with undefined, and leaves no trace of it", () => {
  let map: IntMap<string | undefined> = IntMap.empty;
  for (const key of EDGES) map = map.with(key, "value");

  for (const key of EDGES) map = map.with(key, undefined);

  assertEquals([map.toJSON(), JSON.stringify(map)], [[], "[]"]);
});

Deno.test("IntMap.with() of undefined at a key that is not there changes nothing", () => {
  const map = IntMap.empty.with(5, "five").with(2 ** 29, undefined);

  assertEquals(map.toJSON(), [[5, "five"]]);
});

Deno.test("IntMap.toJSON() lists the entries in the order of their keys", () => {
  const map = [...EDGES].reverse().reduce<IntMap<number>>((map, key) => map.with(key, key * 2), IntMap.empty);

  assertEquals(JSON.parse(JSON.stringify(map)), EDGES.map((key) => [key, key * 2]));
});

Deno.test("IntMap does as a Map does, and no change touches an older version", () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const random = new Random(seed);
    const versions: Version[] = [{ map: IntMap.empty, model: new Map() }];

    for (let value = 1; value <= 200; value += 1) {
      // Mostly the latest version, now and then one from long ago: persistence means both go on.
      const from = random.percent(80) ? versions.length - 1 : random.below(versions.length);
      versions.push(change(versions[from] ?? unreachable(), keyOf(random), random.percent(30) ? undefined : value));
    }

    const seen = versions.map(({ map }) => map.toJSON());
    const wanted = versions.map(({ model }) => [...model].sort(([a], [b]) => a - b));
    assertEquals(seen, wanted, `seed ${seed}`);
  }
});

Deno.test("IntMap takes a hundred thousand entries in and out again", () => {
  let map: IntMap<number | undefined> = IntMap.empty;
  for (let key = 0; key < 100_000; key += 1) map = map.with(key, key);
  const full = map;

  for (let key = 0; key < 100_000; key += 1) map = map.with(key, undefined);

  assertEquals([full.toJSON().length, full.get(99_999), map.toJSON()], [100_000, 99_999, []]);
});

interface Version {
  readonly map: IntMap<number | undefined>;
  readonly model: ReadonlyMap<number, number>;
}

function change({ map, model }: Version, key: number, value: number | undefined): Version {
  const changed = new Map(model);
  if (value === undefined) changed.delete(key);
  else changed.set(key, value);
  return { map: map.with(key, value), model: changed };
}

/** Keys that often meet: few near 0, few at the edges, few anywhere. */
function keyOf(random: Random): number {
  if (random.percent(60)) return random.below(70);
  return random.percent(70) ? EDGES[random.below(EDGES.length)] ?? 0 : random.below(2 ** 30);
}
