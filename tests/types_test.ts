import { assert, assertEquals, assertGreater } from "@std/assert";
import { largeWorkflow } from "./tools/large_workflow.ts";
import { printLine } from "./tools/print_line.ts";
import { TemporaryFolder } from "./tools/temporary_folder.ts";
import { typeCheck, type TypeFinding } from "./tools/type_check.ts";
// Imported for their types alone: so a test run checks them, too.
import type {} from "./types/control.ts";
import type {} from "./types/events.ts";
import type {} from "./types/generators.ts";
import type {} from "./types/inference.ts";
import type {} from "./types/inner_steps.ts";
import type {} from "./types/many_steps.ts";
import type {} from "./types/refused_routes.ts";
import type {} from "./types/refused_starts.ts";
import type {} from "./types/refused_steps.ts";
import type {} from "./types/schemas.ts";
import type {} from "./types/untyped.ts";

const TYPES = new URL("./types/", import.meta.url);
const ROOT = new URL("../mod.ts", import.meta.url).href;
const MAX_CHECK_MS = 2_000;
const MAX_ROUNDS = 5;

Deno.test("Workflow infers payloads, results, context, chunks and events without annotations", async () => {
  const errors = await typeCheck((await readFixtures()).map(({ path }) => path));

  assertEquals(errors, []);
});

Deno.test("Workflow refuses wrong routes, payloads, starts and steps, each for the reason that is given", async () => {
  await using folder = await TemporaryFolder.create();
  const fixtures = await readFixtures();
  const copies: string[] = [];
  for (const { file, text } of fixtures) copies.push(await folder.write(file, withoutExpectations(text)));

  const errors = await typeCheck(copies);

  const expected = fixtures.flatMap(({ file, text }) => expectationsOf(file, text));
  assertGreater(expected.length, 30);
  assertEquals(errors, expected);
});

Deno.test("a typed workflow of 200 steps is type-checked in less than 2 s", async () => {
  await using folder = await TemporaryFolder.create();
  let emptyMs = Infinity;
  let largeMs = Infinity;

  // The shortest of several rounds: the others measure what else the machine does.
  for (let round = 1; round <= MAX_ROUNDS && !(isQuick(emptyMs, largeMs) && round > 3); round += 1) {
    emptyMs = Math.min(emptyMs, await checkMs(folder, `import { Workflow } from "${ROOT}";\nnew Workflow();\n`));
    largeMs = Math.min(largeMs, await checkMs(folder, largeWorkflow(ROOT, 200)));
  }

  const extraMs = Math.round(largeMs - emptyMs);
  printLine(`type-checking 200 steps: ${extraMs} ms more than the ${Math.round(emptyMs)} ms of an empty importer`);
  assert(isQuick(emptyMs, largeMs), `${extraMs} ms`);
});

/** On a machine so busy that the empty importer takes long, too, the limit grows with that. */
function isQuick(emptyMs: number, largeMs: number): boolean {
  return largeMs - emptyMs < MAX_CHECK_MS || largeMs < 3 * emptyMs;
}

Deno.test("a wrong route in a typed workflow of 200 steps does not compile", async () => {
  await using folder = await TemporaryFolder.create();
  const text = largeWorkflow(ROOT, 200).replace('enqueue.tail("step100"', 'enqueue.tail("step1000"');
  const line = text.slice(0, text.indexOf('"step1000"')).split("\n").length;

  const errors = await typeCheck([await folder.write("large.ts", text)]);

  assertEquals(errors, [{ file: "large.ts", line, code: "TS2345" }]);
});

interface Fixture {
  readonly file: string;
  readonly path: string;
  readonly text: string;
}

async function readFixtures(): Promise<readonly Fixture[]> {
  const fixtures: Fixture[] = [];
  for await (const { name } of Deno.readDir(TYPES)) {
    const path = new URL(name, TYPES).pathname;
    fixtures.push({ file: name, path, text: await Deno.readTextFile(path) });
  }
  return fixtures.sort((a, b) => a.file.localeCompare(b.file));
}

/** The same lines with the errors let through, fit for another folder. */
function withoutExpectations(text: string): string {
  return text
    .replaceAll(/ from "(\.\.[^"]+)"/g, (_, specifier) => ` from "${new URL(specifier, TYPES)}"`)
    .replaceAll("@ts-expect-error", "");
}

/** What the comments say of the lines below them. */
function expectationsOf(file: string, text: string): readonly TypeFinding[] {
  return text.split("\n").flatMap((line, index) => {
    if (!line.includes("@ts-expect-error")) return [];
    const code = /@ts-expect-error (TS\d+): /.exec(line)?.[1] ?? "an error code and the reason";
    return [{ file, line: index + 2, code }];
  });
}

async function checkMs(folder: TemporaryFolder, text: string): Promise<number> {
  // A text it has checked before the compiler does not check again.
  const path = await folder.write("checked.ts", `${text}// ${crypto.randomUUID()}\n`);
  const startedAt = performance.now();
  const errors = await typeCheck([path]);
  const checkedAt = performance.now();
  assertEquals(errors, []);
  return checkedAt - startedAt;
}
