import { assertEquals, assertMatch } from "@std/assert";
import { findExamples, findUndocumented, readDocs } from "./tools/read_docs.ts";
import { runCommandIn } from "./tools/run_command.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const docs = await readDocs();

for (const [subpath, module] of docs) {
  Deno.test(`the docs of ${subpath} say what it is for, with an example of it that runs as a test`, () => {
    const [example = ""] = findExamples(module);

    assertMatch(module.module_doc?.doc ?? "", /\S.*\./);
    assertEquals(module.module_doc?.tags?.some(({ kind }) => kind === "module"), true);
    assertEquals(example.includes(` from "@stepstream/workflow${subpath.slice(1)}";`), true, example);
  });

  Deno.test(`the docs of ${subpath} have a word on everything that it exports`, () => {
    const undocumented = findUndocumented(module);

    assertEquals(undocumented, []);
  });
}

Deno.test("the package can be published to JSR, with no slow types and no warning", async () => {
  const { code, stderr } = await runCommandIn(ROOT, "deno", "publish", "--dry-run", "--allow-dirty");

  assertEquals([code, stderr.match(/^warning\[.*$/gm)], [0, null]);
});

Deno.test("findExamples() finds those that the test runner runs, and no others", () => {
  const tags = [
    { kind: "example", doc: "Usage\n```ts\nrun();\n```\n" },
    { kind: "example", doc: "Left alone\n```ts ignore\nrunNot();\n```\n" },
    { kind: "example", doc: "No code" },
    { kind: "see", doc: "```ts\nrunNeither();\n```" },
    { kind: "module" },
  ];

  const examples = findExamples({ module_doc: { doc: "Runs.", tags }, symbols: [] });

  assertEquals([examples, findExamples({ symbols: [] })], [["run();\n"], []]);
});

Deno.test("findUndocumented() sees symbols, members, signatures and overloads", () => {
  const jsDoc = { doc: "A sentence." };
  const overload = { name: "add", jsDoc };

  const undocumented = findUndocumented({
    symbols: [
      { name: "silent", declarations: [{ kind: "function" }] },
      { name: "blank", declarations: [{ kind: "variable", jsDoc: { doc: " " } }] },
      { name: "elsewhere", declarations: [{ kind: "reference" }] },
      { name: "overloaded", declarations: [{ jsDoc }, { def: { hasBody: true } }] },
      {
        name: "Class",
        declarations: [{
          jsDoc,
          def: {
            constructors: [{ name: "constructor" }],
            properties: [{ name: "open" }, { name: "hidden", accessibility: "private" }, { name: "said", jsDoc }],
            methods: [overload, { name: "add" }, { name: "add", functionDef: { hasBody: true } }],
          },
        }],
      },
      { name: "Interface", declarations: [{ jsDoc, def: { callSignatures: [{}], indexSignatures: [{ jsDoc }] } }] },
    ],
  });

  assertEquals(undocumented, ["silent", "blank", "Class.constructor", "Class.open", "Class.add", "Interface.()"]);
});
