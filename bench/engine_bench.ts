/**
 * What the engine costs beside hand-written loops that do the same actions over the same queue: one `async function*`
 * that yields a plain object for each step, and one bare loop. Both tell one thing a step where the engine tells two;
 * a third makes those two events by hand, which is what an engine cannot get below.
 */
import { Workflow } from "@stepstream/workflow";
import { Deque } from "./tools/deque.ts";
import { EventsByHand } from "./tools/events_by_hand.ts";
import { measure, median } from "./tools/measure.ts";
import { print, printRatios, printTitle } from "./tools/print.ts";

type Loop = { value: number; readonly context: Record<string, unknown> };

function count(_context: unknown, payload: number): number {
  return payload + 1;
}

/** Counts to `steps`, one step at a time. */
function createChain(steps: number): Workflow<{ count: number }> {
  return new Workflow<{ count: number }>().add({
    name: "count",
    action: count,
    decision: (_ctx, result, enqueue) => {
      if (result.ok && result.value < steps) enqueue.tail("count", result.value);
    },
  });
}

async function* generate(steps: number): AsyncGenerator<object, Loop> {
  const queue = new Deque();
  const loop: Loop = { value: 0, context: {} };
  queue.push({ step: "count", payload: 0 });
  for (let token = queue.shift(); token !== undefined; token = queue.shift()) {
    const value = count(loop.context, token.payload);
    loop.context["result.count"] = value;
    if (value < steps) queue.push({ step: "count", payload: value });
    yield { step: token.step, payload: token.payload, ok: true, value, error: null, queueLength: queue.size };
  }
  return loop;
}

function loop(steps: number): Loop {
  const queue = new Deque();
  const state: Loop = { value: 0, context: {} };
  queue.push({ step: "count", payload: 0 });
  for (let token = queue.shift(); token !== undefined; token = queue.shift()) {
    state.value = count(state.context, token.payload);
    state.context["result.count"] = state.value;
    if (state.value < steps) queue.push({ step: "count", payload: state.value });
  }
  return state;
}

function eventsOf(steps: number): EventsByHand {
  const hasNext = (value: number) => value < steps;
  return new EventsByHand({ runId: crypto.randomUUID(), step: "count", action: (payload) => payload + 1, hasNext });
}

async function read(events: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _event of events) count += 1;
  return count;
}

for (const steps of [10_000, 1_000_000]) {
  const chain = createChain(steps);
  const options = { maxSteps: Infinity };
  printTitle(`A chain of ${steps.toLocaleString("en")} synchronous steps`);
  const medians = await measure({
    "generator": () => read(generate(steps)),
    "bare loop": () => Promise.resolve(loop(steps)),
    "the events by hand": () => read(eventsOf(steps)),
    "stream()": () => read(chain.stream("count", 0, options)),
    "stream() without trace": () => read(chain.stream("count", 0, { ...options, captureTrace: false })),
    "run() with trace": () => chain.run("count", 0, options),
    "run() without trace": () => chain.run("count", 0, { ...options, captureTrace: false }),
  }, steps > 100_000 ? 5 : 21);
  printRatios(medians, "generator", steps, "step");
}

printTitle("A step of a queue that is 10, and 1,000,000 tokens long");
/** Fans out to `width` tokens and handles them all. */
async function fanOut(width: number, rounds: number): Promise<void> {
  const workflow = new Workflow<{ fan: number; item: number }>().add(
    {
      name: "fan",
      action: (_ctx, size) => size,
      decision: (_ctx, _result, enqueue) => {
        for (let item = 0; item < width; item += 1) enqueue.tail("item", item);
      },
    },
    { name: "item", action: count },
  );
  for (let round = 0; round < rounds; round += 1) {
    await read(workflow.stream("fan", width, { maxSteps: Infinity, captureTrace: false }));
  }
}
const long = await measure(
  {
    "10 tokens": () => fanOut(10, 100_000),
    "1,000,000 tokens": () => fanOut(1_000_000, 1),
  },
  3,
  1,
);
printRatios(long, "10 tokens", 1_000_000, "step");

printTitle("From stream() to the first event, warm");
const chain = createChain(10);
const first: number[] = [];
for (let run = 0; run < 20_000; run += 1) {
  const start = performance.now();
  const stream = chain.stream("count", 0);
  await stream.next();
  if (run >= 10_000) first.push((performance.now() - start) * 1_000);
  await stream.return();
}
print(`  median ${median(first).toFixed(1)} µs`);
