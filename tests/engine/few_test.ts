import { assertEquals } from "@std/assert";
import { Few } from "../../src/engine/few.ts";

Deno.test("Few holds what a Set would, in its order, whatever is added and deleted", () => {
  const items = [{ id: 0 }, { id: 1 }, { id: 2 }];
  // Every way to add and delete three items in six steps, as digits: a step is an item and whether it comes or goes.
  for (let way = 0; way < 6 ** 6; way += 1) {
    const few = new Few<{ id: number }>();
    const set = new Set<{ id: number }>();
    for (let rest = way, step = 0; step < 6; rest = Math.floor(rest / 6), step += 1) {
      const item = items[rest % 3];
      if (item === undefined) continue;
      if (rest % 6 < 3) {
        few.add(item);
        set.add(item);
      } else assertSame(few.delete(item), set.delete(item));
      assertSame(few.size, set.size);
    }
    assertSame(ids(few), ids(set));
  }
});

function ids(items: Iterable<{ readonly id: number }>): string {
  return Array.from(items, ({ id }) => id).join();
}

/** Quicker than to compare any two values, which counts here. */
function assertSame<Value extends string | number | boolean>(actual: Value, expected: Value): void {
  if (actual !== expected) assertEquals(actual, expected);
}
