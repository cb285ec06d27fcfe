import { type Action, type RunStream, Workflow } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";
import { laterTurn, stateOf } from "../tools/events.ts";

/** What a generator was asked for. */
interface Watch {
  readonly pulled: number[];
  readonly ended: string[];
}

const GENERATORS: Record<string, (watch: Watch) => Action> = {
  "a generator": ({ pulled, ended }) =>
    function* () {
      try {
        for (let index = 1; index <= 3; index += 1) {
          pulled.push(index);
          yield index;
        }
        return "value";
      } finally {
        ended.push("finally");
      }
    },
  "an async generator": ({ pulled, ended }) =>
    async function* () {
      try {
        for (let index = 1; index <= 3; index += 1) {
          pulled.push(index);
          await undefined;
          yield index;
        }
        return "value";
      } finally {
        await undefined;
        ended.push("finally");
      }
    },
  "a promise of an async generator": ({ pulled, ended }) => (ctx, payload, log, scope) =>
    Promise.resolve(GENERATORS["an async generator"]?.({ pulled, ended })(ctx, payload, log, scope)),
};

for (const [kind, create] of Object.entries(GENERATORS)) {
  Deno.test(`Workflow streams what ${kind} yields, and its value is what it returns`, async () => {
    const workflow = new Workflow().add({ name: "count", action: create({ pulled: [], ended: [] }) });

    const events = await Array.fromAsync(workflow.stream("count"));

    const seen = events.map((event) => {
      if (event.type === "step.chunk") return event.value;
      return event.type === "step.result" ? event.result : event.type;
    });
    assertEquals(seen, ["run.start", "step.start", 1, 2, 3, { ok: true, value: "value", error: null }, "run.end"]);
  });

  Deno.test(`Workflow pulls ${kind} only as far as its reader goes`, async () => {
    const watch: Watch = { pulled: [], ended: [] };
    const stream = new Workflow().add({ name: "count", action: create(watch) }).stream("count");

    const seen: [event: string, pulled: number][] = [];
    for (let index = 0; index < 4; index += 1) {
      const word = await stateOf(stream.next());
      await laterTurn();
      seen.push([word, watch.pulled.length]);
    }

    assertEquals(seen, [["run.start", 0], ["step.start", 0], ["step.chunk", 1], ["step.chunk", 2]]);
    await stream.return();
  });

  Deno.test(`Workflow pulls ${kind} once for each of the readers' requests that wait`, async () => {
    const watch: Watch = { pulled: [], ended: [] };
    const stream = new Workflow().add({ name: "count", action: create(watch) }).stream("count");

    await Promise.all([stream.next(), stream.next(), stream.next(), stream.next()]);
    await laterTurn();

    assertEquals(watch.pulled, [1, 2]);
    await stream.return();
  });

  Deno.test(`Workflow lets the finally of ${kind} run when the run is cancelled while nobody reads`, async () => {
    const watch: Watch = { pulled: [], ended: [] };
    const stream: RunStream = new Workflow().add({ name: "count", action: create(watch) }).stream("count");
    for (let index = 0; index < 3; index += 1) await stream.next();

    await stream.cancel();

    assertEquals([watch.ended, watch.pulled.length], [["finally"], 1]);
  });

  Deno.test(`Workflow lets the finally of ${kind} run when its reader leaves in the loop`, async () => {
    const watch: Watch = { pulled: [], ended: [] };
    const workflow = new Workflow().add({ name: "count", action: create(watch) });

    for await (const event of workflow.stream("count")) if (event.type === "step.chunk") break;

    assertEquals([watch.ended, watch.pulled.length], [["finally"], 1]);
  });

  Deno.test(`Workflow runs ${kind} to its end without a reader`, async () => {
    const watch: Watch = { pulled: [], ended: [] };
    const workflow = new Workflow().add({ name: "count", action: create(watch) });

    const { context } = await workflow.run("count");

    assertEquals([context, watch], [{ "result.count": "value" }, { pulled: [1, 2, 3], ended: ["finally"] }]);
  });

  Deno.test(`Workflow never enters ${kind} of a run that is cancelled before it is pulled`, async () => {
    const watch: Watch = { pulled: [], ended: [] };
    const stream: RunStream = new Workflow().add({ name: "count", action: create(watch) }).stream("count");
    await stream.next();
    await stream.next();

    await stream.cancel();

    assertEquals(watch, { pulled: [], ended: [] });
  });
}

