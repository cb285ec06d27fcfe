import { asStep, decideIf, decideTo, Workflow } from "@stepstream/workflow";
import { assertEquals, unreachable } from "@std/assert";

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

Deno.test("Workflow.check() knows every route of the helpers, at either end and inside a run", () => {
  const workflow = new Workflow().add(
    { name: "a", action: () => 1, decision: decideTo("b", { where: "head" }) },
    { name: "b", action: () => 1, decision: decideIf(() => true, { yes: "c", whereYes: "head" }) },
    { name: "c", action: () => 1, decision: decideIf(() => true, { yes: "d", no: "e", whereNo: "head" }) },
    { name: "d", action: () => 1 },
    asStep("e", new Workflow().add({ name: "inside", action: () => 1 }), { start: "inside", decision: decideTo("f") }),
    { name: "f", action: () => 1 },
  );

  assertEquals(workflow.check("a"), { unknownTargets: [], unreached: [], undeclared: [] });
});

Deno.test("Workflow.check() goes by the declared routes where a helper decides as well", () => {
  const workflow = new Workflow().add(
    { name: "a", action: () => 1, routes: ["c"], decision: decideTo("b") },
    { name: "b", action: () => 1 },
    { name: "c", action: () => 1 },
  );

  assertEquals(workflow.check("a"), { unknownTargets: [], unreached: ["b"], undeclared: [] });
});

Deno.test("Workflow.check() takes a step without a decision, or with no routes, for an end", () => {
  const workflow = new Workflow().add(
    { name: "a", action: () => 1 },
    { name: "b", action: () => 1, routes: [], decision: () => {} },
  );

  assertEquals(workflow.check("a", "b"), { unknownTargets: [], unreached: [], undeclared: [] });
});

Deno.test("Workflow.check() takes a step that leads to itself alone for reached", () => {
  const workflow = new Workflow().add({ name: "a", action: () => 1, decision: decideTo("a") });

  assertEquals(workflow.check().unreached, []);
});

Deno.test("Workflow.check() takes a handwritten decision that calls a helper for undeclared", () => {
  const toB = decideTo("b");
  const workflow = new Workflow().add(
    { name: "a", action: () => 1, decision: (ctx, result, enqueue) => toB(ctx, result, enqueue) },
    { name: "b", action: () => 1 },
  );

  assertEquals(workflow.check("a"), { unknownTargets: [], unreached: ["b"], undeclared: ["a"] });
});

Deno.test("Workflow.check() runs nothing", () => {
  const workflow = new Workflow().add({
    name: "a",
    action: () => unreachable(),
    decision: decideIf(() => unreachable(), { yes: "a" }),
  });

  assertEquals(workflow.check("a"), { unknownTargets: [], unreached: [], undeclared: [] });
});

Deno.test("Workflow.check() of a workflow without steps has nothing to report", () => {
  assertEquals(new Workflow().check(), { unknownTargets: [], unreached: [], undeclared: [] });
});

Deno.test("Workflow.check() sees the steps that are added later", () => {
  const workflow = new Workflow().add({ name: "a", action: () => 1, decision: decideTo("b") });
  assertEquals(workflow.check("a").unknownTargets, [{ step: "a", target: "b" }]);

  workflow.add({ name: "b", action: () => 1 });

  assertEquals(workflow.check("a").unknownTargets, []);
});
