import {
  type Any,
  decideTo,
  type RunStream,
  type Step,
  StepLimitError,
  Workflow,
  type WorkflowEvent,
} from "@stepstream/workflow";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { laterTurn, readAll } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { spiedSignal } from "../tools/spied_signal.ts";

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

for (const concurrency of [1, 2, 7, Infinity]) {
  Deno.test(`RunOptions.concurrency of ${concurrency} never has more actions at work, and as many as it may`, async () => {
    let atWork = 0;
    let most = 0;
    const workflow = new Workflow().add(
      {
        name: "list",
        action: () => null,
        decision: (_ctx, _result, enqueue) => {
          for (let item = 0; item < 20; item += 1) enqueue.tail("work", item);
        },
      },
      {
        name: "work",
        action: async (_ctx, item) => {
          atWork += 1;
          most = Math.max(most, atWork);
          for (let turn = 0; turn <= item % 3; turn += 1) await laterTurn();
          atWork -= 1;
        },
      },
    );

    await workflow.run("list", null, { concurrency });

    assertEquals(most, Math.min(concurrency, 20));
  });
}

Deno.test("RunOptions.concurrency tells every event of two that are at work with its own token, in the order it happened", async () => {
  const gates = new Gates();
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        for (const item of ["a", "b"]) enqueue.tail("work", item);
      },
    },
    {
      name: "work",
      action: async (_ctx, item, log) => {
        log.event("begin");
        await gates.wait(item);
        log.event("end");
      },
    },
  );
  const events = Array.fromAsync(workflow.stream("list", null, { concurrency: 2 }));
  await laterTurn();
  gates.open("b");
  await laterTurn();
  gates.open("a");

  assertEquals(
    (await events).flatMap((event) =>
      "token" in event && event.token > 1
        ? [`${event.type} ${event.token}${"name" in event ? ` ${event.name}` : ""}`]
        : []
    ),
    [
      "step.start 2",
      "step.log 2 begin",
      "step.start 3",
      "step.log 3 begin",
      "step.log 3 end",
      "step.result 3",
      "step.log 2 end",
      "step.result 2",
    ],
  );
});

Deno.test("RunOptions.concurrency counts in queueLength what waits, not what is at work", async () => {
  const gates = new Gates();
  const events = Array.fromAsync(spread(gates, [1, 2, 3, 4]).stream("list", null, { concurrency: 2 }));
  for (let opened = 1; opened <= 4; opened += 1) {
    await laterTurn();
    gates.open(`work ${opened}`);
  }

  const lengths = (await events).flatMap((event) => event.type === "step.result" ? [event.queueLength] : []);

  assertEquals(lengths, [4, 2, 1, 0, 0]);
});

Deno.test("Step.concurrency counts in queueLength what it holds back", async () => {
  const gates = new Gates();
  const workflow = capped(gates, [1, 2, 3, 4], 1);
  const events = Array.fromAsync(workflow.stream("list", null, { concurrency: 4 }));
  for (let opened = 1; opened <= 4; opened += 1) {
    await laterTurn();
    gates.openAll();
  }

  const lengths = (await events).flatMap((event) => event.type === "step.result" ? [event.queueLength] : []);

  assertEquals(lengths, [4, 3, 2, 1, 0]);
});

for (const [own, run] of [[1, 4], [3, 4], [5, 2], [2, Infinity], [Infinity, 3]] as const) {
  Deno.test(`Step.concurrency of ${own} in a run of ${run} has the lesser of the two at work`, async () => {
    const gates = new Gates();
    const outcome = capped(gates, [1, 2, 3, 4, 5, 6], own).run("list", null, { concurrency: run });
    const most: number[] = [];
    for (let opened = 1; opened <= 6; opened += 1) {
      await laterTurn();
      most.push(gates.waiting.length);
      gates.open(gates.waiting[0] ?? "");
    }
    await outcome;

    assertEquals(Math.max(...most), Math.min(own, run));
  });
}

Deno.test("Step.concurrency gives back its room also after an action that fails", async () => {
  const started: number[] = [];
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        for (const item of [1, 2, 3]) enqueue.tail("scarce", item);
      },
    },
    {
      name: "scarce",
      action: async (_ctx, item) => {
        started.push(item);
        await laterTurn();
        throw new Error("boom");
      },
      concurrency: 1,
    },
  );

  await workflow.run("list", null, { concurrency: 3 });

  assertEquals(started, [1, 2, 3]);
});

