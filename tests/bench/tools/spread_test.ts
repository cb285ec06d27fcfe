import { assertEquals } from "@std/assert";
import { formatSpread } from "../../../bench/tools/spread.ts";

Deno.test("formatSpread() tells the median, the least and the most", () => {
  const whole = (value: number) => value.toFixed(0);

  assertEquals(formatSpread([3, 1, 2], whole), "2 (1–3)");
  assertEquals(formatSpread([3], whole), "3");
  assertEquals(formatSpread([2.9, 3.1], whole), "3");
  assertEquals(formatSpread([], whole), "NaN");
});
