import { Workflow, type WorkflowEvent } from "@stepstream/workflow";
import { assert, assertEquals } from "@std/assert";
import { laterTurn } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";

Deno.test("RunOptions.concurrency starts so many actions at once, in the order of the queue", async () => {
  const gates = new Gates();
  const outcome = spread(gates, [1, 2, 3, 4, 5]).run("list", null, { concurrency: 2 });
  const started: string[] = [];
  while (started.length < 5) {
    await laterTurn();
    assert(gates.waiting.length <= 2);
    started.push(...gates.waiting.filter((name) => !started.includes(name)));
    gates.open(gates.waiting[0] ?? "");
  }
  gates.openAll();

  await outcome;

  assertEquals(started, ["work 1", "work 2", "work 3", "work 4", "work 5"]);
});

Deno.test("RunOptions.concurrency of 1 tells what a run without the option tells", async () => {
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => [1, 2, 3],
      decision: (_ctx, result, enqueue) => {
        for (const item of result.value ?? []) enqueue.tail("work", item);
        enqueue.head("note");
      },
    },
    { name: "work", action: (_ctx, item, log) => (log.event("item", item), Promise.resolve(item)) },
    { name: "note", action: () => null },
  );
  const clock = { now: () => 0, setTimeout: () => null, clearTimeout: () => {} };

  const plain = await Array.fromAsync(workflow.stream("list", null, { clock, runId: "r" }));
  const limited = await Array.fromAsync(workflow.stream("list", null, { clock, runId: "r", concurrency: 1 }));

  assertEquals(limited, plain);
});

Deno.test("Workflow takes decisions one at a time, in the order in which the actions finished", async () => {
  const gates = new Gates();
  const order: string[] = [];
  const workflow = spread(gates, [1, 2, 3], async (item) => {
    order.push(`decide ${item}`);
    await gates.wait(`decision ${item}`);
    order.push(`decided ${item}`);
  });
  const outcome = workflow.run("list", null, { concurrency: 3 });
  await laterTurn();

  for (const item of [3, 1, 2]) {
    gates.open(`work ${item}`);
    await laterTurn();
  }
  assertEquals(gates.waiting, ["decision 3"]);
  for (const item of [3, 1, 2]) {
    gates.open(`decision ${item}`);
    await laterTurn();
  }
  await outcome;

  assertEquals(order, [3, 1, 2].flatMap((item) => [`decide ${item}`, `decided ${item}`]));
});

Deno.test("Workflow takes a synchronous decision only after the asynchronous one before it", async () => {
  const gates = new Gates();
  const order: string[] = [];
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail("slow");
        enqueue.tail("quick");
        enqueue.tail("quick");
      },
    },
    {
      name: "slow",
      action: () => gates.wait("slow"),
      decision: async () => {
        order.push("slow begins");
        await gates.wait("decision");
        order.push("slow ends");
      },
    },
    { name: "quick", action: () => gates.wait("quick"), decision: () => void order.push("quick") },
  );
  const outcome = workflow.run("list", null, { concurrency: 2 });
  await laterTurn();
  gates.open("slow");
  await laterTurn();
  gates.openAll("quick");
  await laterTurn();

  assertEquals(order, ["slow begins"]);
  gates.open("decision");
  await laterTurn();
  gates.openAll("quick");
  await outcome;
  assertEquals(order, ["slow begins", "slow ends", "quick", "quick"]);
});

Deno.test("Step.concurrency holds back a step's tokens while those of others go on", async () => {
  const gates = new Gates();
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        for (const item of [1, 2, 3]) enqueue.tail("scarce", item);
        enqueue.tail("plenty", 4);
      },
    },
    { name: "scarce", action: (_ctx, item) => gates.wait(`scarce ${item}`), concurrency: 1 },
    { name: "plenty", action: (_ctx, item) => gates.wait(`plenty ${item}`) },
  );
  const outcome = workflow.run("list", null, { concurrency: 4 });
  await laterTurn();
  assertEquals(gates.waiting, ["scarce 1", "plenty 4"]);

  gates.open("scarce 1");
  await laterTurn();
  assertEquals(gates.waiting, ["plenty 4", "scarce 2"]);
  gates.openAll();
  await laterTurn();
  gates.openAll();
  const { trace } = await outcome;

  assertEquals(trace.map(({ step, payloadIn }) => [step, payloadIn]), [
    ["list", null],
    ["scarce", 1],
    ["plenty", 4],
    ["scarce", 2],
    ["scarce", 3],
  ]);
});

Deno.test("enqueue.head() means next, also past tokens that are held back", async () => {
  const gates = new Gates();
  const started: string[] = [];
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        for (const item of ["a", "b", "c"]) enqueue.tail("scarce", item);
      },
    },
    {
      name: "scarce",
      action: (_ctx, item) => (started.push(item), gates.wait(item)),
      decision: (_ctx, _result, enqueue) => {
        if (started.length === 1) enqueue.head("scarce", "urgent");
      },
      concurrency: 1,
    },
  );
  const outcome = workflow.run("list", null, { concurrency: 4 });
  for (let count = 0; count < 4; count += 1) {
    await laterTurn();
    gates.openAll();
  }
  await outcome;

  assertEquals(started, ["a", "urgent", "b", "c"]);
});

Deno.test("RunStream.cancel() aborts all that is at work in the same turn", async () => {
  const gates = new Gates();
  const stream = spread(gates, [1, 2, 3, 4]).stream("list", null, { concurrency: 3 });
  stream.result.catch(() => {});
  await laterTurn();
  assertEquals(gates.waiting, ["work 1", "work 2", "work 3"]);

  const cancelled = stream.cancel("enough");

  assertEquals(gates.aborted, ["work 1", "work 2", "work 3"]);
  gates.openAll();
  await cancelled;
  assertEquals(gates.waiting, []);
});

Deno.test("RunStream starts nothing more while its reader does not read", async () => {
  const gates = new Gates();
  const stream = spread(gates, [1, 2, 3, 4]).stream("list", null, { concurrency: 4 });
  const seen: WorkflowEvent["type"][] = [];
  while (seen.filter((type) => type === "step.start").length < 3) {
    const { value } = await stream.next();
    if (value !== undefined) seen.push(value.type);
  }
  await laterTurn();

  assertEquals(gates.waiting, ["work 1", "work 2"]);
  const left = stream.return();
  gates.openAll();
  await left;
});

/** Lists the items and works on each until its gate is opened. */
function spread(gates: Gates, items: readonly number[], decision: (item: number) => unknown = () => {}): Workflow {
  return new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        for (const item of items) enqueue.tail("work", item);
      },
    },
    {
      name: "work",
      action: (_ctx, item, _log, scope) => gates.wait(`work ${item}`, scope.signal).then(() => item),
      decision: (_ctx, result) => decision(result.value),
    },
  );
}