Deno.test("Step.concurrency is no limit for a step whose actions need no waiting", async () => {
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        for (let item = 0; item < 1_000; item += 1) enqueue.tail("scarce", item);
      },
    },
    { name: "scarce", action: (_ctx, item) => item, concurrency: 1 },
  );

  const { trace } = await workflow.run("list", null, { concurrency: 8 });

  assertEquals(trace.slice(1).map(({ value }) => value), Array.from({ length: 1_000 }, (_, index) => index));
});

Deno.test("Step.concurrency is counted for every run on its own", async () => {
  const gates = new Gates();
  const workflow = capped(gates, [1], 1);
  const outcomes = [workflow.run("list"), workflow.run("list")];
  await laterTurn();

  assertEquals(gates.waiting, ["scarce 1", "scarce 1"]);
  gates.openAll();
  await Promise.all(outcomes);
});

for (const concurrency of [1, 4]) {
  Deno.test(`enqueue.head() takes the last of several first in a step that is held back at concurrency ${concurrency}`, async () => {
    const started: number[] = [];
    const workflow = new Workflow().add(
      {
        name: "list",
        action: () => null,
        decision: (_ctx, _result, enqueue) => {
          for (const item of [1, 2, 3]) enqueue.head("scarce", item);
          enqueue.tail("scarce", 4);
        },
      },
      {
        name: "scarce",
        action: async (_ctx, item) => {
          started.push(item);
          await laterTurn();
        },
        decision: (_ctx, _result, enqueue) => {
          if (started.length === 1) { for (const item of [5, 6]) enqueue.head("scarce", item); }
        },
        concurrency: 1,
      },
    );

    await workflow.run("list", null, { concurrency });

    assertEquals(started, [3, 6, 5, 2, 1, 4]);
  });
}

Deno.test("enqueue.head() of one step means before a tail of another that is held back", async () => {
  const gates = new Gates();
  const started: string[] = [];
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail("scarce", "a");
        enqueue.tail("scarce", "b");
      },
    },
    {
      name: "scarce",
      action: (_ctx, item) => (started.push(item), gates.wait(item)),
      decision: (_ctx, _result, enqueue) => {
        if (started.length === 1) enqueue.head("other", "urgent");
      },
      concurrency: 1,
    },
    { name: "other", action: (_ctx, item) => (started.push(item), gates.wait(item)) },
  );
  const outcome = workflow.run("list", null, { concurrency: 2 });
  for (let opened = 0; opened < 3; opened += 1) {
    await laterTurn();
    gates.openAll();
  }
  await outcome;

  assertEquals(started, ["a", "urgent", "b"]);
});

Deno.test("Workflow puts what a decision routes into the queue before anything else starts", async () => {
  const gates = new Gates();
  const order: string[] = [];
  const decided = Promise.withResolvers<void>();
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail("work");
        enqueue.tail("later");
      },
    },
    {
      name: "work",
      action: () => gates.wait("work"),
      decision: (_ctx, _result, enqueue) => {
        enqueue.head("urgent");
        decided.resolve();
      },
    },
    { name: "urgent", action: () => order.push("urgent") },
    { name: "later", action: () => order.push("later") },
  );
  const stream = workflow.stream("list", null, { concurrency: 2 });
  for (let count = 0; count < 4; count += 1) await stream.next();
  gates.open("work");

  // The reader comes back in the very moment in which the decision was taken.
  await decided.promise;
  await Array.fromAsync(stream);

  assertEquals(order, ["urgent", "later"]);
});

Deno.test("Workflow tells results in the order in which their decisions were taken", async () => {
  const gates = new Gates();
  const decisions: number[] = [];
  const workflow = spread(gates, [1, 2, 3], async (item) => {
    for (let turn = item; turn < 3; turn += 1) await laterTurn();
    decisions.push(item);
  });
  const events = Array.fromAsync(workflow.stream("list", null, { concurrency: 3 }));
  await laterTurn();
  for (const item of [2, 3, 1]) gates.open(`work ${item}`);

  const results = (await events).flatMap((event) =>
    event.type === "step.result" && event.step === "work" ? [event.payload] : []
  );

  assertEquals([decisions, results], [[2, 3, 1], [2, 3, 1]]);
});

