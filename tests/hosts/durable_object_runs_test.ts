import {
  type Any,
  EventsGoneError,
  PayloadError,
  RunConflictError,
  SerializationError,
  UnknownRunError,
  UnknownStepError,
  UnknownWorkflowError,
  Workflow,
} from "@stepstream/workflow";
import {
  DurableObjectHost,
  DurableObjectRuns,
  type DurableObjectRunsOptions,
  type RunObjectNamespace,
  type RunObjectState,
} from "@stepstream/workflow/hosts/durable-object";
import { createRunsHandler } from "@stepstream/workflow/http";
import { encodeEvent } from "@stepstream/workflow/sse";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { tellError } from "../../src/hosts/durable_object/told_error.ts";
import { FakeObject } from "./fake_object.ts";
import { hostOf } from "./host_of.ts";
import { SAMPLE_RUN } from "./sample_object_run.ts";

Deno.test("DurableObjectRuns.follow() gives every event, wherever the object's bytes are cut", async () => {
  const bytes = new TextEncoder().encode(
    `retry: 1\n: heartbeat 1\n\n${SAMPLE_RUN.map((event) => encodeEvent(event)).join(":\n\n")}`,
  );
  const asked: string[] = [];

  const runs = runsOf((request) => {
    asked.push(request.url);
    return new Response(inChunks(bytes, [1, 2, 3, 1000][asked.length - 1] ?? 1));
  });
  const readings = [];
  for (let reading = 0; reading < 4; reading += 1) {
    readings.push(await Array.fromAsync(runs.follow("a/b ö", { after: 7 })));
  }

  assertEquals(readings, Array.from({ length: 4 }, () => [...SAMPLE_RUN]));
  assertEquals(new Set(asked), new Set(["https://run.invalid/events?run=a%2Fb%20%C3%B6&after=7"]));
});

Deno.test("DurableObjectRuns.follow() ends without a run.end when the object's stream does", async () => {
  const runs = runsOf(() => new Response(encodeEvent(SAMPLE_RUN[0])));

  const events = await Array.fromAsync(runs.follow("r"));

  assertEquals(events, [SAMPLE_RUN[0]]);
});

Deno.test("DurableObjectRuns.follow() that is left gives up the stream, also in the midst of a wait", async () => {
  let isCancelled = false;
  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
  const { promise: pulled, resolve: pull } = Promise.withResolvers<void>();
  const runs = runsOf((request) => {
    request.signal.addEventListener("abort", () => abort());
    const cancel = () => void (isCancelled = true);
    return new Response(new ReadableStream({ pull: () => pull(), cancel }, { highWaterMark: 0 }));
  });
  const events = runs.follow("r");

  const reads = [events.next(), events.next()];
  await pulled;
  const left = await events.return?.("why");

  assertEquals(left, { done: true, value: "why" });
  assertEquals(await Promise.all(reads), reads.map(() => ({ done: true as const, value: undefined })));
  await aborted;
  assertEquals([isCancelled, await events.next()], [true, { done: true, value: undefined }]);
});

Deno.test("DurableObjectRuns.follow() that is left before the object answers rejects nothing", async () => {
  const runs = runsOf((request) =>
    new Promise((_resolve, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)))
  );
  const events = runs.follow("r");

  const read = events.next();
  await Promise.resolve();
  await events.return?.();

  assertEquals(await read, { done: true, value: undefined });
});

for (
  const error of [
    new UnknownRunError("r"),
    new RunConflictError("r", "there is one"),
    new EventsGoneError("r", 9, 4),
    new UnknownWorkflowError("w", ["a", "b"]),
    new UnknownStepError("s", ["a", "b"]),
    new PayloadError("s", [{ message: "wrong", path: ["a", "b"] }]),
    new SerializationError("s", "payload.a", "a function"),
  ]
) {
  Deno.test(`DurableObjectRuns rejects with the ${error.name} that the object has met`, async () => {
    const runs = runsOf(() => Response.json(tellError(error), { status: 422 }));

    const rejected = await assertRejects(() => runs.start("w", "s"), Error);

    assertEquals([rejected.constructor, rejected.message], [error.constructor, error.message]);
    assertEquals(JSON.stringify(rejected), JSON.stringify(error));
    assertEquals(await runs.follow("r").next().catch(({ message }) => message), error.message);
  });
}

Deno.test("DurableObjectRuns.start() asks nobody about what is not JSON", async () => {
  const runs = runsOf(() => {
    throw new Error("It was asked");
  });

  await assertRejects(() => runs.start("w", "s", { at: new Date(0) }), SerializationError, 'payload.at of step "s"');
  await assertRejects(
    () => runs.start("w", "s", 1, { context: { at: new Date(0) } }),
    SerializationError,
    'context["at"]',
  );
  await assertRejects(() => runs.start("w", "s", 1, { context: { [Symbol("at")]: 1 } }), SerializationError, "context");
  await assertRejects(() => runs.start("w", "s", 1, { context: JSON.parse("1") }), TypeError, "context");
  await assertRejects(() => runs.start("w", "s", 1, { runId: "" }), TypeError, "runId");
});

