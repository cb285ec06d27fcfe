import { UndeclaredRouteError, UnknownStepError, Workflow } from "@stepstream/workflow";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";

Deno.test("Step.routes lets its decision route to what is declared", async () => {
  const workflow = new Workflow().add(
    { name: "a", action: () => 1, routes: ["b"], decision: (_ctx, _result, enqueue) => enqueue.tail("b") },
    { name: "b", action: () => 2 },
  );

  const { trace } = await workflow.run("a");

  assertEquals(trace.map(({ step }) => step), ["a", "b"]);
});

Deno.test("Step.routes ends a run whose decision routes to another step", async () => {
  const workflow = new Workflow().add(
    {
      name: "a",
      action: () => 1,
      routes: ["b"],
      // What the type refuses can still come from code without types.
      decision: (_ctx, _result, enqueue) => enqueue.head("c" as "b"),
    },
    { name: "b", action: () => 2 },
    { name: "c", action: () => 3 },
  );

  const error = await assertRejects(() => workflow.run("a"), UndeclaredRouteError);

  assertEquals(error.message, 'Cannot route from "a" to "c": its routes are ["b"]');
  assertEquals(error.stepName, "a");
});

Deno.test("Step.routes to a step that the workflow lacks throws when a run starts, wherever it starts", () => {
  const workflow = new Workflow().add(
    { name: "a", action: () => 1 },
    { name: "b", action: () => 2, routes: ["c"] },
  );

  const error = assertThrows(() => workflow.stream("a"), UnknownStepError);

  assertEquals(error.message, 'Cannot find step "c", a route of step "b": known steps are "a", "b"');
  assertEquals(error.stepName, "c");
});

Deno.test("Step.routes may name a step that is added later", async () => {
  const workflow = new Workflow().add({ name: "a", action: () => 1, routes: ["b"] });
  assertThrows(() => workflow.stream("a"), UnknownStepError);

  workflow.add({ name: "b", action: () => 2 });

  assertEquals((await workflow.run("a")).trace.length, 1);
});

Deno.test("Workflow.add() refuses routes that are no list of names", () => {
  for (const routes of ["b", [1], {}]) {
    const step = { name: "a", action: () => 1, routes } as unknown as { name: string; action: () => number };

    assertThrows(() => new Workflow().add(step), TypeError, 'routes of step "a": expected an array of step names');
  }
});