for (const kind of ["retried", "timed"]) {
  Deno.test(`Workflow tells results in the order of their decisions, where one step may be ${kind} and the other not`, async () => {
    const policy = kind === "retried" ? { retry: { maxAttempts: 2 } } : { timeoutMs: 60_000 };
    const orders: (readonly unknown[])[] = [];
    for (let later = 0; later < 8; later += 1) {
      const gates = new Gates();
      const decided: string[] = [];
      const decision: Step["decision"] = (_ctx, { value }) => decided.push(value);
      const workflow = new Workflow().add(
        {
          name: "both",
          action: () => null,
          decision: (_ctx, _result, { tail }) => ["first", "second"].forEach((step) => tail(step)),
        },
        { name: "first", ...policy, action: () => gates.wait("first").then(() => "first"), decision },
        {
          name: "second",
          action: async () => {
            await gates.wait("second");
            for (let tick = 0; tick < later; tick += 1) await undefined;
            return "second";
          },
          decision,
        },
      );
      const reading = readAll(workflow.stream("both", null, { concurrency: 2 }));
      while (gates.waiting.length < 2) await laterTurn();
      gates.openAll();
      const { items } = await reading;
      const told = items.flatMap((event) => event.type === "step.result" ? event.result.value ?? [] : []);
      orders.push([decided, told]);
    }

    assertEquals(orders, orders.map(([decided]) => [decided, decided]));
  });
}

Deno.test("Workflow puts what came of those that finished first before what came of the others", async () => {
  const gates = new Gates();
  const workflow = new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        for (const item of [1, 2, 3]) enqueue.tail("work", item);
      },
    },
    { name: "work", action: (_ctx, item) => gates.wait(`${item}`).then(() => item), decision: decideTo("after") },
    { name: "after", action: (_ctx, item) => item },
  );
  const outcome = workflow.run("list", null, { concurrency: 3 });
  await laterTurn();
  for (const item of [3, 1, 2]) gates.open(`${item}`);

  const { trace } = await outcome;

  assertEquals(trace.filter(({ step }) => step === "after").map(({ value }) => value), [3, 1, 2]);
});

/** How a run ends from inside, with others at work. */
const ENDINGS: Record<string, { readonly steps: readonly Step[]; readonly error: string }> = {
  "a decision that throws": {
    steps: [{
      name: "end",
      action: () => null,
      decision: () => {
        throw new Error("undecided");
      },
    }],
    error: "Error: undecided",
  },
  "a step that is not there": {
    steps: [],
    error: 'UnknownStepError: Cannot find step "end": known steps are "list", "work"',
  },
};

for (const [name, { steps, error }] of Object.entries(ENDINGS)) {
  Deno.test(`Workflow that fails for ${name} aborts all that is at work, and starts nothing more`, async () => {
    const gates = new Gates();
    const workflow = new Workflow().add(
      {
        name: "list",
        action: () => null,
        decision: (_ctx, _result, enqueue) => {
          for (const item of [1, 2]) enqueue.tail("work", item);
          enqueue.tail("end");
          enqueue.tail("work", 3);
        },
      },
      { name: "work", action: (_ctx, item, _log, scope) => gates.wait(`work ${item}`, scope.signal) },
      ...steps,
    );
    const reading = readAll(workflow.stream("list", null, { concurrency: 8, clock: new ManualClock() }));
    await laterTurn();
    const { aborted, waiting } = gates;
    gates.openAll();
    const { items, failure } = await reading;

    assertEquals([aborted, waiting], [["work 1", "work 2"], ["work 1", "work 2"]]);
    assertEquals(String(failure?.error), error);
    assertEquals(items.map((event) => event.type === "run.end" ? event.status : event.type).slice(-1), ["failed"]);
    assertEquals(items.filter((event) => "step" in event && event.step === "work" && event.type === "step.result"), []);
  });
}

for (
  const [name, leave] of [
    ["an aborted signal", (_stream, abort) => abort()],
    ["return()", (stream) => stream.return()],
    ["throw()", (stream) => stream.throw(new Error("thrown")).catch(() => {})],
  ] as const satisfies readonly [string, (stream: RunStream, abort: () => void) => unknown][]
) {
  Deno.test(`RunStream ended by ${name} aborts all that is at work in the same turn`, async () => {
    const gates = new Gates();
    const spied = spiedSignal();
    const clock = new ManualClock();
    const stream: RunStream = spread(gates, [1, 2, 3, 4])
      .stream("list", null, { concurrency: 3, clock, signal: spied.signal });
    stream.result.catch(() => {});
    await laterTurn();

    const left = leave(stream, spied.abort);

    assertEquals(gates.aborted, ["work 1", "work 2", "work 3"]);
    gates.openAll();
    await left;
    await stream.result.catch(() => {});
    assertEquals([gates.waiting, clock.pendingMs, spied.listeners], [[], [], 0]);
  });
}

