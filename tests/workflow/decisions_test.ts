import { decideIf, decideTo, type Decision, type Result, Workflow } from "@stepstream/workflow";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";

Deno.test("decideTo() puts the result's value after all that waits", async () => {
  assertEquals(await stepsAfter(5, decideTo("target")), [["waiting", "w"], ["target", 5]]);
});

Deno.test("decideTo() puts it where it is told to", async () => {
  assertEquals(await stepsAfter(5, decideTo("target", { where: "tail" })), [["waiting", "w"], ["target", 5]]);
  assertEquals(await stepsAfter(5, decideTo("target", { where: "head" })), [["target", 5], ["waiting", "w"]]);
});

Deno.test("decideTo() puts null for a failed result", async () => {
  assertEquals(await stepsAfter(new Error("boom"), decideTo("target")), [["waiting", "w"], ["target", null]]);
});

const isBig: (ctx: unknown, result: Result<number>) => boolean = (_ctx, result) => result.ok && result.value > 3;

Deno.test("decideIf() routes to yes where the predicate holds", async () => {
  const decision = decideIf(isBig, { yes: "target", no: "other" });

  assertEquals(await stepsAfter(5, decision), [["waiting", "w"], ["target", 5]]);
});

Deno.test("decideIf() routes to no where it does not", async () => {
  const decision = decideIf(isBig, { yes: "target", no: "other" });

  assertEquals(await stepsAfter(1, decision), [["waiting", "w"], ["other", 1]]);
});

Deno.test("decideIf() without a no ends the path", async () => {
  assertEquals(await stepsAfter(1, decideIf(isBig, { yes: "target" })), [["waiting", "w"]]);
});

Deno.test("decideIf() puts yes and no each where it is told to", async () => {
  const decision = decideIf(isBig, { yes: "target", no: "other", whereYes: "head", whereNo: "tail" });
  const reverse = decideIf(isBig, { yes: "target", no: "other", whereYes: "tail", whereNo: "head" });

  assertEquals(
    await Promise.all([5, 1].flatMap((value) => [stepsAfter(value, decision), stepsAfter(value, reverse)])),
    [
      [["target", 5], ["waiting", "w"]],
      [["waiting", "w"], ["target", 5]],
      [["waiting", "w"], ["other", 1]],
      [["other", 1], ["waiting", "w"]],
    ],
  );
});

Deno.test("decideIf() asks its predicate with the context and the result, once", async () => {
  const asked: unknown[] = [];
  const decision = decideIf((ctx, result) => {
    asked.push([{ ...ctx }, result]);
    return true;
  }, { yes: "target" });

  await stepsAfter(5, decision);

  assertEquals(asked, [[{ limit: 3, "result.first": 5 }, { ok: true, value: 5, error: null }]]);
});

Deno.test("decideIf() asks its predicate about a failed result too", async () => {
  const decision = decideIf((_ctx, result) => !result.ok && String(result.error) === "Error: boom", { yes: "target" });

  assertEquals(await stepsAfter(new Error("boom"), decision), [["waiting", "w"], ["target", null]]);
});

Deno.test("decideIf() ends the run where its predicate throws", async () => {
  const decision = decideIf(() => {
    throw new Error("cannot tell");
  }, { yes: "target" });

  await assertRejects(() => stepsAfter(5, decision), Error, "cannot tell");
});

Deno.test("decideTo() and decideIf() can be called from inside another decision", async () => {
  const toOther = decideTo("other", { where: "head" });
  const ifBig = decideIf(isBig, { yes: "target" });

  const steps = await stepsAfter(5, (ctx, result, enqueue, log) => {
    toOther(ctx, result, enqueue, log);
    ifBig(ctx, result, enqueue);
  });

  assertEquals(steps, [["other", 5], ["waiting", "w"], ["target", 5]]);
});

const WRONG_WHERES: readonly [where: unknown, told: string][] = [
  ["front", '"front"'],
  ["", '""'],
  [null, "null"],
  [1, "1"],
  ["toString", '"toString"'],
  [["head"], "an array"],
];

for (const [where, told] of WRONG_WHERES) {
  Deno.test(`decideTo() and decideIf() reject ${told} as an end of the queue`, () => {
    // What untyped code may hand in.
    const wrong = where as never;

    assertThrows(
      () => decideTo("a", { where: wrong }),
      RangeError,
      `Cannot take where: expected "head" or "tail": ${told}`,
    );
    assertThrows(
      () => decideIf(isBig, { yes: "a", whereYes: wrong }),
      RangeError,
      `whereYes: expected "head" or "tail": ${told}`,
    );
    assertThrows(
      () => decideIf(isBig, { yes: "a", whereNo: wrong }),
      RangeError,
      `whereNo: expected "head" or "tail": ${told}`,
    );
  });
}

Deno.test("decideIf() rejects a predicate that is no function", () => {
  assertThrows(
    () => decideIf(true as never, { yes: "a" }),
    TypeError,
    "Cannot take the predicate: expected a function: true",
  );
});

/** The steps that run, with their payloads, after a first one while another token waits. */
async function stepsAfter(value: unknown, decision: Decision): Promise<unknown[]> {
  const workflow = new Workflow()
    .add({
      name: "start",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail("first");
        enqueue.tail("waiting", "w");
      },
    })
    .add({
      name: "first",
      action: (ctx) => {
        delete ctx["result.start"];
        if (value instanceof Error) throw value;
        return value;
      },
      decision,
    })
    .add({ name: "waiting", action: () => null })
    .add({ name: "target", action: () => null })
    .add({ name: "other", action: () => null });
  const { trace } = await workflow.run("start", undefined, { context: { limit: 3 } });
  return trace.slice(2).map(({ step, payloadIn }) => [step, payloadIn]);
}

Deno.test("decideTo() and decideIf() refuse what is no step's name when they are called, not in the middle of a run", () => {
  const nothing = undefined as unknown as string;

  assertThrows(() => decideTo(nothing), TypeError, "expected a non-empty string");
  assertThrows(() => decideIf(() => true, { yes: nothing }), TypeError, "expected a non-empty string");
  assertThrows(() => decideIf(() => true, { yes: "a", no: "" }), TypeError, "expected a non-empty string");
});
