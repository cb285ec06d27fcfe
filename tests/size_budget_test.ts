import { assertEquals } from "@std/assert";
import { measureSize } from "./tools/measure_size.ts";
import { printLine } from "./tools/print_line.ts";
import { findSizeMisses, formatSizes, measureSizes, readSizeBudget, type SizeBudget } from "./tools/size_budget.ts";
import { TemporaryFolder } from "./tools/temporary_folder.ts";

const BUDGET: SizeBudget = { first: 1_000, all: 2_000, goal: 900 };

Deno.test("every entry point is as large as size_budget.json says, within 5 %", async () => {
  const [budgets, sizes] = [await readSizeBudget(), await measureSizes()];

  for (const line of formatSizes(budgets, sizes)) printLine(line);
  assertEquals(findSizeMisses(budgets, sizes), []);
});

Deno.test("size_budget.json has the goals of the root and of the client", async () => {
  const budgets = await readSizeBudget();

  assertEquals([budgets["."]?.goal, budgets["./client"]?.goal], [8 * 1024, 3 * 1024]);
});

Deno.test("findSizeMisses() lets sizes be 5 % off, either way", () => {
  const budgets = { "./a": BUDGET, "./b": BUDGET };

  const misses = findSizeMisses(budgets, { "./a": { first: 1_050, all: 1_900 }, "./b": { first: 950, all: 2_100 } });

  assertEquals(misses, []);
});

Deno.test("findSizeMisses() tells what is larger, and what is so small that its number has to go down", () => {
  const misses = findSizeMisses({ "./a": BUDGET }, { "./a": { first: 1_051, all: 1_899 } });

  assertEquals(misses, [
    "./a, first: 1051 bytes instead of 1000: make it smaller, or deno task sizes --write and say why",
    "./a, all: 1899 bytes instead of 2000: well done, now deno task sizes --write",
  ]);
});

Deno.test("findSizeMisses() holds a goal that was met to the byte", () => {
  const budgets = { "./a": { ...BUDGET, goal: 1_001 }, "./b": BUDGET };

  const misses = findSizeMisses(budgets, { "./a": { first: 1_002, all: 2_000 }, "./b": { first: 1_002, all: 2_000 } });

  assertEquals(misses, ["./a has 1002 bytes, which is above its goal of 1001 that was met"]);
});

Deno.test("findSizeMisses() tells entry points without a budget, and budgets without an entry point", () => {
  const misses = findSizeMisses({ "./gone": BUDGET }, { "./new": { first: 1, all: 1 } });

  assertEquals(misses, [
    "./gone has a budget, but is no entry point: deno task sizes --write",
    "./new has no budget: deno task sizes --write",
  ]);
});

Deno.test("formatSizes() shows by how much a goal is missed", () => {
  const budgets = { "./a": BUDGET, "./b": { ...BUDGET, goal: 1_000 }, "./c": { ...BUDGET, goal: null } };
  const size = { first: 1_000, all: 2_000 };

  const lines = formatSizes(budgets, { "./a": size, "./b": size, "./c": size });

  assertEquals(lines, [
    "min+gz, bytes          first     all    goal",
    "./a                     1000    2000     900 NOT MET, 100 bytes too large",
    "./b                     1000    2000    1000 met",
    "./c                     1000    2000",
  ]);
});

Deno.test("measureSize() counts what is imported on first use in the whole alone", async () => {
  await using folder = await TemporaryFolder.create();
  const entry = await folder.write("entry.ts", 'import "./now.ts"; export const load = () => import("./later.ts");');
  await folder.write("now.ts", 'import "./shared.ts"; console.log("now");');
  await folder.write("shared.ts", `console.log(${JSON.stringify(noise(2_000))});`);
  await folder.write("later.ts", `import "./shared.ts"; console.log(${JSON.stringify(noise(4_000))});`);

  const { first, all } = await measureSize(entry);

  const kilobytes = [first, all].map((bytes) => Math.floor(bytes / 1_000));
  assertEquals(kilobytes, [1, 3]);
});

/** A text of pseudo-random hexadecimal digits, which zipped has little more than half a byte each. */
function noise(digits: number): string {
  let [text, state] = ["", digits];
  while (text.length < digits) {
    state = (state * 48_271) % 2_147_483_647;
    text += (state >> 8 & 15).toString(16);
  }
  return text;
}
