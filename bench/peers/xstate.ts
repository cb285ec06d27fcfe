import { type AnyActorLogic, assign, createActor, emit, fromPromise, setup, toPromise } from "xstate";
import type { Peer, Start } from "./contract.ts";
import { EventQueue } from "./tools/event_queue.ts";

interface Told {
  readonly type: "start" | "log" | "result";
  readonly step: string;
  readonly payload: number;
  readonly value: unknown;
}

/** What a step's actor is given: its payload, and a way to tell the machine of a log. */
interface Input {
  readonly n: number;
  readonly tell: (value: unknown) => void;
}

/** An actor for one step. */
function createStep(
  action: (input: Input, signal: AbortSignal) => number | Promise<number>,
) {
  return fromPromise<number, Input>(async ({ input, signal }) => await action(input, signal));
}

/** A machine that invokes its step anew until it has counted to `steps`. */
function chain(steps: number, count: ReturnType<typeof createStep>): Start {
  const machine = setup({
    types: {
      context: {} as { n: number },
      events: {} as { type: "log"; value: unknown },
      emitted: {} as Told,
    },
    actors: { count },
  }).createMachine({
    context: { n: 0 },
    initial: "count",
    states: {
      count: {
        invoke: {
          src: "count",
          input: ({ context: { n }, self }) => ({
            n,
            tell: (value) => self.send({ type: "log", value }),
          }),
          onDone: [
            {
              guard: ({ event }) => event.output < steps,
              target: "count",
              reenter: true,
              actions: [
                emit(({ context, event }) => ({
                  type: "result",
                  step: "count",
                  payload: context.n,
                  value: event.output,
                })),
                assign({ n: ({ event }) => event.output }),
              ],
            },
            {
              target: "done",
              actions: emit(({ context, event }) => ({
                type: "result",
                step: "count",
                payload: context.n,
                value: event.output,
              })),
            },
          ],
        },
        on: {
          log: {
            actions: emit(({ context, event }) => ({
              type: "log",
              step: "count",
              payload: context.n,
              value: event.value,
            })),
          },
        },
      },
      done: { type: "final" },
    },
  });
  return () => read(machine);
}

/** XState has no iterator: what the actor emits goes through a queue, and a reader who leaves stops the actor. */
function read(machine: AnyActorLogic): AsyncIterable<unknown> {
  const actor = createActor(machine);
  const events = new EventQueue<unknown>(() => actor.stop());
  actor.on("*", (event) => events.push(event));
  actor.subscribe({ complete: () => events.close() });
  actor.start();
  return events;
}

const xstate: Peer = {
  name: "xstate",
  package: "xstate",
  does: "a machine that invokes a `fromPromise` actor anew for each step and emits what came " +
    "of it; a hand-written queue makes an iterator of `actor.on`",
  lacks: { pool: "no limit on how many actors work at once" },
  isResult: (event) => (event as Told).type === "result",
  isLog: (event) => (event as Told).type === "log",

  chain: (steps, action) => chain(steps, createStep(({ n }) => action(n))),
  chatter: (steps, logs, action) =>
    chain(
      steps,
      createStep(({ n, tell }) => {
        for (let line = 0; line < logs; line += 1) tell({ line });
        return action(n);
      }),
    ),
  fanOut: (width, action, merge) => {
    const item = fromPromise<number, number>(({ input }) => Promise.resolve(action(input)));
    const fan = fromPromise<number, undefined, Told>(async ({ emit }) => {
      const values = await Promise.all(
        Array.from({ length: width }, async (_, n) => {
          const value = await toPromise(
            createActor(item, { input: n }).start(),
          );
          emit({ type: "result", step: "item", payload: n, value });
          return value;
        }),
      );
      return merge(values);
    });
    return () => read(fan);
  },
  waitingChain: (steps, work) =>
    chain(
      steps,
      createStep(({ n, tell }, signal) => {
        tell("at work");
        return work(n, signal);
      }),
    ),
};

export default xstate;
