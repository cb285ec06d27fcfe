import { assertEquals } from "@std/assert";
import { checkLanguageFloor } from "./tools/language_floor.ts";
import {
  findForeignImports,
  findLayerViolations,
  findTimes,
  findTooNew,
  readSources,
  type Sources,
  withoutRoot,
} from "./tools/layers.ts";
import { TemporaryFolder } from "./tools/temporary_folder.ts";

const sources = await readSources();

Deno.test("src imports only down its layers, types included", () => {
  const violations = findLayerViolations(withoutRoot(sources));

  assertEquals(violations, []);
});

Deno.test("the root module reaches no package and no module of a runtime", () => {
  const violations = findForeignImports(sources, "mod.ts");

  assertEquals(violations, []);
});

Deno.test("published code uses no syntax and no function that a supported runtime lacks", () => {
  const violations = findTooNew(sources);

  assertEquals(violations, []);
});

Deno.test("published code type-checks with ES 2023 and the web platform alone", async () => {
  const errors = await checkLanguageFloor([...sources.keys()].map((path) => `${import.meta.dirname}/../${path}`));

  assertEquals(errors, []);
});

Deno.test("only the clock knows the time and sets timers", () => {
  const violations = findTimes(sources);

  assertEquals(violations, []);
});

Deno.test("findLayerViolations() sees every kind of import that points up, sideways or out", () => {
  const fabricated: Sources = new Map([
    ["src/core/up.ts", 'import type { Run } from "../engine/run.ts";\nexport type { Step } from "./step.ts";'],
    ["src/sse/sideways.ts", 'export * from "../stores/memory.ts";'],
    ["src/engine/run.ts", 'export type Late = import("../workflow/workflow.ts").Workflow;'],
    ["src/workflow/lazy.ts", 'export const runner = await import(\n  "../runner/runner.ts"\n);'],
    ["src/client/client.ts", 'import "../core/clock.ts";\nimport "../sse/encode.ts";\nimport "../engine/run.ts";'],
    ["src/hosts/a.ts", 'export type { B } from "./b.ts";\nimport "../http/serve.ts";\nimport "../runner/runner.ts";'],
    ["src/http/serve.ts", 'export { Workflow } from "../../mod.ts";\nimport "../sse/mod.ts";'],
    ["src/testing/contract.ts", 'import "../../tests/tools/layers.ts";\nimport "../../../other.ts";'],
    ["src/diagram/draw.ts", '// @ts-types="../client/client.ts"\nimport "../core/clock.ts";'],
    ["src/helpers/pad.ts", ""],
    ["src/loose.ts", 'import "./core/clock.ts";'],
  ]);

  const violations = findLayerViolations(fabricated);

  assertEquals(violations, [
    "src/core/up.ts:1 imports src/engine/run.ts: core may not import engine",
    "src/sse/sideways.ts:1 imports src/stores/memory.ts: sse may not import stores",
    "src/engine/run.ts:1 imports src/workflow/workflow.ts: engine may not import workflow",
    "src/workflow/lazy.ts:1 imports src/runner/runner.ts: workflow may not import runner",
    "src/client/client.ts:3 imports src/engine/run.ts: client may not import engine",
    "src/hosts/a.ts:2 imports src/http/serve.ts: hosts may not import http",
    "src/http/serve.ts:1 imports mod.ts: nothing in src imports a mod.ts",
    "src/http/serve.ts:2 imports src/sse/mod.ts: nothing in src imports a mod.ts",
    "src/testing/contract.ts:1 imports tests/tools/layers.ts: testing may not import tests/tools/layers.ts",
    "src/testing/contract.ts:2 imports ../other.ts: testing may not import ../other.ts",
    "src/diagram/draw.ts:1 imports src/client/client.ts: diagram may not import client",
    "src/helpers/pad.ts is in no layer",
    "src/loose.ts is in no layer",
    "src/loose.ts:1 imports src/core/clock.ts: src/loose.ts may not import core",
  ]);
});

