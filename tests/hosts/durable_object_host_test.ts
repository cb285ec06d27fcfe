import type { WorkflowEvent } from "@stepstream/workflow";
import { assertEquals, assertGreaterOrEqual, assertLess, assertStringIncludes } from "@std/assert";
import { untilAnswered } from "../tools/until.ts";
import { MAX_STEPS } from "./durable_object_workflows.ts";
import { DurableObjectWorld, summaryOf, upTo } from "./durable_object_world.ts";

/** What a stream says of its heartbeats, which are 200 ms apart here: those of a default would be 5 s or more. */
const HEARTBEATS = ": heartbeat 200\n";
/** The machine may be busy; without heartbeats nobody would be missed for minutes. */
const MISSED_MS = 30_000;

Deno.test("DurableObjectHost runs to the end over many alarms, with dense seqs", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;

  world.hold("/count/50");
  const runId = await world.start("count", { at: 1, to: 100, by: "probe" });
  await untilAnswered("a fifth alarm", () => world.look(runId), ({ alarms }) => alarms >= 5);
  world.open("/count/50");
  const events = await Array.fromAsync(world.follow(runId));

  assertEquals(summaryOf(events), { isDense: true, results: upTo(100), end: "completed" });
});

Deno.test("DurableObjectHost lets others in while its steps wait for nothing", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;

  const runId = await world.start("count", { at: 1, to: MAX_STEPS, by: "nothing" });
  const { body } = await world.read(runId);
  const status = await world.cancel(runId);
  const { isDense, end } = summaryOf(await Array.fromAsync(world.follow(runId)));

  assertEquals([body.status, status], ["running", 202]);
  assertEquals([isDense, end], [true, "cancelled"]);
});

for (const kind of ["", "extended"]) {
  Deno.test(`DurableObjectHost in ${kind === "" ? "a plain" : "an extended"} class goes on after a kill, and repeats what was in flight at most`, async () => {
    const [steps, kills] = [120, 3];
    await using world = await DurableObjectWorld.start();
    if (world === null) return;
    const killedAt = Array.from({ length: kills }, (_, kill) => `/count/${(kill + 1) * 20}`);
    for (const path of killedAt) world.hold(path);

    const runId = await world.start("count", { at: 1, to: steps, by: "probe" }, kind);
    const reading = Array.fromAsync(world.follow(runId, 0, kind));
    for (const path of killedAt) {
      await world.untilAsked(path, 1);
      await world.kill();
      await world.restart();
      world.open(path);
    }
    const events = await reading;

    assertEquals(summaryOf(events), { isDense: true, results: upTo(steps), end: "completed" });
    assertEquals(events.filter(({ type }) => type === "run.resume").length, kills);
    const repeated = [...world.asked].filter(([, times]) => times > 1);
    assertEquals(repeated, killedAt.map((path) => [path, 2]));
  });
}

Deno.test("DurableObjectHost goes on after a kill though nobody asks for the run", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;
  const runId = await world.start("gate", "lonely");
  await world.untilAsked("/gate/lonely", 1);

  await world.kill();
  await world.restart();
  await world.untilAsked("/gate/lonely", 2);
  world.open("/gate/lonely");
  const events = await Array.fromAsync(world.follow(runId));

  assertEquals(summaryOf(events), { isDense: true, results: [1], end: "completed" });
});

Deno.test("DurableObjectHost gives every reader every event, also one that was cut and comes back", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;
  const runId = await world.start("count", { at: 1, to: 300, by: "timer" });

  const readCut = async () => {
    const events: WorkflowEvent[] = [];
    while (events.at(-1)?.type !== "run.end") {
      let left = 50;
      for await (const event of world.follow(runId, events.length)) {
        events.push(event);
        left -= 1;
        if (left === 0) break;
      }
    }
    return events;
  };
  const [whole, other, cut] = await Promise.all([
    Array.fromAsync(world.follow(runId)),
    Array.fromAsync(world.follow(runId)),
    readCut(),
  ]);

  assertEquals(summaryOf(whole), { isDense: true, results: upTo(300), end: "completed" });
  assertEquals([other, cut], [whole, whole]);
});

