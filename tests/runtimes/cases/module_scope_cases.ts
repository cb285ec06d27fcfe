import {
  asStep,
  decideIf,
  decideTo,
  InProcessExecutor,
  JsonLogger,
  MemoryStore,
  StructuredLogger,
  Workflow,
} from "@stepstream/workflow";
import { createRunsHandler } from "@stepstream/workflow/http";
import { Runner } from "@stepstream/workflow/runner";
import { assertEquals } from "./assert.ts";
import type { RuntimeCase } from "./runtime_case.ts";

// All of this is made while the module is loaded, where Workers refuse timers, random numbers and abort signals.
const lines: string[] = [];
const sink = { write: (line: string) => lines.push(line) };
const loggers = [new StructuredLogger(sink), new JsonLogger(sink)];
const inner = new Workflow({ name: "inner", version: "2" })
  .add({ name: "double", action: (_ctx, payload) => payload * 2, retry: { maxAttempts: 2 }, timeoutMs: 1_000 });
const defined = new Workflow({ name: "defined", executor: new InProcessExecutor() }).add(
  { name: "first", action: () => 1, decision: decideTo("second") },
  {
    name: "second",
    action: (_ctx, payload) => payload + 1,
    decision: decideIf((_ctx, { value }) => value === 2, { yes: "inner", whereYes: "head" }),
  },
  asStep("inner", inner, { start: "double" }),
);
const runner = new Runner({ workflows: [defined], store: new MemoryStore() });
const handler = createRunsHandler(runner, { authorize: () => true });

export const moduleScopeCases: readonly RuntimeCase[] = [
  {
    name: "new Workflow() at module scope defines what runs later",
    async run() {
      const [logger] = loggers;

      const { context } = await defined.run("first", null, { ...(logger && { logger }) });

      assertEquals([context["result.second"], context["result.inner"]], [2, { "result.double": 4 }]);
      assertEquals(lines.length > 0, true);
    },
  },
  {
    name: "createRunsHandler() at module scope answers later",
    async run() {
      const response = await handler(new Request("https://runs.test/runs"));

      assertEquals([response.status, await response.json()], [200, { runs: [], next: null }]);
    },
  },
];
