import { GroupFailedError, type Result } from "@stepstream/workflow";
import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { type Group, groupResults } from "../../src/core/group.ts";
import { IntMap } from "../../src/core/int_map.ts";
import { GroupResults } from "../../src/core/group_results.ts";

const GOOD: Result = Object.freeze({ ok: true, value: "good", error: null });
const BAD: Result = Object.freeze({ ok: false, value: null, error: new Error("bad") });

Deno.test("groupResults() lists the very results in the order of the items, not of their coming", () => {
  const results = groupResults(groupOf(2, [[1, BAD], [0, GOOD]]), 0, null);

  assertStrictEquals(results[0], GOOD);
  assertStrictEquals(results[1], BAD);
  assertEquals(results.length, 2);
});

Deno.test("groupResults() of items without a result are failures with the cause of the stop", () => {
  const results = groupResults(groupOf(3, [[1, BAD]]), 0, BAD.error);

  for (const index of [0, 2]) {
    const result = results[index];
    assertEquals([result?.ok, result?.value], [false, null]);
    assertInstanceOf(result?.error, GroupFailedError);
    assertStrictEquals(result.error.cause, BAD.error);
  }
  assertStrictEquals(results[1], BAD);
});

Deno.test("groupResults() of no items is an empty list", () => {
  assertEquals(groupResults(groupOf(0, []), 0, null), []);
});

Deno.test("groupResults() has no holes in a long list of which little is there", () => {
  const results = groupResults(groupOf(10_000, [[9_999, GOOD]]), 0, "cause");

  assertEquals([results.length, Object.keys(results).length, results.filter(({ ok }) => ok).length], [
    10_000,
    10_000,
    1,
  ]);
});

function groupOf(size: number, entries: readonly [number, Result][]): Group {
  const results = GroupResults.of(size, entries);
  return {
    size,
    then: "merge",
    mode: "fail-fast",
    member: null,
    canStop: true,
    open: size,
    results,
    splits: IntMap.empty,
  };
}
