import { PayloadError, RunTimeoutError, type StandardSchema, StepTimeoutError, Workflow } from "@stepstream/workflow";
import { laterTurn, readAll, typesOf } from "../../tools/events.ts";
import { Gates } from "../../tools/gates.ts";
import { ManualClock } from "../../tools/manual_clock.ts";
import { settleTicking } from "../../tools/settle_ticking.ts";
import { assertEquals, rejectionOf } from "./assert.ts";
import type { RuntimeCase } from "./runtime_case.ts";

/** Hears nothing but its signal, and then fails with its reason. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

const evenNumbers: StandardSchema<number> = {
  "~standard": {
    version: 1,
    vendor: "tests",
    validate: (value) =>
      typeof value === "number" && value % 2 === 0 ? { value } : { issues: [{ message: "expected an even number" }] },
  },
};

export const policyCases: readonly RuntimeCase[] = [
  {
    name: "Step.retry tries again after growing delays, and tells of each failure but the last",
    async run() {
      const clock = new ManualClock();
      const workflow = new Workflow().add({
        name: "call",
        action: (_ctx, _payload, _log, { attempt }) => {
          if (attempt < 4) throw Object.assign(new Error(`no ${attempt}`), attempt === 3 ? { retryAfterMs: "1" } : {});
          return "yes";
        },
        retry: { maxAttempts: 5, delayMs: 100, jitter: "none" },
      });
      const stream = workflow.stream("call", null, { clock });

      const { items } = await settleTicking(readAll(stream), clock);

      assertEquals(items.flatMap((event) => event.type === "step.retry" ? [[event.error, event.delayMs]] : []), [
        [new Error("no 1"), 100],
        [new Error("no 2"), 200],
        [new Error("no 3"), 1_000],
      ]);
      assertEquals([(await stream.result).context, clock.now(), clock.pendingMs], [
        { "result.call": "yes" },
        1_300,
        [],
      ]);
    },
  },
  {
    name: "Step.retry waits on the platform's timers, and a cancel ends the wait",
    async run() {
      const failing = (delayMs: number) =>
        new Workflow().add({
          name: "call",
          action: (_ctx, _payload, _log, { attempt }) => {
            if (attempt < 3) throw new Error("no");
            return attempt;
          },
          retry: { maxAttempts: 3, delayMs, jitter: "none" },
        });
      const { context } = await failing(2).run("call");
      const stream = failing(1_000_000).stream("call");
      const seen: string[] = [];

      for await (const { type } of stream) {
        seen.push(type);
        if (type === "step.retry") void stream.cancel();
      }

      assertEquals([context, seen], [{ "result.call": 3 }, ["run.start", "step.start", "step.retry", "run.end"]]);
      await rejectionOf(stream.result);
    },
  },
  {
    name: "Step.timeoutMs and Step.idleTimeoutMs fail an attempt on the platform's timers and abort its signal",
    async run() {
      const reasons: unknown[] = [];
      const action = async (_ctx: unknown, _payload: unknown, _log: unknown, { signal }: { signal: AbortSignal }) => {
        await untilAborted(signal).finally(() => reasons.push(signal.reason));
      };
      const workflow = new Workflow().add(
        { name: "slow", action, timeoutMs: 5 },
        { name: "silent", action, idleTimeoutMs: 5 },
      );

      const errors: unknown[] = [];
      for (const step of ["slow", "silent"]) {
        const { items } = await readAll(workflow.stream(step));
        errors.push(...items.flatMap((event) => event.type === "step.result" ? [event.result.error] : []));
      }

      assertEquals(errors.map((error) => error instanceof StepTimeoutError), [true, true]);
      assertEquals(errors.map((error, index) => error === reasons[index]), [true, true]);
    },
  },
  {
    name: "Step.idleTimeoutMs bears with an attempt that shows it is alive",
    async run() {
      const clock = new ManualClock();
      const workflow = new Workflow().add({
        name: "work",
        action: async (_ctx, _payload, log, scope) => {
          for (let round = 0; round < 4; round += 1) {
            clock.tick(8);
            if (round % 2 === 0) scope.heartbeat();
            else log.event("alive");
            await laterTurn();
          }
          return "done";
        },
        idleTimeoutMs: 10,
      });

      const { context } = await workflow.run("work", null, { clock });

      assertEquals([context, clock.pendingMs], [{ "result.work": "done" }, []]);
    },
  },
  {
    name: "RunOptions.timeoutMs ends a run as failed on the platform's timers",
    async run() {
      const workflow = new Workflow()
        .add({ name: "wait", action: (_ctx, _payload, _log, { signal }) => untilAborted(signal) });

      const error = await rejectionOf(workflow.run("wait", null, { timeoutMs: 5 }));

      assertEquals(error instanceof RunTimeoutError, true);
    },
  },
  {
    name: "RunOptions.concurrency and Step.concurrency keep to what may be at work at once",
    async run() {
      const gates = new Gates();
      const workflow = new Workflow().add(
        {
          name: "list",
          action: () => null,
          decision: (_ctx, _result, enqueue) => {
            for (const item of ["a", "b", "c", "d"]) enqueue.tail("item", item);
            enqueue.tail("other", "e");
          },
        },
        { name: "item", action: (_ctx, item) => gates.wait(item), concurrency: 2 },
        { name: "other", action: (_ctx, item) => gates.wait(item) },
      );
      const reading = readAll(workflow.stream("list", null, { concurrency: 3 }));
      await laterTurn();
      const rounds = [gates.waiting];

      for (const item of ["b", "a", "e", "d", "c"]) {
        gates.open(item);
        await laterTurn();
        rounds.push(gates.waiting);
      }

      assertEquals(rounds[0]?.slice(0, 2), ["a", "b"]);
      assertEquals(rounds.every((at) => at.length <= 3 && at.filter((item) => item !== "e").length <= 2), true);
      const { items } = await reading;
      assertEquals(items.flatMap((event) => event.type === "step.result" ? [event.payload] : []), [
        null,
        "b",
        "a",
        "e",
        "d",
        "c",
      ]);
      assertEquals(items.map(({ seq }) => seq), items.map((_event, index) => index + 1));
    },
  },
  {
    name: "Step.input keeps a payload from the action that its schema refuses",
    async run() {
      const calls: unknown[] = [];
      const workflow = new Workflow().add(
        { name: "start", action: () => 3, decision: (_ctx, _result, enqueue) => enqueue.tail("even", 3) },
        { name: "even", action: (_ctx, payload) => calls.push(payload), input: evenNumbers },
      );

      const { items } = await readAll(workflow.stream("start"));
      const refused = await rejectionOf(workflow.run("even", 1));

      const errors = items.flatMap((event) => event.type === "step.result" ? [event.result.error] : []);
      assertEquals([errors[0], errors[1] instanceof PayloadError, refused instanceof PayloadError, calls], [
        null,
        true,
        true,
        [],
      ]);
      assertEquals(typesOf(items).at(-1), "run.end");
    },
  },
];
