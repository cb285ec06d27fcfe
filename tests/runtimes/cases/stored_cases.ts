import { MemoryStore, RunFencedError, Workflow } from "@stepstream/workflow";
import { laterTurn, readAll, typesOf } from "../../tools/events.ts";
import { Gates } from "../../tools/gates.ts";
import { assertEquals, rejectionOf } from "./assert.ts";
import type { RuntimeCase } from "./runtime_case.ts";

const COUNT_TO = 3;

/** Counts up from its payload, and notes the key of each action in `keys`. */
function counting(keys: string[] = []): Workflow {
  return new Workflow({ name: "counting" }).add({
    name: "count",
    action: (ctx, number, log, { idempotencyKey }) => {
      keys.push(idempotencyKey);
      log.event("counted", number);
      ctx.seen = [...(ctx.seen ?? []), number];
      return number + 1;
    },
    decision: (_ctx, { value }, enqueue) => {
      if (value !== null && value <= COUNT_TO) enqueue.tail("count");
    },
  });
}

export const storedCases: readonly RuntimeCase[] = [
  {
    name: "Workflow.resume() goes on, after a break at any event, with neither a gap nor a double",
    async run() {
      const whole = await readAll(counting().stream("count", 1, { store: new MemoryStore(), runId: "r" }));
      for (let breakAt = 1; breakAt < whole.items.length; breakAt += 1) {
        const store = new MemoryStore();
        const seen: number[] = [];
        for await (const { seq } of counting().stream("count", 1, { store, runId: "r" })) {
          seen.push(seq);
          if (seq === breakAt) break;
        }

        const stream = counting().resume("r", { store, after: breakAt });
        const { items, failure } = await readAll(stream);

        seen.push(...items.map(({ seq }) => seq));
        assertEquals([breakAt, failure, seen], [breakAt, null, seen.map((_seq, index) => index + 1)]);
        const end = items.at(-1);
        assertEquals(end?.type === "run.end" && [end.status, end.steps], ["completed", COUNT_TO]);
        assertEquals((await stream.result).context, { seen: [1, 2, 3], "result.count": 4 });
      }
    },
  },
  {
    name: "Workflow.stream() of a run that has ended gives what it came to, and runs nothing again",
    async run() {
      const store = new MemoryStore();
      const keys: string[] = [];
      const options = { store, runId: "r" };
      const first = await counting(keys).run("count", 1, options);

      const again = await counting(keys).run("count", 1, options);
      const { items } = await readAll(counting().resume("r", { store, after: 0 }));

      assertEquals([again.context, again.trace.length], [first.context, first.trace.length]);
      assertEquals([keys.length, new Set(keys).size, items.length], [COUNT_TO, COUNT_TO, 2 + 3 * COUNT_TO]);
    },
  },
  {
    name: "RunStream.cancel() of a stored run ends it for good",
    async run() {
      const store = new MemoryStore();
      const gates = new Gates();
      const stream = new Workflow({ name: "w" }).add({ name: "wait", action: () => gates.wait("wait") })
        .stream("wait", null, { store, runId: "r" });
      const reading = readAll(stream);
      while (gates.waiting.length === 0) await laterTurn();

      const cancelled = stream.cancel("enough");
      gates.openAll();
      await cancelled;

      assertEquals([typesOf((await reading).items).at(-1), (await store.find("r"))?.status], ["run.end", "cancelled"]);
      await rejectionOf(stream.result);
    },
  },
  {
    name: "Workflow.resume() fences off whoever has the run, and its action is aborted",
    async run() {
      const store = new MemoryStore();
      const gates = new Gates();
      let isFirst = true;
      const workflow = new Workflow({ name: "w" }).add({
        name: "work",
        action: async (_ctx, _payload, _log, { signal, idempotencyKey }) => {
          if (!isFirst) return idempotencyKey;
          isFirst = false;
          await gates.wait("work", signal);
          return "late";
        },
      });
      const first = workflow.stream("work", null, { store, runId: "r" });
      const reading = readAll(first);
      while (gates.waiting.length === 0) await laterTurn();

      const { context } = await workflow.resume("r", { store }).result;
      gates.openAll();
      const { failure } = await reading;

      assertEquals([failure?.error instanceof RunFencedError, context], [true, { "result.work": "r/1" }]);
      assertEquals(await rejectionOf(first.result) instanceof RunFencedError, true);
    },
  },
  {
    name: "Workflow.stream() with a store says where a value is that JSON cannot hold",
    async run() {
      const workflow = new Workflow({ name: "w" })
        .add({ name: "work", action: () => ({ items: [{ when: new Date(0) }] }) });

      const { trace } = await workflow.run("work", null, { store: new MemoryStore(), runId: "r" });

      assertEquals(trace.map(({ error }) => error), [
        'SerializationError: Cannot write result.value.items[0].when of step "work" as JSON: it is a Date',
      ]);
    },
  },
];
