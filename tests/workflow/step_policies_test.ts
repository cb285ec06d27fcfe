import { type StandardSchema, Workflow } from "@stepstream/workflow";
import { assertEquals, assertThrows } from "@std/assert";

type Failure = typeof TypeError | typeof RangeError;

const NOT_ABOVE_0 = "expected a number above 0";
const NOT_WHOLE = "expected a whole number from 1 on";

/** Times and limits that are of the wrong kind, whatever they are for. */
const NO_NUMBERS: readonly unknown[] = ["3", null, true, 3n, {}, () => 3];

const BAD: readonly [policies: object, Failure: Failure, message: string][] = [
  ...["timeoutMs", "idleTimeoutMs"].flatMap((key): [object, Failure, string][] => [
    [{ [key]: 0 }, RangeError, `Cannot take ${key} of step "a": ${NOT_ABOVE_0}: 0`],
    [{ [key]: -0 }, RangeError, `Cannot take ${key} of step "a": ${NOT_ABOVE_0}: 0`],
    [{ [key]: -1 }, RangeError, `Cannot take ${key} of step "a": `],
    [{ [key]: -Infinity }, RangeError, `Cannot take ${key} of step "a": `],
    [{ [key]: NaN }, RangeError, `Cannot take ${key} of step "a": `],
    ...NO_NUMBERS.map((value): [object, Failure, string] => [
      { [key]: value },
      TypeError,
      `Cannot take ${key} of step "a": ${NOT_ABOVE_0}: `,
    ]),
  ]),
  [{ concurrency: 0 }, RangeError, `Cannot take concurrency of step "a": ${NOT_WHOLE}: 0`],
  [{ concurrency: -1 }, RangeError, `Cannot take concurrency of step "a": ${NOT_WHOLE}: -1`],
  [{ concurrency: 1.5 }, RangeError, `Cannot take concurrency of step "a": ${NOT_WHOLE}: 1.5`],
  [{ concurrency: NaN }, RangeError, `Cannot take concurrency of step "a": ${NOT_WHOLE}: NaN`],
  ...NO_NUMBERS.map((concurrency): [object, Failure, string] => [
    { concurrency },
    TypeError,
    `Cannot take concurrency of step "a": ${NOT_WHOLE}: `,
  ]),
  ...[null, 3, "often", () => {}].map((retry): [object, Failure, string] => [
    { retry },
    TypeError,
    'Cannot take retry of step "a": expected an object: ',
  ]),
  [{ retry: {} }, TypeError, `Cannot take retry.maxAttempts of step "a": ${NOT_WHOLE}: undefined`],
  [{ retry: { maxAttempts: 0 } }, RangeError, `Cannot take retry.maxAttempts of step "a": ${NOT_WHOLE}: 0`],
  [{ retry: { maxAttempts: 1.5 } }, RangeError, `Cannot take retry.maxAttempts of step "a": ${NOT_WHOLE}: 1.5`],
  [{ retry: { maxAttempts: -1 } }, RangeError, `Cannot take retry.maxAttempts of step "a": ${NOT_WHOLE}: -1`],
  [{ retry: { maxAttempts: NaN } }, RangeError, `Cannot take retry.maxAttempts of step "a": ${NOT_WHOLE}: NaN`],
  ...NO_NUMBERS.map((maxAttempts): [object, Failure, string] => [
    { retry: { maxAttempts } },
    TypeError,
    `Cannot take retry.maxAttempts of step "a": ${NOT_WHOLE}: `,
  ]),
  ...["delayMs", "factor", "maxDelayMs"].flatMap((key): [object, Failure, string][] => [
    [{ retry: { maxAttempts: 3, [key]: -1 } }, RangeError, `retry.${key} of step "a": `],
    [{ retry: { maxAttempts: 3, [key]: NaN } }, RangeError, `retry.${key} of step "a": `],
    ...NO_NUMBERS.map((value): [object, Failure, string] => [
      { retry: { maxAttempts: 3, [key]: value } },
      TypeError,
      `retry.${key} of step "a": `,
    ]),
  ]),
  [{ retry: { maxAttempts: 3, delayMs: Infinity } }, RangeError, 'retry.delayMs of step "a": '],
  [{ retry: { maxAttempts: 3, factor: Infinity } }, RangeError, 'retry.factor of step "a": '],
  ...["half", "FULL", "", null, true, 1].map((jitter): [object, Failure, string] => [
    { retry: { maxAttempts: 3, jitter } },
    RangeError,
    'retry.jitter of step "a": expected "full" or "none": ',
  ]),
  ...[null, "always", true, {}, /x/].map((when): [object, Failure, string] => [
    { retry: { maxAttempts: 3, when } },
    TypeError,
    'retry.when of step "a": expected a function: ',
  ]),
  ...[
    null,
    "text",
    () => true,
    {},
    { validate: () => ({}) },
    { "~standard": null },
    { "~standard": {} },
    { "~standard": { version: 1, vendor: "test" } },
    { "~standard": { version: 1, vendor: "test", validate: "yes" } },
  ].map((input): [object, Failure, string] => [
    { input },
    TypeError,
    'Cannot take input of step "a": expected a Standard Schema, with a ~standard: ',
  ]),
  ...["b", null, { 0: "b" }, new Set(["b"]), [1], ["b", null], [["b"]]].map((routes): [object, Failure, string] => [
    { routes },
    TypeError,
    'Cannot take routes of step "a": expected an array of step names: ',
  ]),
];

