import { assertEquals, assertStringIncludes } from "@std/assert";
import { bundle } from "./tools/bundle.ts";
import { findCommand } from "./tools/find_command.ts";
import { runCommand } from "./tools/run_command.ts";
import { findInSource } from "./tools/source_findings.ts";
import { TemporaryFolder } from "./tools/temporary_folder.ts";

// What Workers refuse while a module is being loaded; see the language floor of each runtime.
const FORBIDDEN_AT_LOAD = `
const forbid = (name) => function () { throw new Error("forbidden at module scope: " + name); };
for (const name of ["setTimeout", "setInterval", "setImmediate", "AbortController", "TransformStream", "fetch"]) {
  globalThis[name] = forbid(name);
}
AbortSignal.timeout = forbid("AbortSignal.timeout");
AbortSignal.any = forbid("AbortSignal.any");
crypto.randomUUID = forbid("crypto.randomUUID");
crypto.getRandomValues = forbid("crypto.getRandomValues");
`;

const WITHOUT_TIMERS = `
for (const name of ["setTimeout", "clearTimeout", "setInterval", "clearInterval"]) {
  const get = () => { throw new Error("looked at " + name); };
  Object.defineProperty(globalThis, name, { get, configurable: true });
}
`;

const DEFINE_A_WORKFLOW = `
import "./forbidden_at_load.mjs";
import * as root from "./root.mjs";

const { decideIf, decideTo, InProcessExecutor, JsonLogger, StructuredLogger, Workflow } = root;
const sink = { write() {} };
new StructuredLogger(sink);
new JsonLogger(sink);
new Workflow({ name: "orders", version: "2", executor: new InProcessExecutor() })
  .add({ name: "load", action: () => 1, decision: decideTo("check") })
  .add({ name: "check", action: () => 2, decision: decideIf(() => true, { yes: "load", whereYes: "head" }) });
console.log("defined");
`;

const RUN_A_WORKFLOW = `
import { decideTo, Workflow } from "./root.mjs";

const workflow = new Workflow()
  .add({ name: "load", action: async function* () { yield 1; return "a"; }, decision: decideTo("print") })
  .add({ name: "print", action: (ctx, item, log) => { log.event("item", item); return item + "!"; } });

const types = [];
for await (const event of workflow.stream("load")) types.push(event.type);
const { context } = await workflow.run("load");
console.log(JSON.stringify({ types, context }));
`;

const RUN_WITH_A_TIMEOUT = `
import { Workflow } from "./root.mjs";

const workflow = new Workflow().add({ name: "load", action: async () => 1, timeoutMs: 10_000 });
await workflow.run("load");
`;

Deno.test("the bundled root module imports nothing", async () => {
  const code = await bundle("mod.ts");

  assertEquals(findInSource("root.js", code).imports, []);
});

Deno.test("defining a workflow at module scope uses no timer, no AbortController and no random id", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("root.mjs", await bundle("mod.ts"));
  await folder.write("forbidden_at_load.mjs", FORBIDDEN_AT_LOAD);
  const script = await folder.write("define.mjs", DEFINE_A_WORKFLOW);

  const outcome = await runCommand("node", script);

  assertEquals(outcome, { code: 0, stdout: "defined\n", stderr: "" });
});

Deno.test("a run is not pure, so what is forbidden at module scope is noticed", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("root.mjs", await bundle("mod.ts"));
  await folder.write("forbidden_at_load.mjs", FORBIDDEN_AT_LOAD);
  const script = await folder.write("run.mjs", `import "./forbidden_at_load.mjs";${RUN_A_WORKFLOW}`);

  const { code, stderr } = await runCommand("node", script);

  assertEquals(code, 1);
  assertStringIncludes(stderr, "forbidden at module scope: crypto.randomUUID");
});

Deno.test("a short run looks at no timers, which a cold Deno takes long to make", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("root.mjs", await bundle("mod.ts"));
  await folder.write("without_timers.mjs", WITHOUT_TIMERS);
  const script = await folder.write("run.mjs", `import "./without_timers.mjs";${RUN_A_WORKFLOW}`);

  const { code, stdout, stderr } = await runCommand("deno", "run", "--no-config", script);

  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertStringIncludes(stdout, `"run.end"`);
});

Deno.test("a run that waits looks at timers, so looking is noticed", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("root.mjs", await bundle("mod.ts"));
  await folder.write("without_timers.mjs", WITHOUT_TIMERS);
  const script = await folder.write("run.mjs", `import "./without_timers.mjs";${RUN_WITH_A_TIMEOUT}`);

  const { code, stderr } = await runCommand("deno", "run", "--no-config", script);

  assertEquals(code, 1);
  assertStringIncludes(stderr, "looked at setTimeout");
});

Deno.test("the bundled root module loads and runs in Node 20 as it is", async () => {
  const node = await findCommand("Node 20");
  if (node === null) return;
  await using folder = await TemporaryFolder.create();
  await folder.write("root.mjs", await bundle("mod.ts"));
  const script = await folder.write("run.mjs", RUN_A_WORKFLOW);

  const { code, stdout, stderr } = await runCommand(...node, script);

  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals(JSON.parse(stdout), {
    types: [
      "run.start",
      "step.start",
      "step.chunk",
      "step.result",
      "step.start",
      "step.log",
      "step.result",
      "run.end",
    ],
    context: { "result.load": "a", "result.print": "a!" },
  });
});
