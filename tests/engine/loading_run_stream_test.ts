import {
  decideTo,
  MemoryStore,
  PayloadError,
  type RunOutcome,
  type RunStream,
  type Step,
  StreamUsedError,
  Workflow,
} from "@stepstream/workflow";
import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { LiveRunStream } from "../../src/engine/run_stream.ts";
import { planStoredRun } from "../../src/workflow/workflow.ts";
import { laterTurn, typesOf } from "../tools/events.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";

const ALL = ["run.start", "step.start", "step.result", "step.start", "step.result", "run.end"];

interface Loading {
  readonly stream: RunStream & { drain(): Promise<RunOutcome> };
  readonly store: MemoryStore;
  /** The steps whose action has run. */
  readonly done: string[];
}

let modules = 0;

/** A stored run that is the first one of its process: another instance of the module knows of no other. */
async function openFirst(input?: Step["input"]): Promise<Loading> {
  modules += 1;
  const { openStored } = await import(`../../src/engine/loading_run_stream.ts?${modules}`);
  const store = new MemoryStore();
  const done: string[] = [];
  const workflow = new Workflow().add(
    { name: "a", action: () => done.push("a"), decision: decideTo("b"), ...(input === undefined ? {} : { input }) },
    { name: "b", action: () => done.push("b") },
  );
  const { plan, settings } = planStoredRun(workflow, "a", 1, { store, runId: "r" }, {});
  return {
    stream: openStored("r", (parts: ConstructorParameters<typeof LiveRunStream>[2]) => {
      return new LiveRunStream(plan, settings, parts);
    }),
    store,
    done,
  };
}

Deno.test("The first stored run of a process comes to all of its events", async () => {
  const { stream, done } = await openFirst();

  const types: string[] = [];
  for await (const { type } of stream) types.push(type);

  assertEquals([types, done], [ALL, ["a", "b"]]);
});

Deno.test("The first stored run of a process answers those who ask at once in their order", async () => {
  const { stream } = await openFirst();

  const asked = await Promise.all(ALL.map(() => stream.next()));
  const { done } = await stream.next();

  assertEquals(asked.map(({ value }) => value?.type), ALL);
  assertEquals(done, true);
});

Deno.test("The first stored run of a process does nothing before it is asked", async () => {
  const { stream, store, done } = await openFirst();

  assertEquals([await store.find("r"), done], [null, []]);
  await stream.return();
  assertEquals([await store.find("r"), done], [null, []]);
});

Deno.test("The first stored run of a process is cancelled, though its schema refuses it before its parts are there", async () => {
  const refused = Promise.resolve({ issues: [{ message: "too late" }] });
  const { stream, store, done } = await openFirst(
    { "~standard": { version: 1, vendor: "test", validate: () => refused } },
  );

  const asked = [stream.next(), stream.next(), stream.next()];
  const cancelled = [stream.cancel("enough"), stream.cancel("again")];
  await Promise.all(cancelled);

  assertEquals((await Promise.all(asked)).map(({ value }) => value?.type), ["run.start", "run.end", undefined]);
  assertEquals([(await store.find("r"))?.status, done], ["cancelled", []]);
  assertEquals(await stream.result.catch((reason) => reason), "enough");
});

Deno.test("The first stored run of a process is left by a reader who does not wait for it", async () => {
  const { stream, done } = await openFirst();

  const asked = stream.next();
  const left = await stream.return("bye");

  assertEquals(left, { done: true, value: "bye" });
  assertEquals((await asked).done, true);
  assertEquals(done, []);
});

Deno.test("The first stored run of a process is left when it is disposed of", async () => {
  const { stream, store, done } = await openFirst();
  await stream.next();

  await stream[Symbol.asyncDispose]();

  assertEquals([(await store.find("r"))?.status, done], ["suspended", []]);
});

Deno.test("The first stored run of a process is cancelled by who does not wait for it", async () => {
  const { stream, store, done } = await openFirst();
  const { result } = stream;

  await stream.cancel(new Error("enough"));

  await assertRejects(() => result, Error, "enough");
  assertEquals([(await store.find("r"))?.status, done], ["cancelled", []]);
});

Deno.test("The first stored run of a process goes on without a reader for its result", async () => {
  const { stream, done } = await openFirst();

  const { context } = await stream.result;

  assertEquals([context, done], [{ "result.a": 1, "result.b": 2 }, ["a", "b"]]);
  await assertRejects(() => stream.next(), StreamUsedError);
});

Deno.test("The first stored run of a process rejects for a payload that an asynchronous schema refuses, and only so", async () => {
  using trap = new RejectionTrap();
  const refuse = () => Promise.resolve({ issues: [{ message: "no" }] });
  const { stream, done } = await openFirst({ "~standard": { version: 1, vendor: "test", validate: refuse } });

  await laterTurn();
  await assertRejects(() => stream.next(), PayloadError);

  assertEquals([done, trap.reasons], [[], []]);
});

Deno.test("The first stored run of a process is drained", async () => {
  const { stream } = await openFirst();

  const { trace } = await stream.drain();

  assertEquals(trace.map(({ step }) => step), ["a", "b"]);
});

Deno.test("The first stored run of a process can be iterated over once", async () => {
  const { stream } = await openFirst();

  const events = stream[Symbol.asyncIterator]();
  assertThrows(() => stream[Symbol.asyncIterator](), StreamUsedError);
  const first = await events.next();
  assertThrows(() => stream[Symbol.asyncIterator](), StreamUsedError);

  assertEquals(typesOf([first.value]), ["run.start"]);
  await stream.return();
});

Deno.test("The first stored run of a process rejects with what it is thrown", async () => {
  const { stream } = await openFirst();

  const error = await assertRejects(() => stream.throw(new RangeError("no")));

  assertInstanceOf(error, RangeError);
});
