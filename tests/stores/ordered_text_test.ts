import { assertEquals } from "@std/assert";
import { fromOrderedText, toOrderedText } from "../../src/stores/ordered_text.ts";

/** Units of every kind, and those at the borders between the kinds. */
const UNITS = "\0\u0001\u0002 aé\uD7FF\uD800\uD83D\uDBFF\uDC00\uDE00\uDFFF\uE000\uE7FF\uE800\uFEFF\uFFFF".split("");
const TEXTS = ["", ...UNITS, ...UNITS.flatMap((first) => UNITS.map((second) => first + second)), "😀x", "x😀", "長\0"];

Deno.test("fromOrderedText() gives the text that toOrderedText() was given", () => {
  const back = TEXTS.map((text) => fromOrderedText(toOrderedText(text)));

  assertEquals(back, TEXTS);
});

Deno.test("toOrderedText() sorts by bytes of UTF-8 as the texts do by code units", () => {
  const byUnits = TEXTS.toSorted((a, b) => a < b ? -1 : a > b ? 1 : 0);
  const byBytes = TEXTS.toSorted((a, b) => compareBytes(toOrderedText(a), toOrderedText(b)));

  assertEquals(byBytes, byUnits);
});

Deno.test("toOrderedText() is well-formed and has no NUL", () => {
  const bad = TEXTS.filter((text) => !toOrderedText(text).isWellFormed() || toOrderedText(text).includes("\0"));

  assertEquals(bad, []);
});

Deno.test("toOrderedText() leaves texts without special characters as they are", () => {
  assertEquals(toOrderedText("run-1/ä:長 '\""), "run-1/ä:長 '\"");
});

function compareBytes(a: string, b: string): number {
  const [left, right] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
