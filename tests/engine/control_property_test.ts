import { type Any, GroupFailedError, type RunOptions, type RunStatus, type WorkflowEvent } from "@stepstream/workflow";
import { assert, assertEquals } from "@std/assert";
import { laterTurn } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { Random } from "../tools/random.ts";
import {
  type ControlShape,
  ControlWatch,
  randomControlWorkflow,
  randomLimits,
} from "../tools/random_control_workflow.ts";
import { spiedSignal } from "../tools/spied_signal.ts";

type RunEvent = WorkflowEvent<Any, Any>;

const RUNS = 80;

const EVERYTHING: ControlShape = { hasInner: true, hasStepLimits: true, hasFailFast: true, throwingDecisions: 10 };
const PLAIN: ControlShape = { hasInner: false, hasStepLimits: false, hasFailFast: false, throwingDecisions: 0 };

for (
  const [name, end] of [
    ["runs to its end", () => {}],
    ["is cancelled", (run) => void run.cancel("enough")],
    ["is cancelled by its signal", (run) => run.abort("enough")],
    ["takes too long", (run) => run.engine.tick(1_000_000)],
  ] as const satisfies readonly [string, (run: Driven) => void][]
) {
  Deno.test(`Workflow.stream() of all policies keeps its promises when it ${name}`, async () => {
    await forManySeeds(async (seed, random) => {
      const endAfter = name === "runs to its end" ? Infinity : 1 + random.below(60);
      const timeoutMs = name === "takes too long" ? 1_000_000 : Infinity;

      const { events, watch, engine, listeners, status } = await drive(seed, EVERYTHING, random, { timeoutMs }, {
        after: endAfter,
        end,
      });

      assertSequence(events);
      assertEquals(engine.pendingMs, [], "no timer is left");
      assertEquals([listeners, watch.signals.size], [0, 0], "no listener is left, nothing at work goes unaborted");
      if (status === "completed") assertMerged(watch);
    });
  });
}

Deno.test("Workflow.stream() of all policies is bounded by maxSteps, with groups and workflows inside", async () => {
  await forManySeeds(async (seed, random) => {
    const maxSteps = 1 + random.below(30);

    const { events } = await drive(seed, EVERYTHING, random, { maxSteps });

    assertSequence(events);
    const tokens = new Set(events.flatMap((event) => event.type === "step.start" ? [event.token] : []));
    assert(tokens.size <= maxSteps, `${tokens.size} steps of ${maxSteps}`);
  });
});

Deno.test("Workflow.stream() of all policies starts tokens in the order of the queue, one at a time", async () => {
  await forManySeeds(async (seed, random) => {
    const { events } = await drive(seed, PLAIN, random, { concurrency: 1 });

    const queue = [1];
    for (const event of events) {
      if (event.type === "step.start" && event.attempt === 1) assertEquals(event.token, queue.shift());
      if (event.type !== "step.result") continue;
      for (const { token, where } of event.routed) {
        if (where === "head") queue.unshift(token);
        else queue.push(token);
      }
      assertEquals(event.queueLength, queue.length);
    }
    assertEquals(queue, []);
  });
});

Deno.test("Workflow.run() of all policies comes to what the stream tells", async () => {
  await forManySeeds(async (seed, random) => {
    const { events, trace } = await drive(seed, { ...EVERYTHING, throwingDecisions: 0 }, random, {});

    const told = events.flatMap((event) =>
      event.type === "step.result" ? [[event.token, event.step, event.attempt, event.result.ok, event.path]] : []
    );
    assertEquals(trace?.map(({ token, step, attempts, ok, path }) => [token, step, attempts, ok, path]), told);
  });
});

/** A failure names the seed that shows it. */
async function forManySeeds(check: (seed: number, random: Random) => Promise<void>): Promise<void> {
  for (let seed = 1; seed <= RUNS; seed += 1) {
    try {
      await check(seed, new Random(seed ^ 0x5eed));
    } catch (error) {
      throw new Error(`Seed ${seed} shows it`, { cause: error });
    }
  }
}

/** What ends a run early. */
interface Driven {
  readonly engine: ManualClock;
  readonly cancel: (reason: unknown) => unknown;
  readonly abort: (reason: unknown) => void;
}

