import { type RunStream, StreamUsedError, Workflow } from "@stepstream/workflow";
import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { laterTurn, readAll, stateOf, typesOf } from "../tools/events.ts";
import { heapInUse } from "../tools/heap.ts";

function chain(length: number, ran: string[] = []): Workflow {
  const workflow = new Workflow();
  for (let index = 1; index <= length; index += 1) {
    workflow.add({
      name: `step${index}`,
      action: () => ran.push(`step${index}`),
      decision: (_ctx, _result, enqueue) => {
        if (index < length) enqueue.tail(`step${index + 1}`);
      },
    });
  }
  return workflow;
}

Deno.test("RunStream tells a log event while its action waits for the one who reads it", async () => {
  const released = Promise.withResolvers<string>();
  const workflow = new Workflow().add({
    name: "ask",
    action: (_ctx, _payload, log) => {
      log.event("waiting");
      return released.promise;
    },
  });

  const types: string[] = [];
  for await (const event of workflow.stream("ask")) {
    types.push(event.type);
    if (event.type === "step.log") released.resolve("answer");
  }

  assertEquals(types, ["run.start", "step.start", "step.log", "step.result", "run.end"]);
});

Deno.test("RunStream tells a log event of an async decision while the decision waits for the one who reads it", async () => {
  const released = Promise.withResolvers<void>();
  const workflow = new Workflow().add({
    name: "ask",
    action: () => 1,
    decision: async (_ctx, _result, _enqueue, log) => {
      log.event("waiting");
      await released.promise;
    },
  });

  const types: string[] = [];
  for await (const event of workflow.stream("ask")) {
    types.push(event.type);
    if (event.type === "step.log") released.resolve();
  }

  assertEquals(types, ["run.start", "step.start", "step.log", "step.result", "run.end"]);
});

Deno.test("RunStream starts nothing before the first next()", async () => {
  const ran: string[] = [];

  chain(3, ran).stream("step1");
  await laterTurn();

  assertEquals(ran, []);
});

Deno.test("RunStream that is never read holds nothing", () => {
  const { signal } = new AbortController();
  const workflow = chain(1);
  // The first ones warm up what is made once.
  for (let index = 0; index < 1_000; index += 1) workflow.stream("step1", null, { signal });

  const before = heapInUse();
  for (let index = 0; index < 50_000; index += 1) workflow.stream("step1", null, { signal });

  const grownBy = heapInUse() - before;
  assertEquals(grownBy < 2_000_000 ? "flat" : `${grownBy} bytes more`, "flat");
});

Deno.test("RunStream lets no step start while its reader asks for nothing", async () => {
  const ran: string[] = [];
  const stream = chain(3, ran).stream("step1");

  const seen: [event: string, ran: string][] = [];
  for (let index = 0; index < 8; index += 1) {
    const word = await stateOf(stream.next());
    await laterTurn();
    seen.push([word, ran.join()]);
  }

  assertEquals(seen, [
    ["run.start", ""],
    ["step.start", "step1"],
    ["step.result", "step1"],
    ["step.start", "step1,step2"],
    ["step.result", "step1,step2"],
    ["step.start", "step1,step2,step3"],
    ["step.result", "step1,step2,step3"],
    ["run.end", "step1,step2,step3"],
  ]);
});

Deno.test("RunStream finishes the action at work and starts no other one when its reader stops", async () => {
  const gate = Promise.withResolvers<void>();
  const ran: string[] = [];
  const workflow = new Workflow().add({
    name: "loop",
    action: async () => {
      ran.push("begun");
      await gate.promise;
      ran.push("finished");
    },
    decision: (_ctx, _result, enqueue) => enqueue.tail("loop"),
  });
  const stream = workflow.stream("loop");

  await stream.next();
  await stream.next();
  gate.resolve();
  await laterTurn();
  await laterTurn();

  assertEquals(ran, ["begun", "finished"]);
  await stream.return();
});

Deno.test("RunStream.next() called several times at once is served in order", async () => {
  const stream = chain(2).stream("step1");

  const results = await Promise.all(Array.from({ length: 8 }, () => stream.next()));

  const seen = results.map(({ done, value }) => done ? "done" : `${value.seq} ${value.type}`);
  assertEquals(seen, [
    "1 run.start",
    "2 step.start",
    "3 step.result",
    "4 step.start",
    "5 step.result",
    "6 run.end",
    "done",
    "done",
  ]);
});

