import { Deque } from "./deque.ts";
import { chains, fanOuts, type Load, manyRuns, readAll, STEPS_OF_MANY } from "./growth_loads.ts";

/** The loads without an engine: a generator over a queue that yields an object a step. */
export const BY_HAND: ReadonlyMap<Load, Load> = new Map([
  [chains, chainsByHand],
  [fanOuts, fanOutsByHand],
  [manyRuns, manyRunsByHand],
]);

async function chainsByHand(size: number, steps: number): Promise<number> {
  let done = 0;
  for (; done < steps; done += size) await readAll(chain(size), size);
  return done;
}

async function fanOutsByHand(size: number, steps: number): Promise<number> {
  let done = 0;
  for (; done < steps; done += size + 2) await readAll(fanOut(size), size + 2);
  return done;
}

async function manyRunsByHand(size: number, steps: number): Promise<number> {
  let done = 0;
  for (; done < steps; done += size * STEPS_OF_MANY) {
    await Promise.all(Array.from({ length: size }, () => readAll(waitingChain(STEPS_OF_MANY), STEPS_OF_MANY)));
  }
  return done;
}

async function* chain(size: number) {
  const queue = new Deque();
  queue.push({ step: "count", payload: 0 });
  for (let token = queue.shift(); token !== undefined; token = queue.shift()) {
    const value = token.payload + 1;
    if (value < size) queue.push({ step: "count", payload: value });
    yield toEvent(token.step, value);
  }
}

async function* waitingChain(size: number) {
  const queue = new Deque();
  queue.push({ step: "count", payload: 0 });
  for (let token = queue.shift(); token !== undefined; token = queue.shift()) {
    await null;
    const value = token.payload + 1;
    if (value < size) queue.push({ step: "count", payload: value });
    yield toEvent(token.step, value);
  }
}

async function* fanOut(size: number) {
  const queue = new Deque();
  const results: unknown[] = [];
  for (let item = 0; item < size; item += 1) queue.push({ step: "item", payload: item });
  yield toEvent("split", 0);
  for (let token = queue.shift(); token !== undefined; token = queue.shift()) {
    const event = toEvent(token.step, token.payload + 1);
    results.push(event.result);
    yield event;
  }
  yield toEvent("merge", results.length);
}

function toEvent(step: string, value: number) {
  return { type: "step.result", step, result: { ok: true, value, error: null } };
}