for (const runId of [".", "..", "events", "a/b", "a?b#c", "é 😀", "%2e"]) {
  Deno.test(`DurableObjectRuns finds a run by its id, also by ${JSON.stringify(runId)}`, async () => {
    using object = new FakeObject();
    const { runs } = hostOf(object, { workflows: [new Workflow({ name: "w" }).add({ name: "s", action: () => 1 })] });

    const started = await runs.start("w", "s", 1, { runId });
    const events = await Array.fromAsync(runs.follow(runId));
    const head = await runs.get(runId);
    const isCancelled = await runs.cancel(runId);

    assertEquals([started, events.length, head?.runId, isCancelled], [{ runId, isNew: true }, 4, runId, false]);
  });
}

Deno.test("DurableObjectRuns refuses to start a run whose id no object can be named by, and finds none", async () => {
  using object = new FakeObject();
  const { runs } = hostOf(object, { workflows: [new Workflow({ name: "w" }).add({ name: "s", action: () => 1 })] });
  const runId = "half \ud83d";

  await assertRejects(() => runs.start("w", "s", 1, { runId }), TypeError, "half a surrogate pair");
  assertEquals(await runs.get(runId), null);
  await assertRejects(() => runs.cancel(runId), UnknownRunError);
  await assertRejects(() => runs.follow(runId).next(), UnknownRunError);
});

Deno.test("DurableObjectRuns.start() gives the run its context, with what is undefined", async () => {
  using object = new FakeObject();
  const look = new Workflow<Any, Any>({ name: "look" }).add({
    name: "look",
    action: (ctx) => [Object.keys(ctx).sort(), ctx.name, ctx.nobody === undefined],
  });
  const { runs } = hostOf(object, { workflows: [look] });

  const context = { name: "Ada", nobody: undefined, inner: { nothing: undefined, something: null } };
  await runs.start("look", "look", 1, { runId: "r", context });
  const result = (await Array.fromAsync(runs.follow("r"))).find(({ type }) => type === "step.result");

  assertEquals(result?.type === "step.result" ? result.result.value : null, [
    ["inner", "name", "nobody"],
    "Ada",
    true,
  ]);
});

Deno.test("createRunsHandler() answers 501 where there is no list", async () => {
  const handler = createRunsHandler(runsOf(() => new Response()), { authorize: () => true });

  const response = await handler(new Request("https://example.com/runs"));

  const { title, detail } = await response.json();
  assertEquals([response.status, title, detail], [501, "Not Implemented", "There is no list of runs here"]);
});

Deno.test("DurableObjectRuns and DurableObjectHost refuse what they cannot work with", () => {
  const state = { storage: {} } as RunObjectState;
  const namespace = { idFromName: String, get: () => ({ fetch: () => Promise.reject(new Error()) }) };
  const unlisted: DurableObjectRunsOptions = JSON.parse("{}");
  const nameless: DurableObjectRunsOptions = JSON.parse('{ "workflows": ["w"] }');

  assertThrows(() => new DurableObjectRuns({} as RunObjectNamespace, { workflows: [] }), TypeError, "namespace");
  assertThrows(() => new DurableObjectRuns(namespace, unlisted), TypeError, "Cannot take workflows: expected ");
  assertThrows(() => new DurableObjectRuns(namespace, nameless), TypeError, "Cannot take the name of a workflow: exp");
  assertThrows(() => new DurableObjectHost(state, JSON.parse("{}")), TypeError, "Cannot take workflows: expected ");
  assertThrows(() => runsOf(() => new Response()).follow("r", { after: -1 }), RangeError, "after");
  assertThrows(() => new DurableObjectHost({} as RunObjectState, { workflows: [] }), TypeError, "state.storage");
  assertThrows(() => new DurableObjectHost(state, { workflows: [], keepMs: 0 }), RangeError, "keepMs");
  assertThrows(() => new DurableObjectHost(state, { workflows: [], sliceMs: 0.5 }), RangeError, "sliceMs");
});

function runsOf(respond: (request: Request) => Response | Promise<Response>): DurableObjectRuns {
  // deno-lint-ignore require-await -- it rejects instead of throwing
  const stub = { fetch: async (request: Request) => respond(request) };
  return new DurableObjectRuns({ idFromName: (name) => name, get: () => stub }, { workflows: [{ name: "w" }] });
}

function inChunks(bytes: Uint8Array<ArrayBuffer>, length: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let start = 0;
  return new ReadableStream({
    pull(controller) {
      if (start >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(start, start + length));
      start += length;
    },
  });
}
