import { asStep, GroupFailedError, type Result, Workflow } from "@stepstream/workflow";
import { laterTurn, readAll, typesOf } from "../../tools/events.ts";
import { Gates } from "../../tools/gates.ts";
import { assertEquals } from "./assert.ts";
import type { RuntimeCase } from "./runtime_case.ts";

export const groupCases: readonly RuntimeCase[] = [
  {
    name: "enqueue.all() hands the results to `then` in the order of the payloads, whoever was first",
    async run() {
      const gates = new Gates();
      const workflow = new Workflow().add(
        {
          name: "list",
          action: () => ["a", "b", "c"],
          decision: (_ctx, { value }, enqueue) => enqueue.all("item", value ?? [], { then: "merge" }),
        },
        {
          name: "item",
          action: async (_ctx, item) => {
            await gates.wait(item);
            if (item === "b") throw new Error("no b");
            return item.toUpperCase();
          },
        },
        { name: "merge", action: (_ctx, results) => results },
      );
      const outcome = workflow.run("list", null, { concurrency: 3 });
      await laterTurn();

      for (const item of ["c", "b", "a"]) {
        gates.open(item);
        await laterTurn();
      }

      const { context } = await outcome;
      assertEquals(context["result.merge"].map(({ ok, value, error }: Result<string>) => [ok, value, error]), [
        [true, "A", null],
        [false, null, new Error("no b")],
        [true, "C", null],
      ]);
    },
  },
  {
    name: "enqueue.all() waits for groups inside its items, and for all that comes of them",
    async run() {
      const total = (results: readonly Result<number>[]) => results.reduce((sum, { value }) => sum + (value ?? 0), 0);
      const workflow = new Workflow().add(
        {
          name: "outer",
          action: () => [[1, 2], [3], []],
          decision: (_ctx, { value }, enqueue) => enqueue.all("inner", value ?? [], { then: "sum" }),
        },
        {
          name: "inner",
          action: (_ctx, list) => list,
          decision: (_ctx, { value }, enqueue) => enqueue.all("number", value ?? [], { then: "subtotal" }),
        },
        {
          name: "number",
          action: async (_ctx, number) => await Promise.resolve(number * 10),
          decision: (_ctx, _result, enqueue) => enqueue.tail("plus"),
        },
        { name: "plus", action: (_ctx, number) => number + 1 },
        { name: "subtotal", action: (_ctx, results) => total(results) },
        { name: "sum", action: (_ctx, results) => results.map(({ value }: Result<number>) => value) },
      );

      const sums: unknown[] = [];
      for (const concurrency of [1, 4]) {
        const { context } = await workflow.run("outer", null, { concurrency });
        sums.push(context["result.sum"]);
      }

      assertEquals(sums, [[32, 31, 0], [32, 31, 0]]);
    },
  },
  {
    name: "enqueue.all() in mode fail-fast aborts what is at work, and starts nothing more of the group",
    async run() {
      const gates = new Gates();
      const begun: string[] = [];
      const workflow = new Workflow().add(
        {
          name: "list",
          action: () => ["wait", "fail", "never"],
          decision: (_ctx, { value }, enqueue) =>
            enqueue.all("item", value ?? [], { then: "merge", mode: "fail-fast" }),
        },
        {
          name: "item",
          action: async (_ctx, item, _log, { signal }) => {
            begun.push(item);
            await gates.wait(item, signal);
            if (item === "fail") throw new Error("boom");
          },
        },
        { name: "merge", action: (_ctx, results) => results },
      );
      const outcome = workflow.run("list", null, { concurrency: 2 });
      await laterTurn();

      gates.open("fail");
      await laterTurn();

      assertEquals([begun, gates.aborted], [["wait", "fail"], ["wait"]]);
      gates.openAll();
      const { context } = await outcome;
      const errors = context["result.merge"].map(({ error }: Result<void>) => error);
      assertEquals([errors[0] instanceof GroupFailedError, errors[1], errors[2] instanceof GroupFailedError], [
        true,
        new Error("boom"),
        true,
      ]);
    },
  },
  {
    name: "asStep() tells the steps of the workflow inside in the same stream",
    async run() {
      const inner = new Workflow({ name: "inner" }).add({ name: "double", action: (_ctx, number) => number * 2 });
      const outer = new Workflow().add(asStep("twice", inner, { start: "double" }));
      const stream = outer.stream("twice", 21);

      const { items } = await readAll(stream);

      assertEquals(typesOf(items), [
        "run.start",
        "step.start",
        "step.start",
        "step.result",
        "step.result",
        "run.end",
      ]);
      assertEquals(items.flatMap((event) => "path" in event ? [[event.type, event.step, event.path]] : []), [
        ["step.start", "double", ["twice"]],
        ["step.result", "double", ["twice"]],
      ]);
      assertEquals((await stream.result).context, { "result.twice": { "result.double": 42 } });
    },
  },
];