/** Reads a random run to its end, while the time goes on, and ends it after so many events. */
async function drive(
  seed: number,
  shape: ControlShape,
  random: Random,
  options: RunOptions,
  { after, end }: { after: number; end: (run: Driven) => void } = { after: Infinity, end: () => {} },
) {
  const concurrency = options.concurrency ?? 1 + random.below(16);
  const watch = new ControlWatch(concurrency, randomLimits(seed, shape));
  const engine = new ManualClock();
  const work = new ManualClock();
  const spied = spiedSignal();
  const workflow = randomControlWorkflow(seed, shape, watch, work);
  const payload = { seed, depth: 0, key: "" };
  const stream = workflow.stream("a", payload, {
    maxSteps: 400,
    ...options,
    concurrency,
    clock: engine,
    signal: spied.signal,
  });
  const events: RunEvent[] = [];
  let isRead = false;
  const reading = (async () => {
    try {
      for await (const event of stream) {
        events.push(event);
        if (events.length === after) {
          end({ engine, cancel: (reason) => stream.cancel(reason), abort: spied.abort });
          assertEquals([...watch.signals].filter(({ aborted }) => !aborted), [], "all is aborted in the same turn");
          watch.isOver = true;
        }
      }
    } catch (error) {
      // What ends a run is told in run.end; anything else is a promise that does not hold.
      const last = events.at(-1);
      if (last?.type !== "run.end" || last.error !== error) throw error;
    }
    return await stream.result.catch(() => null);
  })();
  const settle = () => {
    isRead = true;
  };
  reading.then(settle, settle);
  for (let turn = 0; !isRead; turn += 1) {
    assert(turn < 20_000, "the run comes to its end");
    await laterTurn();
    engine.tick(1 + random.below(10));
    work.tick(1 + random.below(10));
  }
  const outcome = await reading;
  assertEquals(watch.violations, []);
  // What was abandoned may still do something: it must not be told.
  const told = events.length;
  work.tick(1_000);
  await laterTurn();
  assertEquals(events.length, told);
  const last = events.at(-1);
  const status: RunStatus | null = last?.type === "run.end" ? last.status : null;
  return { events, watch, engine, listeners: spied.listeners, status, trace: outcome?.trace };
}

interface TokenState {
  readonly attempt: number;
  readonly state: "open" | "retried" | "done";
}

/** Asserts what holds for the events of every run. */
function assertSequence(events: readonly RunEvent[]): void {
  assertEquals(events.map(({ seq }) => seq), events.map((_event, index) => index + 1), "seq is dense from 1");
  assertEquals([events[0]?.type, events.at(-1)?.type], ["run.start", "run.end"]);
  assertEquals(events.filter(({ type }) => type === "run.start" || type === "run.end").length, 2, "one start, one end");
  const tokens = new Map<number, TokenState>();
  const routed = new Map<number, string>([[1, "a"]]);
  let results = 0;
  for (const event of events) {
    if (!("token" in event)) continue;
    const { token, attempt, seq, step } = event;
    const before = tokens.get(token) ?? { attempt: 0, state: "retried" };
    if (event.type === "step.start") {
      assertEquals(before, { attempt: attempt - 1, state: "retried" }, `event ${seq}: attempts count from 1`);
      tokens.set(token, { attempt, state: "open" });
      // The first token inside a step has the step's token for its parent, which is at work.
      if (!routed.has(token)) {
        assertEquals([tokens.get(event.parent ?? 0)?.state, event.path?.at(-1)], ["open", "inner"], `event ${seq}`);
      } else assertEquals(routed.get(token), step, `event ${seq}: the step it was routed to`);
      continue;
    }
    // Only a group that stops can end the wait before another attempt with a result.
    const isStopped = event.type === "step.result" && event.result.error instanceof GroupFailedError;
    const state = isStopped ? before.state : "open";
    assertEquals(before, { attempt, state }, `event ${seq}: of the attempt at work`);
    if (event.type === "step.retry") tokens.set(token, { attempt, state: "retried" });
    if (event.type !== "step.result") continue;
    tokens.set(token, { attempt, state: "done" });
    results += 1;
    for (const route of event.routed) {
      assert(!routed.has(route.token) && !tokens.has(route.token), `event ${seq}: token ${route.token} is new`);
      routed.set(route.token, route.step);
    }
  }
  const end = events.at(-1);
  assertEquals(end?.type === "run.end" && end.steps, results, "run.end counts the results");
}

/** Asserts that every group came to its end, but for those inside of one that was stopped. */
function assertMerged({ groups, merged, anonymousMerges }: ControlWatch): void {
  const missing = [...groups.keys()].filter((group) =>
    !merged.has(group) && ![...groups.keys()].some((other) => other.endsWith("!") && group.startsWith(`${other}.`))
  );
  assert(missing.length <= anonymousMerges, `${missing.join(", ")} have merged`);
}