for (const [index, [policies, Failure, message]] of BAD.entries()) {
  Deno.test(`Workflow.add() refuses bad policies, ${index + 1}: ${describe(policies)}`, () => {
    const workflow = new Workflow();
    // What untyped code may hand in.
    const step = { name: "a", action: () => 1, ...policies } as never;

    const error = assertThrows(() => workflow.add(step), Failure, message);

    assertEquals(error.message.startsWith("Cannot take "), true);
    assertEquals(workflow.check(), { unknownTargets: [], unreached: [], undeclared: [] });
  });
}

const validate = (value: unknown) => ({ value });
const schema: StandardSchema = { "~standard": { version: 1, vendor: "test", validate } };

const GOOD: readonly object[] = [
  { timeoutMs: undefined, idleTimeoutMs: undefined, concurrency: undefined, retry: undefined, input: undefined },
  { timeoutMs: Infinity, idleTimeoutMs: Infinity, concurrency: Infinity },
  { timeoutMs: 0.5, idleTimeoutMs: 1e300, concurrency: 1 },
  { retry: { maxAttempts: 1 } },
  { retry: { maxAttempts: Infinity, when: () => false } },
  { retry: { maxAttempts: 2, delayMs: undefined, factor: undefined, maxDelayMs: undefined, jitter: undefined } },
  { retry: { maxAttempts: 2, delayMs: 0, factor: 0, maxDelayMs: 0, jitter: "none", when: undefined } },
  { retry: { maxAttempts: 2, delayMs: 0.5, factor: 1.5, maxDelayMs: Infinity, jitter: "full" } },
  { input: schema },
  { input: Object.assign(() => {}, schema) },
  { input: Object.create(schema) },
  { routes: [] },
  { routes: ["a", "a"] },
];

for (const [index, policies] of GOOD.entries()) {
  Deno.test(`Workflow.add() takes good policies, ${index + 1}: ${describe(policies)}`, async () => {
    const workflow = new Workflow().add({ name: "a", action: () => 1, ...policies });

    const { context } = await workflow.run("a");

    assertEquals(context["result.a"], 1);
  });
}

Deno.test("Workflow.add() of several steps adds none where the policies of one are bad", () => {
  const workflow = new Workflow();

  assertThrows(
    () => workflow.add({ name: "a", action: () => 1 }, { name: "b", action: () => 1, concurrency: 0 }),
    RangeError,
  );

  assertEquals(workflow.check().unreached, []);
});

Deno.test("Workflow.add() reads a schema's validator from a ~standard that a class has", async () => {
  class Schema implements StandardSchema<number> {
    get "~standard"() {
      return { version: 1, vendor: "test", validate: () => ({ value: 7 }) } as const;
    }
  }

  const { context } = await new Workflow().add({ name: "a", input: new Schema(), action: (_ctx, seven) => seven })
    .run("a", "in");

  assertEquals(context["result.a"], 7);
});

/** Policies for the name of a test. */
function describe(policies: object): string {
  const text = JSON.stringify(policies, (_key, value) => {
    if (typeof value === "function") return "a function";
    return typeof value === "bigint" || typeof value === "number" ? `${value}` : value;
  });
  return text.replaceAll('"', "").slice(0, 80);
}
