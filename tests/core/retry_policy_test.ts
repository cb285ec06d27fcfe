import type { RetryPolicy } from "@stepstream/workflow";
import { assert, assertEquals } from "@std/assert";
import { retryDelayMs } from "../../src/core/retry_policy.ts";
import { Random } from "../tools/random.ts";

/** A day in November, as an HTTP header has it. */
const NOW = Date.parse("Sun, 06 Nov 1994 08:49:37 GMT");

const DELAYS: readonly [policy: Omit<RetryPolicy, "maxAttempts">, delays: readonly number[]][] = [
  [{}, [0, 0, 0, 0, 0]],
  [{ delayMs: 1 }, [1, 2, 4, 8, 16]],
  [{ delayMs: 100, factor: 1 }, [100, 100, 100, 100, 100]],
  [{ delayMs: 100, factor: 1.5 }, [100, 150, 225, 337.5, 506.25]],
  [{ delayMs: 100, factor: 0.5 }, [100, 50, 25, 12.5, 6.25]],
  [{ delayMs: 100, factor: 0 }, [100, 0, 0, 0, 0]],
  [{ delayMs: 100, maxDelayMs: 350 }, [100, 200, 350, 350, 350]],
  [{ delayMs: 100, maxDelayMs: 50 }, [50, 50, 50, 50, 50]],
  [{ delayMs: 100, maxDelayMs: 0 }, [0, 0, 0, 0, 0]],
  [{ delayMs: 100, maxDelayMs: Infinity }, [100, 200, 400, 800, 1_600]],
  [{ delayMs: 0, factor: 1e300 }, [0, 0, 0, 0, 0]],
];

for (const [policy, delays] of DELAYS) {
  Deno.test(`retryDelayMs() without jitter of ${JSON.stringify(policy)} is ${delays.join(", ")}`, () => {
    const seen = [1, 2, 3, 4, 5].map((attempt) => delayOf({ jitter: "none", ...policy }, attempt));

    assertEquals(seen, [...delays]);
  });
}

Deno.test("retryDelayMs() with jitter, which is the default, spreads over all of the delay", () => {
  for (const jitter of ["full", undefined] as const) {
    const draws = Array.from({ length: 5_000 }, () => delayOf({ delayMs: 250, maxDelayMs: 900, jitter }, 3));

    assert(draws.every((delayMs) => Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= 900));
    const tenths = new Set(draws.map((delayMs) => Math.min(9, Math.floor(delayMs / 90))));
    assertEquals(tenths.size, 10);
  }
});

Deno.test("retryDelayMs() is a time that a timer can wait, for every policy and attempt", () => {
  const random = new Random(1);
  for (let draw = 0; draw < 20_000; draw += 1) {
    const policy: Omit<RetryPolicy, "maxAttempts"> = {
      delayMs: random.pick([0, 0.4, 1, 999.5, 2 ** 31, 1e300]),
      factor: random.pick([0, 0.5, 1, 2, 1e10]),
      maxDelayMs: random.pick([0, 2.6, 1_000, 2 ** 40, Infinity]),
      jitter: random.pick(["full", "none"]),
    };
    const attempt = random.pick([1, 2, 3, 100, 5_000, 1e9]);

    const delayMs = delayOf(policy, attempt);

    const text = `${JSON.stringify(policy)}, attempt ${attempt}: ${delayMs}`;
    assert(delayMs >= 0 && delayMs <= Math.min(policy.maxDelayMs ?? Infinity, 2 ** 31 - 1), text);
  }
});

const ASKED: readonly [retryAfterMs: unknown, delayMs: number][] = [
  [0, 0],
  [1_500, 1_500],
  [0.5, 0.5],
  ["0", 0],
  ["3", 3_000],
  [" 3 ", 3_000],
  ["120", 120_000],
  ["Sun, 06 Nov 1994 08:49:47 GMT", 10_000],
  ["Sunday, 06-Nov-94 08:49:47 GMT", 10_000],
  ["Sun, 06 Nov 1994 08:49:37 GMT", 0],
  ["Sun, 06 Nov 1994 08:49:00 GMT", 0],
];

for (const [retryAfterMs, delayMs] of ASKED) {
  Deno.test(`retryDelayMs() after an error's retryAfterMs of ${JSON.stringify(retryAfterMs)} is ${delayMs}`, () => {
    for (const jitter of ["full", "none"] as const) {
      assertEquals(delayOf({ delayMs: 7, jitter }, 2, { retryAfterMs }), delayMs);
    }
  });
}

Deno.test("retryDelayMs() is no longer than maxDelayMs, whatever the error asks for", () => {
  for (const retryAfterMs of [Infinity, 1e9, "999999999", "9".repeat(400), "Fri, 31 Dec 9999 23:59:59 GMT"]) {
    assertEquals(delayOf({ delayMs: 7, maxDelayMs: 50 }, 1, { retryAfterMs }), 50, String(retryAfterMs));
  }
});

const GARBAGE: readonly unknown[] = [
  ...["", " ", "soon", "-3", "1.5", "1e3", "0x10", "3 s", "5 minutes", "NaN", "GMT", "Sun, 99 Nov 1994 08:49:37 GMT"],
  ...[-1, -Infinity, NaN, null, undefined, true, 3n, [3], { ms: 3 }, () => 3, new Date(NOW + 3_000)],
];

Deno.test("retryDelayMs() heeds no retryAfterMs that is neither a time nor a Retry-After header", () => {
  for (const retryAfterMs of GARBAGE) {
    assertEquals(delayOf({ delayMs: 7, jitter: "none" }, 2, { retryAfterMs }), 14, String(retryAfterMs));
  }
});

Deno.test("retryDelayMs() takes whatever was thrown", () => {
  for (const thrown of [null, undefined, 7, "busy", Symbol("busy"), () => {}, Object.create(null), new Error("busy")]) {
    assertEquals(delayOf({ delayMs: 7, jitter: "none" }, 2, thrown), 14);
  }
});

Deno.test("retryDelayMs() takes an error that cannot be read for one that asks for nothing", () => {
  const broken = () => {
    throw new Error("secret");
  };
  const thrown = [
    Object.defineProperty(new Error("busy"), "retryAfterMs", { get: broken }),
    new Proxy({}, { get: broken, has: broken, getPrototypeOf: broken }),
  ];

  assertEquals(thrown.map((error) => delayOf({ delayMs: 7, jitter: "none" }, 2, error)), [14, 14]);
});

function delayOf(
  policy: Omit<RetryPolicy, "maxAttempts">,
  attempt: number,
  error: unknown = new Error("busy"),
): number {
  return retryDelayMs({ maxAttempts: 9, ...policy }, error, attempt, NOW);
}
