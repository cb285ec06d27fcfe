import { asStep, StoreError, VersionMismatchError, Workflow } from "@stepstream/workflow";
import { DurableObjectHost } from "@stepstream/workflow/hosts/durable-object";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { until } from "../tools/until.ts";
import { laterTurn } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { FakeObject } from "./fake_object.ts";
import { hostOf } from "./host_of.ts";

Deno.test("DurableObjectHost.alarm() sets the next one later than the one that has come, and the clock", async () => {
  using object = new FakeObject();
  const clock = new ManualClock();
  const { host, runs } = hostOf(object, { workflows: [quick("1")], clock });
  await runs.start("quick", "quick", 1, { runId: "r" });
  const first = object.alarmAt;

  await host.alarm({ scheduledTime: clock.now() + 2 * DAY_MS });

  assertEquals([first, object.alarmAt], [clock.now() + 1, clock.now() + 2 * DAY_MS + 1]);
});

Deno.test("DurableObjectHost.alarm() comes when the time of a finished run is over, and deletes it", async () => {
  using object = new FakeObject();
  const clock = new ManualClock();
  const { host, runs } = hostOf(object, { workflows: [quick("1")], clock, keepMs: 5_000 });
  await runs.start("quick", "quick", 1, { runId: "r" });
  await host.alarm();
  const [deleteAt, kept] = [object.alarmAt, await runs.get("r")];

  clock.tick(5_001);
  await host.alarm();

  assertEquals([deleteAt, kept?.status], [(kept?.updatedAt ?? 0) + 5_001, "completed"]);
  assertEquals([object.alarmAt, object.tables, await runs.get("r")], [null, 0, null]);
});

Deno.test("DurableObjectHost keeps a finished run for ever with keepMs of Infinity", async () => {
  using object = new FakeObject();
  const { host, runs } = hostOf(object, { workflows: [quick("1")], keepMs: Infinity });
  await runs.start("quick", "quick", 1, { runId: "r" });
  object.alarmAt = null;

  await host.alarm();

  assertEquals([object.alarmAt, (await runs.get("r"))?.status], [null, "completed"]);
});

Deno.test("DurableObjectHost.alarm() of an object without a run leaves nothing behind", async () => {
  using object = new FakeObject();
  const { host } = hostOf(object, { workflows: [quick("1")] });

  await host.alarm();

  assertEquals([object.alarmAt, object.tables], [null, 0]);
});

/** A run "r" in the object whose only step waits at the gate "wait". */
async function startWaiting(object: FakeObject) {
  const gates = new Gates();
  const wait = new Workflow({ name: "wait" }).add({ name: "wait", action: () => gates.wait("wait") });
  const errors: unknown[] = [];
  const { host, runs } = hostOf(object, { workflows: [wait], onError: (error) => errors.push(error) });
  await runs.start("wait", "wait", 1, { runId: "r" });
  return { host, runs, gates, errors };
}

Deno.test("DurableObjectHost.alarm() says so if the storage fails, comes again soon, and then goes on", async () => {
  using object = new FakeObject();
  const { host, runs, gates, errors } = await startWaiting(object);
  object.alarmAt = null;

  // The start of the step is stored by then.
  await laterTurn();
  object.failure = new Error("the disk is gone");
  const failed = host.alarm();
  gates.open("wait");
  await failed;
  const alarmAt = object.alarmAt;
  object.failure = null;
  const next = host.alarm();
  await until(() => gates.waiting.length === 1);
  gates.open("wait");
  await next;

  assertInstanceOf(errors[0], StoreError);
  assertEquals([errors.length, typeof alarmAt], [1, "number"]);
  const types = (await Array.fromAsync(runs.follow("r"))).map(({ type }) => type);
  assertEquals(types, ["run.start", "step.start", "run.resume", "step.start", "step.result", "run.end"]);
});

Deno.test("DurableObjectHost.alarm() says so if the storage has failed since the last one, and goes on", async () => {
  using object = new FakeObject();
  const { host, runs, gates, errors } = await startWaiting(object);
  await laterTurn();
  object.failure = new Error("the disk is gone");
  gates.open("wait");
  await laterTurn();
  object.failure = null;

  await host.alarm();
  gates.open("wait");
  await host.alarm();

  assertInstanceOf(errors[0], StoreError);
  assertEquals([errors.length, (await runs.get("r"))?.status], [1, "completed"]);
});

Deno.test("DurableObjectHost keeps a run whose row cannot be read, says so, and tries again ever later", async () => {
  using object = new FakeObject();
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const options = { workflows: [quick("1")], clock, onError: (error: unknown) => errors.push(error) };
  await hostOf(object, options).runs.start("quick", "quick", 1, { runId: "r" });
  object.storage.sql.exec("UPDATE stepstream_runs SET revision = -5");
  const { host, runs } = hostOf(object, options);

  const waits: number[] = [];
  for (let alarm = 0; alarm < 12; alarm += 1) {
    await host.alarm();
    waits.push((object.alarmAt ?? NaN) - clock.now());
    clock.tick(waits[alarm] ?? 0);
  }
  await assertRejects(() => runs.start("quick", "quick", 1, { runId: "r" }));

  assert(object.tables > 0);
  assertEquals(object.storage.sql.exec("SELECT count(*) AS n FROM stepstream_runs").toArray().map(Object), [{ n: 1 }]);
  assertEquals(errors.map((error) => error instanceof StoreError), Array(12).fill(true));
  assert(waits.every((wait) => wait > 0 && wait <= 600_001), `${waits}`);
  assertEquals(waits.at(-1), 600_001);
});