Deno.test("Workflow lets an async generator's finally run when it is cancelled in the middle of an await", async () => {
  const ended: string[] = [];
  const workflow = new Workflow().add({
    name: "wait",
    action: async function* (_ctx, _payload, _log, { signal }) {
      try {
        yield 1;
        await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      } finally {
        ended.push("finally");
      }
    },
  });
  const stream: RunStream = workflow.stream("wait");
  for (let index = 0; index < 3; index += 1) await stream.next();
  const waiting = stream.next();
  await laterTurn();

  await stream.cancel("enough");

  assertEquals([ended, (await waiting).value?.type], [["finally"], "run.end"]);
});

Deno.test("Workflow makes a failed step of a generator that throws, with its chunks before", async () => {
  const workflow = new Workflow().add({
    name: "fail",
    // deno-lint-ignore require-yield -- the yield is in the part that is reached
    action: function* () {
      throw new Error("boom");
    },
  }, {
    name: "half",
    action: async function* () {
      yield 1;
      await undefined;
      throw new Error("boom");
    },
  });

  const seen: string[][] = [];
  for (const name of ["fail", "half"]) {
    const events = await Array.fromAsync(workflow.stream(name));
    seen.push(events.map((event) => event.type === "step.result" ? String(event.result.error) : event.type));
  }

  assertEquals(seen, [
    ["run.start", "step.start", "Error: boom", "run.end"],
    ["run.start", "step.start", "step.chunk", "Error: boom", "run.end"],
  ]);
});

Deno.test("Workflow awaits the promises that a generator yields and returns", async () => {
  const workflow = new Workflow().add({
    name: "later",
    action: function* () {
      yield Promise.resolve("chunk");
      return Promise.resolve("value");
    },
  });

  const events = await Array.fromAsync(workflow.stream("later"));

  const chunk = events.find(({ type }) => type === "step.chunk");
  const result = events.find(({ type }) => type === "step.result");
  assertEquals([chunk?.type === "step.chunk" && chunk.value, result?.type === "step.result" && result.result.value], [
    "chunk",
    "value",
  ]);
});

Deno.test("Workflow takes an iterator that is no generator for a value", async () => {
  const values = new Map([["a", 1]]).values();
  const workflow = new Workflow().add({ name: "values", action: () => values });

  const { context } = await workflow.run("values");

  assertEquals(context["result.values"] === values, true);
});

Deno.test("Workflow keeps the memory flat behind a generator with many chunks", async () => {
  let pulled = 0;
  const workflow = new Workflow().add({
    name: "many",
    action: function* () {
      for (; pulled < 1_000_000; pulled += 1) yield new Array(100).fill(pulled);
    },
  });
  const stream = workflow.stream("many");

  for (let index = 0; index < 10; index += 1) await stream.next();
  await laterTurn();

  assertEquals(pulled < 10, true, `${pulled} were pulled`);
  await stream.return();
});

for (const concurrency of [2, 3, 8]) {
  for (const isSlow of [false, true]) {
    const reader = isSlow ? "slow" : "quick";
    Deno.test(`Generator actions at work at once begin in the order of the queue and take turns, at ${concurrency} and for a ${reader} reader`, async () => {
      const begun: number[] = [];
      const chunks = new Map<number, number>();
      const workflow = new Workflow<{ split: null; yield: number }>().add(
        {
          name: "split",
          action: () => null,
          decision: (_ctx, _result, enqueue) => {
            for (let item = 0; item < 8; item += 1) enqueue.tail("yield", item);
          },
        },
        {
          name: "yield",
          action: function* (_ctx, item) {
            begun.push(item);
            while (true) yield item;
          },
        },
      );

      let left = 10 * concurrency;
      for await (const event of workflow.stream("split", null, { concurrency })) {
        if (isSlow) await laterTurn();
        if (event.type !== "step.chunk") continue;
        chunks.set(event.token, (chunks.get(event.token) ?? 0) + 1);
        left -= 1;
        if (left === 0) break;
      }

      assertEquals(begun, Array.from({ length: concurrency }, (_, item) => item));
      assertEquals([...chunks.values()], begun.map(() => 10));
    });
  }
}
