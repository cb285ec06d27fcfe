import { MemoryStore, RunTimeoutError, type Step, Workflow } from "@stepstream/workflow";
import { assert, assertEquals, assertRejects } from "@std/assert";

/** So many steps take much longer than a turn, and not forever where nobody ends them. */
const MANY = 3_000_000;

type Action = NonNullable<Step["action"]>;

/** A workflow whose one step routes to itself. */
function loop(action: Action): Workflow {
  return new Workflow().add({
    name: "loop",
    action,
    decision: (_ctx, _result, enqueue) => enqueue.tail("loop", null),
  });
}

const ACTIONS: readonly [string, Action][] = [
  ["synchronous", () => 1],
  ["asynchronous", async () => await 1],
];

for (const [kind, action] of ACTIONS) {
  Deno.test(`RunOptions.timeoutMs ends a run of ${kind} actions that wait for nothing`, async () => {
    const run = loop(action).run("loop", null, { maxSteps: MANY, captureTrace: false, timeoutMs: 50 });

    await assertRejects(() => run, RunTimeoutError);
  });

  Deno.test(`RunOptions.signal is heard in a stream of ${kind} actions that wait for nothing`, async () => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort("enough"), 50);
    const { signal } = controller;

    let status = "";
    for await (const event of loop(action).stream("loop", null, { maxSteps: MANY, captureTrace: false, signal })) {
      if (event.type === "run.end") ({ status } = event);
    }

    assertEquals(status, "cancelled");
    clearTimeout(timer);
  });

  Deno.test(`Timers are heard beside stored runs of ${kind} actions that wait for nothing`, async () => {
    const store = new MemoryStore();
    const options = { maxSteps: MANY, captureTrace: false, store, cleanupTimeoutMs: 0 };
    const runs = Array.from({ length: 20 }, () => loop(action).stream("loop", null, options));
    const results = runs.map(({ result }) => result.catch((reason) => reason));
    let longest = 0;
    for (let round = 0, last = performance.now(); round < 10; round += 1) {
      await new Promise((resolve) => setTimeout(resolve));
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
    await Promise.all(runs.map((run) => run.cancel("enough")));

    assertEquals(new Set(await Promise.all(results)), new Set(["enough"]));
    // All of them together, on a machine that is busy as well.
    assert(longest < 1_000, `a timer was ${longest} ms late`);
  });
}

Deno.test("RunOptions.timeoutMs ends a run whose generator action waits for nothing", async () => {
  let isCleanedUp = false;
  const workflow = new Workflow().add({
    name: "count",
    action: function* () {
      try {
        for (let n = 0; n < MANY; n += 1) yield n;
      } finally {
        isCleanedUp = true;
      }
    },
  });

  await assertRejects(() => workflow.run("count", null, { timeoutMs: 50 }), RunTimeoutError);
  assertEquals(isCleanedUp, true);
});

Deno.test("A run of steps that compute leaves the event loop to others between them", async () => {
  let steps = 0;
  const compute = () => {
    steps += 1;
    for (const end = performance.now() + 10; performance.now() < end;);
  };

  const run = loop(compute).run("loop", null, { maxSteps: 1_000, timeoutMs: 50 });

  await assertRejects(() => run, RunTimeoutError);
  assert(steps < 30, `${steps} steps were done`);
});

Deno.test("A run is heard also while the clock is set back", async () => {
  const { now } = Date;
  const action = () => {
    Date.now = () => now() - 60_000;
  };
  try {
    const run = loop(action).run("loop", null, { maxSteps: MANY, captureTrace: false, timeoutMs: 50 });
    await assertRejects(() => run, RunTimeoutError);
  } finally {
    Date.now = now;
  }
});

Deno.test("A run is heard where the clock stands still while it computes, as a Worker's does", async () => {
  const { now } = Date;
  Date.now = () => 0;
  try {
    const run = loop(() => 1).run("loop", null, { maxSteps: MANY, captureTrace: false, timeoutMs: 50 });
    await assertRejects(() => run, RunTimeoutError);
  } finally {
    Date.now = now;
  }
});

Deno.test("Workflow.run() of quick steps comes to its end in one turn", async () => {
  let turns = 0;
  const timer = setInterval(() => turns += 1);
  const workflow = new Workflow<{ count: number }>().add({
    name: "count",
    action: (_ctx, n) => n + 1,
    decision: (_ctx, { value }, enqueue) => {
      if (value !== null && value < 1_000) enqueue.tail("count", value);
    },
  });

  await workflow.run("count", 0);

  assertEquals(turns, 0);
  clearInterval(timer);
});
