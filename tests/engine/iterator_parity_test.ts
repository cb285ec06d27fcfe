import { type RunStream, Workflow } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";
import { stateOf } from "../tools/events.ts";

type Subject = AsyncIterableIterator<unknown>;

/** Three values and then an error. */
async function* failingGenerator(): AsyncGenerator<{ type: string }, undefined> {
  yield { type: "event" };
  yield { type: "event" };
  await undefined;
  yield { type: "event" };
  throw new Error("boom");
}

/** Three events and then an error. */
function failingStream(): RunStream {
  const workflow = new Workflow().add({
    name: "fail",
    action: () => 1,
    decision: () => {
      throw new Error("boom");
    },
  });
  return workflow.stream("fail");
}

/** Three values and the end. */
async function* endingGenerator(): AsyncGenerator<{ type: string }, undefined> {
  yield { type: "event" };
  await undefined;
  yield { type: "event" };
  yield { type: "event" };
}

/** Three events and the end. */
function endingStream(): RunStream {
  const workflow = new Workflow().add({ name: "a", action: () => Promise.resolve(1) });
  const stream = workflow.stream("a");
  // Reads one ahead, so that three are left.
  void stream.next();
  return stream;
}

type Scenario = (subject: Subject) => Iterable<unknown> | AsyncIterable<unknown>;

/** Each yields what it asks for; what comes of it is compared, a word each. */
const SCENARIOS: Record<string, Scenario> = {
  "next() to the end and beyond": function* (subject) {
    for (let index = 0; index < 6; index += 1) yield subject.next();
  },
  "return() before the first next()": function* (subject) {
    yield subject.return?.("left");
    yield subject.next();
  },
  "return() in the middle": function* (subject) {
    yield subject.next();
    yield subject.return?.("left");
    yield subject.next();
    yield subject.next();
  },
  "return() twice": function* (subject) {
    yield subject.next();
    yield subject.return?.("one");
    yield subject.return?.("two");
    yield subject.next();
  },
  "return() without a value": function* (subject) {
    yield subject.next();
    yield subject.return?.();
  },
  "return() with a promise": function* (subject) {
    yield subject.next();
    yield subject.return?.(Promise.resolve("later"));
    yield subject.next();
  },
  "return() with a promise that rejects": function* (subject) {
    yield subject.next();
    const late = Promise.reject(new Error("late"));
    late.catch(() => {});
    yield subject.return?.(late);
    yield subject.next();
  },
  "return() after the end": function* (subject) {
    for (let index = 0; index < 6; index += 1) yield subject.next();
    yield subject.return?.("late");
    yield subject.next();
  },
  "throw() before the first next()": function* (subject) {
    yield subject.throw?.(new Error("thrown"));
    yield subject.next();
  },
  "throw() in the middle": function* (subject) {
    yield subject.next();
    yield subject.throw?.(new Error("thrown"));
    yield subject.next();
  },
  "throw() twice": function* (subject) {
    yield subject.next();
    yield subject.throw?.(new Error("one"));
    yield subject.throw?.(new Error("two"));
    yield subject.next();
  },
  "throw() after the end": function* (subject) {
    for (let index = 0; index < 6; index += 1) yield subject.next();
    yield subject.throw?.(new Error("late"));
    yield subject.next();
  },
  "throw() after return()": function* (subject) {
    yield subject.return?.("left");
    yield subject.throw?.(new Error("late"));
    yield subject.next();
  },
  "return() after throw()": function* (subject) {
    yield subject.throw?.(new Error("thrown"));
    yield subject.return?.("left");
    yield subject.next();
  },
  "break and next()": async function* (subject) {
    for await (const _item of subject) break;
    yield subject.next();
    yield subject.return?.("late");
  },
};

async function play(scenario: Scenario, subject: Subject): Promise<string[]> {
  const words: string[] = [];
  const asked = scenario(subject);
  // Not `for await`: it would end the scenario where a promise rejects.
  const iterator = Symbol.asyncIterator in asked ? asked[Symbol.asyncIterator]() : asked[Symbol.iterator]();
  for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
    words.push(withoutType(await stateOf(Promise.resolve(step.value))));
  }
  return words;
}

function withoutType(word: string): string {
  return /^(run|step)\./.test(word) ? "event" : word;
}

async function playAtOnce(subject: Subject): Promise<string[]> {
  const words = await Promise.all(Array.from({ length: 7 }, () => stateOf(subject.next())));
  return words.map(withoutType);
}

const SUBJECTS = [
  ["fails", failingGenerator, failingStream],
  ["completes", endingGenerator, endingStream],
] as const;

for (const [what, createGenerator, createStream] of SUBJECTS) {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    Deno.test(`RunStream that ${what} answers as an async generator does: ${name}`, async () => {
      const expected = await play(scenario, createGenerator());

      assertEquals(await play(scenario, createStream()), expected);
    });
  }

  Deno.test(`RunStream that ${what} answers as an async generator does: next() seven times at once`, async () => {
    const expected = await playAtOnce(createGenerator());

    assertEquals(await playAtOnce(createStream()), expected);
  });
}