Deno.test("DurableObjectHost sends a reader who comes back what is after its Last-Event-ID, past and live, only", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;
  world.hold("/count/5");
  const runId = await world.start("count", { at: 1, to: 10, by: "probe" });
  await world.untilAsked("/count/5", 1);

  // By hand, since `followRun` passes over what it has already.
  const response = await fetch(`${world.origin}/runs/${runId}/events`, { headers: { "last-event-id": "3" } });
  world.open("/count/5");
  const text = await response.text();

  const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  const events = await Array.fromAsync(world.follow(runId));
  assertEquals(ids, events.map(({ seq }) => seq).slice(3));
});

Deno.test("DurableObjectHost misses a reader who left within the heartbeat, and the run goes on", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;
  const runId = await world.start("gate", "kept");
  const controller = new AbortController();
  const response = await fetch(`${world.origin}/runs/${runId}/events`, { signal: controller.signal });
  const hello = await response.body?.getReader().read();
  await untilAnswered("the reader", () => world.look(runId), ({ readers }) => readers === 1);

  const leftAt = performance.now();
  controller.abort();
  await untilAnswered("the reader to be missed", () => world.look(runId), ({ readers }) => readers === 0);
  const missedAfterMs = performance.now() - leftAt;
  const { body } = await world.read(runId);
  world.open("/gate/kept");

  assertEquals([body.status, world.asked.get("/aborted/kept")], ["running", undefined]);
  assertStringIncludes(new TextDecoder().decode(hello?.value), HEARTBEATS);
  assertLess(missedAfterMs, MISSED_MS);
  assertEquals(summaryOf(await Array.fromAsync(world.follow(runId))).end, "completed");
});

Deno.test("eventStreamResponse() in a Worker cancels the run of a client who left within the heartbeat", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;
  const controller = new AbortController();
  const response = await fetch(`${world.origin}/attached/mine`, { signal: controller.signal });
  const reader = response.body?.getReader();
  const hello = await reader?.read();
  // Nothing runs before somebody reads.
  const rest = reader?.read().catch(() => {});
  await world.untilAsked("/gate/mine", 1);

  const leftAt = performance.now();
  controller.abort();
  await world.untilAsked("/aborted/mine", 1);

  assertLess(performance.now() - leftAt, MISSED_MS);
  assertStringIncludes(new TextDecoder().decode(hello?.value), HEARTBEATS);
  await rest;
});

Deno.test("DurableObjectHost keeps a reader who hears nothing for many heartbeats", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;
  const runId = await world.start("gate", "quiet");
  const response = await fetch(`${world.origin}/runs/${runId}/events`, { headers: { accept: "application/x-ndjson" } });

  const lines: string[] = [];
  let signs = 0;
  for await (const text of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    for (const line of text.trimEnd().split("\n")) {
      if (line !== "") lines.push(JSON.parse(line).type);
      else signs += 1;
    }
    if (signs === 10) world.open("/gate/quiet");
  }

  assertEquals(lines, ["run.start", "step.start", "step.log", "step.result", "run.end"]);
  assertGreaterOrEqual(signs, 10);
});

Deno.test("DurableObjectHost cancels a run that is at work, and tells its readers", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;
  const runId = await world.start("gate", "cancelled");
  const events = Array.fromAsync(world.follow(runId));
  await world.untilAsked("/gate/cancelled", 1);

  const answers = [await world.cancel(runId), await world.cancel(runId)];

  assertEquals([answers, summaryOf(await events).end], [[202, 204], "cancelled"]);
  await world.untilAsked("/aborted/cancelled", 1);
});

Deno.test("DurableObjectHost lets go of a run that waits for long, and an alarm goes on when it is due", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;
  const runId = await world.start("retry", 1_500);

  const events = await Array.fromAsync(world.follow(runId));

  const types = events.map(({ type }) => type);
  assertEquals(types, [
    "run.start",
    "step.start",
    "step.retry",
    "run.suspend",
    "run.resume",
    "step.start",
    "step.result",
    "run.end",
  ]);
  const [, , retry, suspend, resume] = events;
  const failedAt = retry?.at ?? 0;
  assertEquals(suspend?.type === "run.suspend" ? suspend.until : null, failedAt + 1_500);
  assertGreaterOrEqual(resume?.at ?? 0, failedAt + 1_500);
  const error = retry?.type === "step.retry" ? retry.error : null;
  assertEquals(error, { name: "Error", message: "not yet" });
});

