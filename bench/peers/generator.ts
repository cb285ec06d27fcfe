import { Deque } from "../tools/deque.ts";
import type { Action, Peer, Work } from "./contract.ts";

interface Told {
  readonly type: "start" | "log" | "result";
  readonly step: string;
  readonly payload: number;
  readonly value: unknown;
  readonly queueLength: number;
}

/** What people write who take no engine: one `async function*` for each job, over a queue of what is to be done. */
const generator: Peer = {
  name: "generator by hand",
  does:
    "one `async function*` over an array queue with a moving head, which yields one object a step; the pool is a set " +
    "of promises and `Promise.race`",
  isResult: (event) => (event as Told).type === "result",
  isLog: (event) => (event as Told).type === "log",

  chain: (steps, action) => () => countTo(steps, action),
  chatter: (steps, logs, action) => () => tell(steps, logs, action),
  fanOut: (width, action, merge) => () => fan(width, action, merge),
  pool: (width, concurrency, work) => () => limit(width, concurrency, work),
  waitingChain: (steps, work) => () => wait(steps, work),
};

export default generator;

async function* countTo(steps: number, action: Action): AsyncGenerator<Told> {
  const queue = new Deque();
  queue.push({ step: "count", payload: 0 });
  for (let token = queue.shift(); token !== undefined; token = queue.shift()) {
    const { step, payload } = token;
    const value = action(payload);
    if (value < steps) queue.push({ step: "count", payload: value });
    yield { type: "result", step, payload, value, queueLength: queue.size };
  }
}

async function* tell(
  steps: number,
  logs: number,
  action: Action,
): AsyncGenerator<Told> {
  const queue = new Deque();
  queue.push({ step: "count", payload: 0 });
  for (let token = queue.shift(); token !== undefined; token = queue.shift()) {
    const { step, payload } = token;
    for (let line = 0; line < logs; line += 1) {
      yield {
        type: "log",
        step,
        payload,
        value: { line },
        queueLength: queue.size,
      };
    }
    const value = action(payload);
    if (value < steps) queue.push({ step: "count", payload: value });
    yield { type: "result", step, payload, value, queueLength: queue.size };
  }
}

async function* fan(
  width: number,
  action: Action,
  merge: (values: readonly number[]) => number,
): AsyncGenerator<Told> {
  const queue = new Deque();
  const values: number[] = [];
  for (let payload = 0; payload < width; payload += 1) {
    queue.push({ step: "item", payload });
  }
  for (let token = queue.shift(); token !== undefined; token = queue.shift()) {
    const { step, payload } = token;
    const value = action(payload);
    values.push(value);
    yield { type: "result", step, payload, value, queueLength: queue.size };
  }
  yield {
    type: "start",
    step: "merge",
    payload: values.length,
    value: merge(values),
    queueLength: 0,
  };
}

async function limit(
  width: number,
  concurrency: number,
  work: Work,
): Promise<void> {
  const working = new Set<Promise<void>>();
  for (let n = 0; n < width; n += 1) {
    const item: Promise<void> = work(n).then(() => void working.delete(item));
    working.add(item);
    if (working.size >= concurrency) await Promise.race(working);
  }
  await Promise.all(working);
}

async function* wait(steps: number, work: Work): AsyncGenerator<Told> {
  const abort = new AbortController();
  try {
    for (let payload = 0; payload < steps;) {
      const working = work(payload, abort.signal);
      yield {
        type: "start",
        step: "count",
        payload,
        value: null,
        queueLength: 0,
      };
      const value = await working;
      yield { type: "result", step: "count", payload, value, queueLength: 0 };
      payload = value;
    }
  } finally {
    abort.abort();
  }
}