Deno.test("findForeignImports() sees packages and runtimes, and only where the root reaches", () => {
  const fabricated: Sources = new Map([
    ["mod.ts", 'export { a } from "./src/a.ts";\nexport type { Missing } from "./src/missing.ts";'],
    ["src/a.ts", 'import { Buffer } from "node:buffer";\nimport type { B } from "./b.ts";'],
    [
      "src/b.ts",
      'import type { Hono } from "hono";\nexport const db = () => import("npm:pg");\nimport "jsr:@std/assert";',
    ],
    ["src/unreached.ts", 'import "node:fs";'],
  ]);

  const violations = findForeignImports(fabricated, "mod.ts");

  assertEquals(violations, [
    "src/a.ts:1 imports node:buffer",
    "src/missing.ts is not a source file",
    "src/b.ts:1 imports hono",
    "src/b.ts:2 imports npm:pg",
    "src/b.ts:3 imports jsr:@std/assert",
  ]);
});

Deno.test("findTooNew() sees what Node 20 or Chromium lacks", () => {
  const fabricated: Sources = new Map([
    [
      "src/a.ts",
      `function close() { using a = open(); }
async function closeLater() { await using b = open(); }
for (using c of all) use(c);
const gate = Promise.withResolvers<void>();
const list = await globalThis.Array.fromAsync(stream);
const body = ReadableStream["from"](stream);
class Files extends AsyncDisposableStack {}
const { using } = options; Promise.resolve(); Array.from(list);`,
    ],
  ]);

  const violations = findTooNew(fabricated);

  assertEquals(violations, [
    "src/a.ts:1 uses using",
    "src/a.ts:2 uses await using",
    "src/a.ts:3 uses using",
    "src/a.ts:4 uses Promise.withResolvers",
    "src/a.ts:5 uses Array.fromAsync",
    "src/a.ts:6 uses ReadableStream.from",
    "src/a.ts:7 uses AsyncDisposableStack",
  ]);
});

Deno.test("checkLanguageFloor() sees iterator helpers, late functions and the globals of a runtime", async () => {
  await using folder = await TemporaryFolder.create();
  const file = await folder.write(
    "too_new.ts",
    `export const doubled = new Map<string, number>().values().map(String);
export const grouped = Object.groupBy(["a"], () => "b");
export const version = Deno.version;
export const fine = [1].toSorted().findLast(Boolean), symbol = Symbol.asyncDispose, copy = structuredClone({});
`,
  );

  const errors = await checkLanguageFloor([file]);

  assertEquals(errors.map((error) => error.replace(/\. .*/, "")), [
    "TS2339 [ERROR]: Property 'map' does not exist on type 'MapIterator<number>'.",
    "TS2550 [ERROR]: Property 'groupBy' does not exist on type 'ObjectConstructor'",
    "TS2304 [ERROR]: Cannot find name 'Deno'",
  ]);
});

Deno.test("findTimes() sees every time and timer that is not a clock's", () => {
  const leaks = `const now = Date.now();
const started = new Date();
setTimeout(stop, 10);
globalThis.setInterval(stop, 10);
const delayed = { setTimeout };
AbortSignal.timeout(10);
AbortSignal.any([signal]);
const fine = clock.setTimeout(stop, clock.now()), at = new Date(now), timers = { setTimeout: clock.setTimeout };
interface Clock { setTimeout(callback: () => void): void }`;
  const fabricated: Sources = new Map([["src/engine/run.ts", leaks], ["src/core/clock.ts", leaks]]);

  const violations = findTimes(fabricated);

  assertEquals(violations, [
    "src/engine/run.ts:1 uses Date.now",
    "src/engine/run.ts:2 uses new Date()",
    "src/engine/run.ts:3 uses setTimeout",
    "src/engine/run.ts:4 uses setInterval",
    "src/engine/run.ts:5 uses setTimeout",
    "src/engine/run.ts:6 uses AbortSignal.timeout",
    "src/engine/run.ts:7 uses AbortSignal.any",
  ]);
});