Deno.test("RunStream.cancel() with several decisions in line takes none of them", async () => {
  const gates = new Gates();
  const decided: number[] = [];
  const workflow = spread(gates, [1, 2, 3], async (item) => {
    decided.push(item);
    await gates.wait("decision");
  });
  const stream = workflow.stream("list", null, { concurrency: 3 });
  stream.result.catch(() => {});
  await laterTurn();
  gates.openAll();
  await laterTurn();

  const cancelled = stream.cancel();
  gates.openAll();
  await cancelled;
  await laterTurn();

  assertEquals(decided, [1]);
});

Deno.test("Workflow awaits an asynchronous decision that fails, with others in line behind it, and fails", async () => {
  using trap = new RejectionTrap();
  const gates = new Gates();
  const decided: number[] = [];
  const workflow = spread(gates, [1, 2, 3], async (item) => {
    decided.push(item);
    await gates.wait("decision");
    throw new Error("undecided");
  });
  const outcome = workflow.run("list", null, { concurrency: 3 }).catch(String);
  await laterTurn();
  gates.openAll();
  await laterTurn();

  gates.open("decision");

  assertEquals(await outcome, "Error: undecided");
  assertEquals([decided, trap.reasons], [[1], []]);
});

Deno.test("RunStream starts one step for each event that is asked for, whatever the concurrency", async () => {
  const gates = new Gates();
  const stream = spread(gates, [1, 2, 3, 4]).stream("list", null, { concurrency: 4 });
  const seen: [string | undefined, number][] = [];
  for (let count = 0; count < 6; count += 1) {
    const { value } = await stream.next();
    await laterTurn();
    seen.push([value?.type, gates.waiting.length]);
  }

  assertEquals(seen, [
    ["run.start", 0],
    ["step.start", 0],
    ["step.result", 0],
    ["step.start", 1],
    ["step.start", 2],
    ["step.start", 3],
  ]);
  const left = stream.return();
  gates.openAll();
  await left;
});

Deno.test("RunOptions.maxSteps lets what is at work and within the limit come to its end", async () => {
  const gates = new Gates();
  const reading = readAll(spread(gates, [1, 2, 3, 4]).stream("list", null, { concurrency: 10, maxSteps: 3 }));
  await laterTurn();
  assertEquals(gates.waiting, ["work 1", "work 2"]);
  gates.openAll();

  const { items, failure } = await reading;

  assertInstanceOf(failure?.error, StepLimitError);
  assertEquals(gates.aborted, []);
  assertEquals(items.filter(({ type }) => type === "step.result").length, 3);
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

/** Lists the items for a step with a limit of its own, which works on each until its gate is opened. */
function capped(gates: Gates, items: readonly number[], concurrency: number): Workflow {
  return new Workflow().add(
    {
      name: "list",
      action: () => null,
      decision: (_ctx, _result, enqueue) => {
        for (const item of items) enqueue.tail("scarce", item);
      },
    },
    { name: "scarce", action: (_ctx, item) => gates.wait(`scarce ${item}`), concurrency },
  );
}

for (
  const [kind, policy, wait] of [
    ["an action that has a time limit", { timeoutMs: 1_000 }, undefined],
    ["a decision that takes its time", {}, () => Promise.resolve()],
  ] as const
) {
  Deno.test(`RunOptions.concurrency starts nothing between ${kind} and what it has put at the head`, async () => {
    for (let ticks = 0; ticks < 12; ticks += 1) {
      const done: string[] = [];
      const first = Promise.withResolvers<void>();
      const second = Promise.withResolvers<void>();
      const workflow = new Workflow<Any, Any>().add(
        {
          name: "list",
          action: () => null,
          decision: (_ctx, _result, enqueue) => ["first", "second", "last"].forEach((step) => enqueue.tail(step)),
        },
        {
          name: "first",
          ...policy,
          action: () => first.promise,
          decision: (_ctx, _result, enqueue) => {
            enqueue.head("head");
            done.push("decided");
            return wait?.();
          },
        },
        { name: "second", action: () => second.promise },
        { name: "head", action: () => done.push("head") },
        { name: "last", action: () => done.push("last") },
      );
      const running = workflow.run("list", null, { concurrency: 2, clock: new ManualClock() });
      await laterTurn();

      first.resolve();
      for (let tick = 0; tick < ticks; tick += 1) await undefined;
      second.resolve();
      await running;

      // What has room before that takes it.
      const expected = done[0] === "last" ? ["last", "decided", "head"] : ["decided", "head", "last"];
      assertEquals(done, expected, `after ${ticks} ticks`);
    }
  });
}
