import { decideIf, decideTo, Workflow } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";

Deno.test("Workflow.check() reports routes to steps that the workflow lacks", () => {
  const workflow = new Workflow().add(
    { name: "a", action: () => 1, decision: decideIf(() => true, { yes: "b", no: "lost" }) },
    { name: "b", action: () => 1, decision: decideTo("gone") },
    { name: "c", action: () => 1, routes: ["b", "away"], decision: () => {} },
  );

  assertEquals(workflow.check("a", "c"), {
    unknownTargets: [{ step: "a", target: "lost" }, { step: "b", target: "gone" }, { step: "c", target: "away" }],
    unreached: [],
    undeclared: [],
  });
});

Deno.test("Workflow.check() reports steps that nothing leads to, but for the starts it is given", () => {
  const workflow = new Workflow().add(
    { name: "a", action: () => 1, decision: decideTo("b") },
    { name: "b", action: () => 1 },
    { name: "island", action: () => 1 },
  );

  assertEquals(workflow.check().unreached, ["a", "island"]);
  assertEquals(workflow.check("a").unreached, ["island"]);
});

Deno.test("Workflow.check() tells whose routes cannot be known", () => {
  const workflow = new Workflow().add(
    { name: "a", action: () => 1, decision: (_ctx, _result, enqueue) => enqueue.tail("b") },
    { name: "b", action: () => 1 },
  );

  assertEquals(workflow.check("a"), { unknownTargets: [], unreached: ["b"], undeclared: ["a"] });
});

Deno.test("decideTo() and decideIf() do no harm with a name that is never reached", async () => {
  const workflow = new Workflow().add({ name: "a", action: () => 1, decision: decideIf(() => false, { yes: "lost" }) });

  const { trace } = await workflow.run("a");

  assertEquals(trace.length, 1);
});