Deno.test("DurableObjectHost.alarm() ends a run in time that waits for an attempt after its timeoutMs", async () => {
  using object = new FakeObject();
  const clock = new ManualClock();
  const retry = { maxAttempts: 2, delayMs: 60_000, jitter: "none" } as const;
  const failing = new Workflow({ name: "failing" }).add({
    name: "failing",
    retry,
    action: () => {
      throw new Error("not yet");
    },
  });
  const runOptions = { timeoutMs: 5_000 };
  const { host, runs } = hostOf(object, { workflows: [failing], clock, sliceMs: 10, runOptions });
  const startedAt = clock.now();
  await runs.start("failing", "failing", 1, { runId: "r" });

  const slice = host.alarm();
  await laterTurn();
  clock.tick(10);
  await slice;
  const alarmAt = object.alarmAt ?? NaN;
  clock.tick(alarmAt - clock.now());
  await host.alarm();

  assertEquals(alarmAt, startedAt + 5_001);
  const end = (await Array.fromAsync(runs.follow("r"))).at(-1);
  assertEquals(end?.type === "run.end" ? [end.status, Reflect.get(Object(end.error), "name")] : null, [
    "failed",
    "RunTimeoutError",
  ]);
});

Deno.test("DurableObjectHost.alarm() lets go of a run that waits, though a workflow inside its step was cut off", async () => {
  using object = new FakeObject();
  const clock = new ManualClock();
  const inner = new Workflow({ name: "inner" }).add({ name: "hang", action: () => new Promise(() => {}) });
  const retry = { maxAttempts: 2, delayMs: 60_000, jitter: "none" } as const;
  const outer = new Workflow({ name: "outer" }).add(
    asStep("outer", inner, { start: "hang", timeoutMs: 1_000, retry }),
  );
  const runOptions = { cleanupTimeoutMs: 0 };
  const { host, runs } = hostOf(object, { workflows: [outer], clock, sliceMs: 10, runOptions });
  await runs.start("outer", "outer", 1, { runId: "r" });
  clock.tick(1_000);
  await laterTurn();

  const slice = host.alarm();
  await laterTurn();
  clock.tick(10);
  await slice;

  assertEquals([(await runs.get("r"))?.status, object.alarmAt], ["suspended", 61_001]);
});

Deno.test("DurableObjectHost.alarm() goes on with a run that was due, where the last one could not write that it did", async () => {
  using object = new FakeObject();
  const clock = new ManualClock();
  const retry = { maxAttempts: 2, delayMs: 60_000, jitter: "none" } as const;
  const again = new Workflow({ name: "again" }).add({
    name: "again",
    retry,
    action: (_ctx, _payload, _log, { attempt }) => {
      if (attempt === 1) throw new Error("not yet");
    },
  });
  let isFailing = false;
  const { storage } = object;
  const exec: typeof storage.sql.exec = (query, ...values) => {
    if (isFailing && query.includes("INSERT")) throw new Error("disk");
    return storage.sql.exec(query, ...values);
  };
  const failing = { storage: { ...storage, sql: { exec } } };
  const errors: unknown[] = [];
  const options = { workflows: [again], clock, sliceMs: 10, onError: (error: unknown) => errors.push(error) };
  const host = new DurableObjectHost(failing, options);
  const { runs } = hostOf(object, { workflows: [again], clock });
  const url = "https://run.invalid/?run=r";
  const order = { workflow: "again", start: "again", payload: 1, context: {}, blank: [] };
  await host.fetch(new Request(url, { method: "PUT", body: JSON.stringify(order) }));
  const slice = host.alarm();
  await laterTurn();
  clock.tick(10);
  await slice;
  clock.tick(60_000);

  isFailing = true;
  const failed = host.alarm();
  await laterTurn();
  clock.tick(10);
  await failed;
  isFailing = false;
  clock.tick(2_000);
  await host.alarm();

  assertEquals([errors.length, (await runs.get("r"))?.status], [1, "completed"]);
});

Deno.test("DurableObjectHost leaves a run of another version alone, says so, and tries again later", async () => {
  using object = new FakeObject();
  const gone = new ManualClock();
  const never = new Workflow({ name: "quick", version: "1" }).add({
    name: "quick",
    action: () => new Promise(() => {}),
  });
  // What stands for the process that has died: its clock does not go on.
  await hostOf(object, { workflows: [never], clock: gone }).runs.start("quick", "quick", 1, { runId: "r" });
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const onError = (error: unknown, runId: string | null) => errors.push(error, runId);
  const later = hostOf(object, { workflows: [quick("2")], clock, onError });

  await later.host.alarm();
  const [alarmAt, status] = [object.alarmAt, (await later.runs.get("r"))?.status];
  const migrating = hostOf(object, { workflows: [quick("2")], clock, migrate: () => ({}) });
  await migrating.host.alarm();

  assertInstanceOf(errors[0], VersionMismatchError);
  assertEquals([errors[1], errors.length, status], ["r", 2, "running"]);
  assert(alarmAt !== null && alarmAt >= clock.now() + 60_000);
  assertEquals((await migrating.runs.get("r"))?.status, "completed");
});

const DAY_MS = 24 * 60 * 60_000;

function quick(version: string): Workflow {
  return new Workflow({ name: "quick", version }).add({ name: "quick", action: (_ctx, number) => number });
}
