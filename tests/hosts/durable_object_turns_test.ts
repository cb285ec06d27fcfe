import { type Step, UnknownRunError, Workflow, type WorkflowEvent } from "@stepstream/workflow";
import { assertEquals, assertRejects } from "@std/assert";
import { until } from "../tools/until.ts";
import { laterTurn, typesOf } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { FakeObject } from "./fake_object.ts";
import { hostOf } from "./host_of.ts";

Deno.test("DurableObjectHost answers others while the schema of a start does not", async () => {
  using object = new FakeObject();
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  let asked = 0;
  const wait = () => {
    asked += 1;
    return answered;
  };
  const { host, runs } = hostOf(object, { workflows: [checkedBy(wait)] });

  const started = [runs.start("one", "one", 1, { runId: "r" }), runs.start("one", "one", 1, { runId: "r" })];
  await until(() => asked === 2);
  const head = await runs.get("r");
  await assertRejects(() => runs.cancel("r"), UnknownRunError);
  await assertRejects(() => runs.follow("r").next(), UnknownRunError);
  await host.alarm();
  const tables = object.tables;
  answer();

  assertEquals([head, tables], [null, 0]);
  assertEquals((await Promise.all(started)).map(({ isNew }) => isNew), [true, false]);
  assertEquals((await Array.fromAsync(runs.follow("r"))).at(-1)?.type, "run.end");
});

Deno.test("DurableObjectHost answers others while a cancelled action does not heed its signal", async () => {
  using object = new FakeObject();
  const gates = new Gates();
  const clock = new ManualClock();
  const deaf = new Workflow({ name: "deaf" }).add({ name: "deaf", action: () => gates.wait("deaf") });
  const { runs } = hostOf(object, { workflows: [deaf], clock });
  await runs.start("deaf", "deaf", 1, { runId: "r" });
  await until(() => gates.waiting.length === 1);

  const cancelled = runs.cancel("r");
  await laterTurn();
  const status = (await runs.get("r"))?.status;
  const types = typesOf(await Array.fromAsync(runs.follow("r")));
  gates.openAll();

  assertEquals([status, types, await cancelled], ["cancelled", ["run.start", "step.start", "run.end"], true]);
});

Deno.test("DurableObjectHost that is asked while it deletes a run shows all of it or nothing, and starts anew", async () => {
  using object = new FakeObject();
  const clock = new ManualClock();
  const { host, runs } = hostOf(object, { workflows: [checkedBy()], clock, keepMs: 5_000 });
  await runs.start("one", "one", 1, { runId: "r" });
  await host.alarm();
  clock.tick(5_001);

  const deleted = host.alarm();
  const asked: Promise<string | undefined>[] = [];
  for (let turn = 0; turn < 50; turn += 1) {
    asked.push(runs.get("r").then((head) => head?.status, String));
    asked.push(runs.follow("r").next().then(({ value }) => value?.type, ({ name }) => name));
    await Promise.resolve();
  }
  await deleted;

  const answers = new Set(await Promise.all(asked));
  for (const right of ["completed", "run.start", "UnknownRunError", undefined]) answers.delete(right);
  assertEquals([...answers], []);
  assertEquals([await runs.get("r"), object.alarmAt, object.tables], [null, null, 0]);
  assertEquals((await runs.start("one", "one", 2, { runId: "r" })).isNew, true);
  assertEquals((await Array.fromAsync(runs.follow("r"))).length, 4);
});

Deno.test("DurableObjectHost that deletes a run is done with its readers", async () => {
  using object = new FakeObject();
  const gates = new Gates();
  const clock = new ManualClock();
  const many = new Workflow({ name: "many" }).add({
    name: "many",
    action: (_ctx, _payload, log) => {
      for (let line = 0; line < 300; line += 1) log.event("line");
      return gates.wait("many");
    },
  });
  const { host, runs } = hostOf(object, { workflows: [many], clock, keepMs: 5_000 });
  await runs.start("many", "many", 1, { runId: "r" });
  await until(() => gates.waiting.length === 1);
  gates.openAll();
  await host.alarm();
  const events: AsyncIterator<WorkflowEvent> = runs.follow("r");
  await events.next();

  clock.tick(5_001);
  await host.alarm();
  const rest: unknown[] = [];
  for (let read = await events.next(); read.done !== true; read = await events.next()) rest.push(read.value.type);

  assertEquals([host.readers, rest.includes("run.end"), object.tables], [0, false, 0]);
});

for (const status of ["running", "suspended", "completed"] as const) {
  Deno.test(`DurableObjectHost sets an alarm for a ${status} run that is followed, though there may be one`, async () => {
    using object = new FakeObject();
    const gates = new Gates();
    const clock = new ManualClock();
    const failing: Step = {
      name: "one",
      retry: { maxAttempts: 2, delayMs: 60_000, jitter: "none" },
      action: (_ctx, how) => {
        if (how === "suspended") throw new Error("not yet");
        return how === "running" ? gates.wait("one") : null;
      },
    };
    const workflows = [new Workflow({ name: "one" }).add(failing)];
    const { host, runs } = hostOf(object, { workflows, clock, sliceMs: 10, keepMs: 5_000 });
    await runs.start("one", "one", status, { runId: "r" });
    const slice = host.alarm();
    await laterTurn();
    clock.tick(10);
    await slice;
    const planned = object.alarmAt;
    object.alarmAt = null;

    const events = runs.follow("r");
    await events.next();

    assertEquals([(await runs.get("r"))?.status, object.alarmAt], [status, planned]);
    assertEquals(typeof planned, "number");
    gates.openAll();
    await events.return?.();
    await runs.cancel("r");
  });
}

function checkedBy(wait: () => Promise<void> = () => Promise.resolve()): Workflow {
  const validate = async (value: unknown) => {
    await wait();
    return { value };
  };
  return new Workflow({ name: "one" }).add({
    name: "one",
    input: { "~standard": { version: 1, vendor: "test", validate } },
    action: (_ctx, number) => number,
  });
}
