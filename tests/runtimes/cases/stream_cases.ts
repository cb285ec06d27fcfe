import { decideTo, StepLimitError, StreamUsedError, UnknownStepError, Workflow } from "@stepstream/workflow";
import { laterTurn, readAll, stateOf, typesOf } from "../../tools/events.ts";
import { Gates } from "../../tools/gates.ts";
import { assertEquals, rejectionOf } from "./assert.ts";
import type { RuntimeCase } from "./runtime_case.ts";

/** `load` gives a list, and each item of it goes to `print`. */
function printing(): Workflow {
  return new Workflow().add(
    {
      name: "load",
      action: async (_ctx, payload, log) => {
        log.event("loading", payload);
        return await Promise.resolve(["a", "b"]);
      },
      decision: (_ctx, { value }, enqueue) => {
        for (const item of value ?? []) enqueue.tail("print", item);
      },
    },
    { name: "print", action: (_ctx, item) => `${item}!` },
  );
}

export const streamCases: readonly RuntimeCase[] = [
  {
    name: "Workflow.stream() tells all of a run in the order in which it happens",
    async run() {
      const { items, failure } = await readAll(printing().stream("load", { batch: 1 }));

      assertEquals([typesOf(items), failure], [[
        "run.start",
        "step.start",
        "step.log",
        "step.result",
        "step.start",
        "step.result",
        "step.start",
        "step.result",
        "run.end",
      ], null]);
      assertEquals(items.map(({ seq }) => seq), items.map((_event, index) => index + 1));
    },
  },
  {
    name: "Workflow.run() comes to the context and the trace",
    async run() {
      const { context, trace } = await printing().run("load", null, { context: { kept: true } });

      assertEquals(context, { kept: true, "result.load": ["a", "b"], "result.print": "b!" });
      assertEquals(trace.map(({ step, ok, value, queueLengthAfter }) => [step, ok, value, queueLengthAfter]), [
        ["load", true, ["a", "b"], 2],
        ["print", true, "a!", 1],
        ["print", true, "b!", 0],
      ]);
    },
  },
  {
    name: "Workflow.stream() gives a log event to its reader while the action is still at work",
    async run() {
      const gates = new Gates();
      const workflow = new Workflow().add({
        name: "work",
        action: async (_ctx, _payload, log) => {
          log.event("begun");
          await gates.wait("work");
        },
      });
      const seen: string[] = [];

      for await (const event of workflow.stream("work")) {
        seen.push(event.type);
        // Without this the run would never end.
        if (event.type === "step.log") gates.open("work");
      }

      assertEquals(seen, ["run.start", "step.start", "step.log", "step.result", "run.end"]);
    },
  },
  {
    name: "Workflow.stream() streams what generator actions yield, and takes what they return",
    async run() {
      const workflow = new Workflow().add(
        {
          name: "sync",
          action: function* (_ctx, payload) {
            yield payload;
            yield 2;
            return "done";
          },
          decision: decideTo("async"),
        },
        {
          name: "async",
          action: async function* (_ctx, payload) {
            yield await Promise.resolve(payload);
            await laterTurn();
            yield null;
          },
        },
      );
      const stream = workflow.stream("sync", 1);

      const { items } = await readAll(stream);

      assertEquals(items.flatMap((event) => event.type === "step.chunk" ? [event.value] : []), [1, 2, "done", null]);
      assertEquals((await stream.result).context, { "result.sync": "done", "result.async": undefined });
    },
  },
  {
    name: "Workflow.stream() stands still while nobody asks for an event",
    async run() {
      const calls: string[] = [];
      const workflow = new Workflow().add(
        { name: "one", action: () => calls.push("one"), decision: decideTo("two") },
        { name: "two", action: () => calls.push("two") },
      );
      const stream = workflow.stream("one");
      await laterTurn();
      const before = [...calls];

      for (let read = 0; read < 3; read += 1) await stream.next();
      await laterTurn();

      assertEquals([before, calls], [[], ["one"]]);
      await stream.return();
    },
  },
  {
    name: "RunStream.next() may be called many times at once, and answers in turn",
    async run() {
      const stream = printing().stream("load");

      const pulled = await Promise.all(Array.from({ length: 11 }, () => stream.next()));

      assertEquals(pulled.map(({ done, value }) => done ? "done" : value.seq), [
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        "done",
        "done",
      ]);
    },
  },
  {
    name: "RunStream.result runs a stream to its end that nobody reads",
    async run() {
      const stream = printing().stream("load");

      const { context } = await stream.result;

      assertEquals(context["result.print"], "b!");
      assertEquals(await rejectionOf(stream.next()) instanceof StreamUsedError, true);
    },
  },
  {
    name: "Workflow.stream() goes on after an action that fails, and its decision sees the error",
    async run() {
      const boom = new Error("boom");
      const workflow = new Workflow().add(
        {
          name: "fail",
          action: () => {
            throw boom;
          },
          decision: (_ctx, { ok, error }, enqueue) => enqueue.tail("next", { ok, isBoom: error === boom }),
        },
        { name: "next", action: (_ctx, payload) => payload },
      );

      const { context } = await workflow.run("fail");

      assertEquals(context, { "result.fail": null, "result.next": { ok: false, isBoom: true } });
    },
  },
  {
    name:
      "Workflow.stream() tells that a run has failed, then rejects with the decision's error, and so does the result",
    async run() {
      const boom = new Error("boom");
      const stream = new Workflow().add({
        name: "work",
        action: () => 1,
        decision: () => {
          throw boom;
        },
      }).stream("work");

      const { items, failure } = await readAll(stream);

      const end = items.at(-1);
      assertEquals(end?.type === "run.end" && [end.status, end.error === boom], ["failed", true]);
      assertEquals([failure?.error === boom, await rejectionOf(stream.result) === boom], [true, true]);
      assertEquals(await stateOf(stream.next()), "done");
    },
  },
  {
    name: "Workflow.stream() throws for an unknown start, and the run fails at an unknown step and at its limit",
    async run() {
      const workflow = new Workflow().add(
        { name: "loop", action: () => 1, decision: decideTo("loop") },
        { name: "lost", action: () => 1, decision: decideTo("nowhere") },
      );
      let thrown: unknown;
      try {
        workflow.stream("none");
      } catch (error) {
        thrown = error;
      }

      const [lost, limit] = [
        await rejectionOf(workflow.run("lost")),
        await rejectionOf(workflow.run("loop", null, { maxSteps: 3 })),
      ];

      assertEquals(
        [thrown instanceof UnknownStepError, lost instanceof UnknownStepError, limit instanceof StepLimitError],
        [true, true, true],
      );
    },
  },
  {
    name: "Workflow.stream() needs no stack for a chain of 20,000 synchronous steps",
    async run() {
      const workflow = new Workflow().add({
        name: "count",
        action: (_ctx, left) => left - 1,
        decision: (_ctx, { value }, enqueue) => {
          if (value !== null && value > 0) enqueue.tail("count");
        },
      });
      let last = 0;

      for await (const { seq } of workflow.stream("count", 20_000, { maxSteps: 20_000, captureTrace: false })) {
        last = seq;
      }

      assertEquals(last, 40_002);
    },
  },
];
