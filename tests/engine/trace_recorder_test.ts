import { assertEquals, assertLess } from "@std/assert";
import type { Outcome } from "../../src/core/state.ts";
import type { Token } from "../../src/core/token.ts";
import type { TraceEntry } from "../../src/core/trace.ts";
import { TraceRecorder } from "../../src/engine/trace_recorder.ts";
import { heapInUse } from "../tools/heap.ts";
import { Random } from "../tools/random.ts";

const STEPS = 40_000;

/** What a value may be that is told apart from its likes. */
const VALUES = [0, -0, 1, NaN, 0.5, 2 ** 31, -(2 ** 31), 2 ** 53, Infinity, 7n, "", "a", null, undefined, true, {}, []];

function toOutcome(id: number, step: string, payload: unknown, value: unknown): Outcome {
  const token: Token = { id, parent: null, step, payload, where: "tail", member: null };
  return { token, attempts: 1, result: { ok: true, value, error: null }, routed: [] };
}

/** Entry for entry, told apart as `Object.is` does: a million calls of `assertEquals` take minutes. */
function assertSameEntries(actual: readonly TraceEntry[], expected: readonly TraceEntry[]): void {
  assertEquals(actual.length, expected.length);
  for (const [at, entry] of expected.entries()) {
    const found = actual[at];
    const keys = Object.keys(entry) as (keyof TraceEntry)[];
    const isSame = found !== undefined && keys.every((key) => Object.is(found[key], entry[key]));
    if (!isSame) assertEquals([at, found], [at, entry]);
    assertEquals(isSame, true);
  }
}

function record(outcomes: Iterable<Outcome>): TraceRecorder {
  const recorder = new TraceRecorder();
  for (const outcome of outcomes) recorder.record(outcome, 0, null);
  return recorder;
}

Deno.test("TraceRecorder gives back what it was given, whatever the values and however many", () => {
  for (const [seed, length] of [[1, 3], [2, 300], [3, 8_191], [4, 8_192], [5, 20_000], [6, STEPS]] as const) {
    const random = new Random(seed);
    const recorder = new TraceRecorder();
    const expected: TraceEntry[] = [];
    let last: unknown = null;
    // What comes in a row has a kind: rows of numbers, of what was the value before, or of anything.
    let kind = 0;
    for (let id = 1; id <= length; id += 1) {
      if (random.percent(1)) kind = random.below(5);
      const value = kind === 0 ? id : kind === 1 ? id + 0.1 : kind === 2 ? "same" : VALUES[random.below(VALUES.length)];
      const payload = kind < 3 || random.percent(50) ? last : VALUES[random.below(VALUES.length)];
      const token: Token = {
        id: random.percent(99) ? id : random.below(9),
        parent: null,
        step: kind === 4 ? `step-${random.below(3)}` : "step",
        payload,
        where: "tail",
        member: null,
      };
      const attempts = kind === 4 ? 1 + random.below(2) : 1;
      const queueLengthAfter = kind === 3 ? random.below(1_000) : 0;
      const path = kind === 4 && random.percent(9) ? ["outer"] : null;
      const isOk = kind !== 4 || random.percent(50);
      const result = isOk
        ? { ok: true, value, error: null } as const
        : { ok: false, value: null, error: new Error(`no ${id}`) } as const;
      recorder.record({ token, attempts, result, routed: [] }, queueLengthAfter, path);
      const entry = {
        token: token.id,
        step: token.step,
        ok: isOk,
        payloadIn: payload,
        value: result.value,
        error: isOk ? null : `Error: no ${id}`,
        attempts,
        queueLengthAfter,
      };
      expected.push(path === null ? entry : { ...entry, path });
      last = result.value;
    }

    assertSameEntries(recorder.entries, expected);
  }
});

Deno.test("TraceRecorder holds the very objects of a long run", () => {
  const objects = Array.from({ length: STEPS }, (_, at) => ({ at }));

  const { entries } = record(objects.map((object, at) => toOutcome(at + 1, "a", objects[at - 1] ?? null, object)));

  assertEquals(
    entries.every(({ value, payloadIn }, at) => value === objects[at] && payloadIn === (objects[at - 1] ?? null)),
    true,
  );
});

Deno.test("TraceRecorder takes next to no room for a long chain of numbers, where an entry an object takes 100 bytes", () => {
  function* chain() {
    for (let n = 0; n < 400_000; n += 1) yield toOutcome(n + 1, "count", n, n + 1);
  }
  const before = heapInUse() + Deno.memoryUsage().external;
  const recorder = record(chain());
  const bytes = heapInUse() + Deno.memoryUsage().external - before;

  assertLess(bytes / 400_000, 8);
  assertEquals(recorder.entries.at(-1)?.value, 400_000);
});