Deno.test("DurableObjectHost cancels a run while its alarm sleeps", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;
  const runId = await world.start("retry", 3_600_000);
  await untilAnswered("the run to be let go of", () => world.read(runId), ({ body }) => body.status === "suspended");

  const status = await world.cancel(runId);

  const types = (await Array.fromAsync(world.follow(runId))).map(({ type }) => type);
  assertEquals([status, types.slice(3)], [202, ["run.suspend", "run.end"]]);
});

Deno.test("DurableObjectHost takes values and a context of more than 2 MB, also after a kill", async () => {
  const length = 1_500_000;
  await using world = await DurableObjectWorld.start();
  if (world === null) return;
  const response = await world.post({ workflow: "large", start: "make", payload: length });
  const { runId } = await response.json();
  const events = await Array.fromAsync(world.follow(runId));

  await world.kill();
  await world.restart();
  const again = await Array.fromAsync(world.follow(runId));

  const result = events.findLast(({ type }) => type === "step.result");
  assertEquals(result?.type === "step.result" ? result.result.value : null, [length, length]);
  assertEquals(again, events);
  const long = await world.post({ workflow: "strict", start: "strict", payload: "é".repeat(1_200_000) });
  const { runId: other } = await long.json();
  assertEquals(summaryOf(await Array.fromAsync(world.follow(other))).end, "completed");
});

Deno.test("DurableObjectHost deletes a run when its time is over, and leaves nothing behind", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;
  const runId = await world.start("gate", "short", "short");
  const events: WorkflowEvent[] = [];
  for await (const event of world.follow(runId, 0, "short")) {
    events.push(event);
    // It ends only now that somebody reads, or it might be gone before.
    if (event.type === "step.start") world.open("/gate/short");
  }

  await untilAnswered("the run to be swept", () => world.read(runId, "short"), ({ status }) => status === 404);
  const look = await world.look(runId, "short");
  const again = await world.post({ workflow: "count", start: "count", payload: { at: 1, to: 1 }, runId }, "short");

  await again.body?.cancel();
  assertEquals([summaryOf(events).end, look.tables], ["completed", [{ count: 0 }]]);
  assertEquals(again.status, 201);
});

Deno.test("DurableObjectHost stores nothing of a run that is asked for and is not there, or is not started", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;
  const asked = [
    await fetch(`${world.origin}/runs/nobody`),
    await fetch(`${world.origin}/runs/nobody/events`),
    await fetch(`${world.origin}/runs/nobody`, { method: "DELETE" }),
    await world.post({ workflow: "strict", start: "strict", payload: "bad", runId: "nobody" }),
    await world.post({ workflow: "strict", start: "elsewhere", runId: "nobody" }),
    await world.post({ workflow: "unknown", start: "strict", runId: "nobody" }),
  ];

  const problems = [];
  for (const response of asked) {
    const { status, detail, issues } = await response.json();
    problems.push(issues === undefined ? [status, detail] : [status, issues]);
  }
  const unknown = [404, "There is no such run"];
  const noStart = [422, "There is no such workflow, or it has no such start"];
  assertEquals(problems, [unknown, unknown, unknown, [422, [{ message: "it is bad", path: [] }]], noStart, noStart]);
  assertEquals((await world.look("nobody")).tables, [{ count: 0 }]);
});

Deno.test("DurableObjectHost starts a run once, and no other under its id", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;
  const order = { workflow: "strict", start: "strict", payload: "good", runId: "one" };

  const answers = await Promise.all([world.post(order), world.post(order)]);
  answers.push(await world.post({ ...order, payload: "other" }));

  const statuses = answers.map(({ status }) => status);
  for (const answer of answers) await answer.body?.cancel();
  assertEquals([statuses.slice(0, 2).sort(), statuses.slice(2)], [[200, 201], [409]]);
  const events = await Array.fromAsync(world.follow("one"));
  assertEquals(events.filter(({ type }) => type === "run.start").length, 1);
});

Deno.test("DurableObjectRuns has no list, and tells a client whose cursor is ahead", async () => {
  await using world = await DurableObjectWorld.start();
  if (world === null) return;
  const runId = await world.start("gate", "ahead");

  const list = await fetch(`${world.origin}/runs`);
  const ahead = await fetch(`${world.origin}/runs/${runId}/events?after=99`);

  const { detail } = await list.json();
  assertEquals([list.status, detail], [501, "There is no list of runs here"]);
  assertEquals((await ahead.text()).split("\n\n").at(-2), 'event: reset\nid: 0\ndata: {"after":99,"first":1}');
});