Deno.test("RunStream.next() called several times at once is served in order by async steps too", async () => {
  const gate = Promise.withResolvers<void>();
  const workflow = new Workflow().add({
    name: "wait",
    action: async (_ctx, _payload, log) => {
      await gate.promise;
      log.event("one");
      log.event("two");
    },
  });
  const stream = workflow.stream("wait");

  const waiting = Array.from({ length: 7 }, () => stream.next());
  gate.resolve();
  const results = await Promise.all(waiting);

  const seen = results.map(({ done, value }) => done ? "done" : `${value.seq} ${value.type}`);
  assertEquals(seen, [
    "1 run.start",
    "2 step.start",
    "3 step.log",
    "4 step.log",
    "5 step.result",
    "6 run.end",
    "done",
  ]);
});

Deno.test("RunStream can be read by hand and then to its end by one loop", async () => {
  const stream = chain(1).stream("step1");

  const first = await stream.next();
  const rest = await Array.fromAsync(stream);

  assertEquals([first.value?.type, ...typesOf(rest)], ["run.start", "step.start", "step.result", "run.end"]);
});

Deno.test("RunStream answers a second loop with StreamUsedError", async () => {
  const stream = chain(1).stream("step1", null, { runId: "run-1" });
  await Array.fromAsync(stream);

  const { failure } = await readAll(stream);

  assertInstanceOf(failure?.error, StreamUsedError);
  assertEquals(failure.error.runId, "run-1");
});

Deno.test("RunStream answers a second loop with StreamUsedError while the first goes on", async () => {
  const stream = chain(1).stream("step1");

  for await (const _event of stream) assertThrows(() => stream[Symbol.asyncIterator](), StreamUsedError);
});

Deno.test("RunStream is its own iterator", () => {
  const stream = chain(1).stream("step1");

  assertStrictEquals<unknown>(stream[Symbol.asyncIterator](), stream);
});

Deno.test("RunStream keeps the memory flat while a reader stops in the middle of an action that logs", async () => {
  const workflow = new Workflow().add({
    name: "noisy",
    action: (_ctx, _payload, log) => {
      for (let index = 0; index < 100_000; index += 1) log.event("noise", { text: `${index}`.repeat(200) });
    },
  });
  const stream = workflow.stream("noisy");
  await stream.next();

  const before = heapInUse();
  await stream.next();
  const grownBy = heapInUse() - before;

  // Kept in full, it would be a hundred megabytes.
  assertEquals(grownBy < 8_000_000 ? "flat" : `${grownBy} bytes more`, "flat");
  await stream.return();
});

Deno.test("RunStream counts the logs it drops, and no event that matters is among them", async () => {
  const workflow = new Workflow().add(
    {
      name: "noisy",
      action: (_ctx, _payload, log) => {
        for (let index = 0; index < 100_000; index += 1) log.event("noise", index);
      },
      decision: (_ctx, _result, enqueue) => enqueue.tail("quiet"),
    },
    { name: "quiet", action: (_ctx, _payload, log) => log.event("one") },
  );

  const events = await Array.fromAsync(workflow.stream("noisy"));

  const logs = events.filter(({ type }) => type === "step.log").length;
  const dropped = events.map((event) => event.type === "step.result" ? event.droppedLogs : 0);
  assertEquals(logs + dropped.reduce((sum, count) => sum + count), 100_001);
  assertEquals(logs <= 1_025, true, `${logs} logs were kept`);
  assertEquals(typesOf(events.filter(({ type }) => type !== "step.log")), [
    "run.start",
    "step.start",
    "step.result",
    "step.start",
    "step.result",
    "run.end",
  ]);
  assertEquals(dropped.at(-2), 0);
});

Deno.test("RunStream numbers the events it tells without a gap where it drops logs", async () => {
  const workflow = new Workflow().add({
    name: "noisy",
    action: async (_ctx, _payload, log) => {
      for (let index = 0; index < 100; index += 1) log.event("noise", index);
      await laterTurn();
      for (let index = 0; index < 100; index += 1) log.event("noise", index);
    },
  });

  const events = await Array.fromAsync(workflow.stream("noisy", null, { maxBufferedEvents: 10 }));

  assertEquals(events.map(({ seq }) => seq), events.map((_event, index) => index + 1));
});

