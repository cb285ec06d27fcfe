import { RunCancelledError, type RunStream, type StepScope, Workflow } from "@stepstream/workflow";
import { laterTurn, readAll, stateOf, typesOf } from "../../tools/events.ts";
import { ManualClock } from "../../tools/manual_clock.ts";
import { assertEquals, rejectionOf } from "./assert.ts";
import type { RuntimeCase } from "./runtime_case.ts";

/** A run that is at work on an action that waits, deaf to its signal. */
interface WaitingRun {
  readonly stream: RunStream;
  readonly scope: StepScope;
  readonly controller: AbortController;
  readonly clock: ManualClock;
  /** What was called since: the action's end, the decision, the next step. */
  readonly calls: string[];
  /** Lets the action come to its end. */
  readonly release: () => void;
}

/** Two events have been read: the next one is still to come. */
async function waitingRun(): Promise<WaitingRun> {
  const calls: string[] = [];
  const scopes: StepScope[] = [];
  let release = () => {};
  const gate = new Promise<void>((resolve) => release = resolve);
  const controller = new AbortController();
  const clock = new ManualClock();
  const stream: RunStream = new Workflow().add(
    {
      name: "wait",
      action: async (_ctx, _payload, log, own) => {
        scopes.push(own);
        await gate;
        log.event("late");
        calls.push("action over");
      },
      decision: (_ctx, _result, enqueue) => {
        calls.push("decision");
        enqueue.tail("next");
      },
    },
    { name: "next", action: () => calls.push("next") },
  ).stream("wait", null, { clock, signal: controller.signal });
  await stream.next();
  await stream.next();
  const [scope] = scopes;
  if (scope === undefined) throw new Error("The action has not begun");
  return { stream, scope, controller, clock, calls, release };
}

/** A way to end a run from outside. */
interface WayOut {
  readonly name: string;
  /** Whether the reader has gone, so that no event is for anybody. */
  readonly isLeft: boolean;
  readonly take: (run: WaitingRun) => unknown;
}

const WAYS_OUT: readonly WayOut[] = [
  { name: "return()", isLeft: true, take: ({ stream }) => stream.return() },
  { name: "throw()", isLeft: true, take: ({ stream }) => stream.throw(new Error("thrown")).catch(() => {}) },
  { name: "Symbol.asyncDispose", isLeft: true, take: ({ stream }) => stream[Symbol.asyncDispose]() },
  { name: "cancel()", isLeft: false, take: ({ stream }) => stream.cancel() },
  { name: "an aborted signal", isLeft: false, take: ({ controller }) => controller.abort() },
];

export const cancelCases: readonly RuntimeCase[] = [
  ...WAYS_OUT.map(({ name, isLeft, take }): RuntimeCase => ({
    name: `RunStream ended by ${name} with a next() that waits aborts at once, and nothing comes after`,
    async run() {
      const waiting = await waitingRun();
      const { stream, scope, clock, calls, release } = waiting;
      const pending = [stateOf(stream.next()), stateOf(stream.next())];

      const taken = take(waiting);

      assertEquals(scope.signal.aborted, true);
      assertEquals(await Promise.all(pending), isLeft ? ["done", "done"] : ["run.end", "done"]);
      release();
      await taken;
      await laterTurn();
      assertEquals([calls, await stateOf(stream.next()), clock.pendingMs], [["action over"], "done", []]);
      await rejectionOf(stream.result);
    },
  })),
  {
    name: "RunStream left by break aborts the action that is at work, and its result rejects",
    async run() {
      const aborted: unknown[] = [];
      const stream = new Workflow().add({
        name: "work",
        action: (_ctx, _payload, log, { signal }) =>
          new Promise<void>((resolve) => {
            signal.addEventListener("abort", () => {
              aborted.push(signal.reason);
              resolve();
            });
            log.event("working");
          }),
      }).stream("work");

      for await (const { type } of stream) if (type === "step.log") break;

      assertEquals(aborted.map((reason) => reason instanceof RunCancelledError), [true]);
      assertEquals(await rejectionOf(stream.result) instanceof RunCancelledError, true);
    },
  },
  {
    name: "RunStream.cancel() tells its reason to the signal, run.end and the result, and never reads as completed",
    async run() {
      const reason = new Error("enough");
      const { stream, scope, release } = await waitingRun();
      const reading = readAll(stream);

      const cancelled = stream.cancel(reason);
      release();
      await cancelled;

      const { items } = await reading;
      const [end] = items;
      assertEquals([typesOf(items), end?.type === "run.end" && end.status], [["run.end"], "cancelled"]);
      assertEquals([scope.signal.reason === reason, await rejectionOf(stream.result) === reason], [true, true]);
    },
  },
  {
    name: "RunStream.cancel() waits no longer than cleanupTimeoutMs for an action that does not heed its signal",
    async run() {
      const stream = new Workflow().add({ name: "deaf", action: () => new Promise(() => {}) })
        .stream("deaf", null, { cleanupTimeoutMs: 5 });
      await stream.next();
      await stream.next();

      await stream.cancel();

      assertEquals(await stateOf(stream.next()), "run.end");
      await rejectionOf(stream.result);
    },
  },
  {
    name: "RunStream.return() runs what a generator action has in its finally",
    async run() {
      const calls: string[] = [];
      const stream = new Workflow().add({
        name: "talk",
        action: async function* () {
          try {
            yield await Promise.resolve(1);
            yield 2;
          } finally {
            calls.push("finally");
          }
        },
      }).stream("talk");
      while ((await stream.next()).value?.type !== "step.chunk");

      await stream.return();

      assertEquals(calls, ["finally"]);
      await rejectionOf(stream.result);
    },
  },
  {
    name: "RunStream of a signal that is aborted before anything is read runs nothing",
    async run() {
      const calls: string[] = [];
      const reason = new Error("too late");
      const stream = new Workflow().add({ name: "work", action: () => calls.push("work") })
        .stream("work", null, { signal: AbortSignal.abort(reason) });

      const error = await rejectionOf(stream.result);

      assertEquals([calls, error === reason], [[], true]);
    },
  },
];