Deno.test("RunStream keeps the first maxBufferedEvents that wait and drops the logs after them", async () => {
  const workflow = new Workflow().add({
    name: "noisy",
    action: (_ctx, _payload, log) => {
      for (let index = 1; index <= 5; index += 1) log.event(`log ${index}`);
    },
  });

  const events = await Array.fromAsync(workflow.stream("noisy", null, { maxBufferedEvents: 3 }));

  const seen = events.map((event) => event.type === "step.log" ? event.name : event.type);
  // The action's own step.start is the first of the three.
  assertEquals(seen, ["run.start", "step.start", "log 1", "log 2", "step.result", "run.end"]);
});

type Reentry = (stream: RunStream) => unknown;

/** The words of every next() of a reader who asks one after the other, while the action calls back into the stream. */
async function readWithReentry(reenter: Reentry, isAsync: boolean): Promise<string[]> {
  const reenterOnce = () => {
    // What it answers is looked at by the test that is about it.
    Promise.resolve(reenter(stream)).catch(() => {});
  };
  const workflow = new Workflow().add(
    {
      name: "first",
      action: isAsync
        ? async () => {
          await undefined;
          reenterOnce();
        }
        : reenterOnce,
      decision: (_ctx, _result, enqueue) => enqueue.tail("second"),
    },
    { name: "second", action: () => 2 },
  );
  const stream: RunStream = workflow.stream("first");

  const words: string[] = [];
  for (let index = 0; index < 12; index += 1) {
    const word = await stateOf(stream.next());
    words.push(word);
    if (word === "done" || word === "pending") break;
  }
  return words;
}

for (const isAsync of [false, true]) {
  const kind = isAsync ? "an async action" : "a sync action";

  Deno.test(`RunStream.cancel() from inside ${kind} ends the run at once`, async () => {
    const words = await readWithReentry((stream) => stream.cancel(), isAsync);

    assertEquals(words, ["run.start", "step.start", "run.end", "done"]);
  });

  Deno.test(`RunStream.return() from inside ${kind} ends the run at once`, async () => {
    const words = await readWithReentry((stream) => stream.return(), isAsync);

    // A sync action returns before its step.start is handed over, which is dropped with all that waits.
    assertEquals(words, isAsync ? ["run.start", "step.start", "done"] : ["run.start", "done"]);
  });

  Deno.test(`RunStream.next() from inside ${kind} takes an event and the reader gets the rest`, async () => {
    const words = await readWithReentry((stream) => stream.next(), isAsync);

    assertEquals(words.filter((word) => word !== "pending").at(-1), "done");
    assertEquals(words.includes("pending"), false, words.join());
  });

  Deno.test(`RunStream.next() twice from inside ${kind} does not stop the run`, async () => {
    const words = await readWithReentry((stream) => Promise.all([stream.next(), stream.next()]), isAsync);

    assertEquals([words.includes("pending"), words.at(-1)], [false, "done"], words.join());
  });
}

Deno.test("RunStream.next() from inside a sync action is served after the next() that started the action", async () => {
  let inner: Promise<IteratorResult<{ seq: number }, undefined>> | undefined;
  const workflow = new Workflow().add({
    name: "greedy",
    action: () => {
      inner = stream.next();
    },
  });
  const stream: RunStream = workflow.stream("greedy");

  await stream.next();
  const outer = await stream.next();

  assertEquals([outer.value?.seq, (await inner)?.value?.seq], [2, 3]);
});

Deno.test("RunStream.next() after a failure rejects the first who waits and is done for those after", async () => {
  const gate = Promise.withResolvers<void>();
  const boom = new Error("boom");
  const workflow = new Workflow().add({
    name: "fail",
    action: () => gate.promise,
    decision: () => {
      throw boom;
    },
  });
  const stream = workflow.stream("fail");
  await stream.next();
  await stream.next();

  const waiting = Array.from({ length: 4 }, () => stateOf(stream.next()));
  gate.resolve();

  assertEquals(await Promise.all(waiting), ["run.end", "rejected: Error: boom", "done", "done"]);
});

Deno.test("RunStream rejects with the very error the run failed with", async () => {
  const boom = new Error("boom");
  const workflow = new Workflow().add({
    name: "fail",
    action: () => 1,
    decision: () => {
      throw boom;
    },
  });

  const error = await assertRejects(() => Array.fromAsync(workflow.stream("fail")));

  assertStrictEquals(error, boom);
});
