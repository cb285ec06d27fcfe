import { createRunsHandler, type RunsHandlerOptions } from "@stepstream/workflow/http";
import { assertEquals, assertThrows } from "@std/assert";
import { FakeRuns } from "./fake_runs.ts";
import { greetings } from "./sample_workflows.ts";

const REFUSED: readonly RunsHandlerOptions[] = [
  { basePath: "api" },
  { basePath: "/api/" },
  { basePath: "/" },
  { publicUrl: "/api/" },
  { publicUrl: "api" },
  { publicUrl: "javascript:alert(1)" },
  { publicUrl: "/a\r\nb" },
  { maxBodyBytes: 0 },
  { maxBodyBytes: 1.5 },
  { maxPayloadDepth: -1 },
  { maxRuns: NaN },
  { maxReadersPerRun: -1 },
  { maxConnectionMs: 0 },
  { maxConnectionMs: 2 ** 31 },
  { heartbeatMs: 0 },
  { retryMs: -1 },
  { cors: { origins: ["*"] } },
  { cors: { origins: ["null"] } },
  { cors: { origins: ["https://example.com/"] } },
  { cors: { origins: ["example.com"] } },
];

for (const options of REFUSED) {
  Deno.test(`createRunsHandler() refuses ${JSON.stringify(options)}`, async () => {
    await using runs = new FakeRuns();

    assertThrows(() => createRunsHandler(runs, options), RangeError, "Cannot ");
  });
}

const WRONG: readonly (readonly [options: unknown, message: string])[] = [
  [5, "Cannot take options: expected an object: 5"],
  [null, "Cannot take options: expected an object: null"],
  [{ authorize: 5 }, "Cannot take authorize: expected a function: 5"],
  // Without it everybody may do everything, so what is to be it and is not must not be taken for nothing.
  [{ authorize: null }, "Cannot take authorize: expected a function: null"],
  [{ keyScope: "tenant" }, 'Cannot take keyScope: expected a function: "tenant"'],
  [{ describeError: true }, "Cannot take describeError: expected a function: true"],
  [{ onError: {} }, "Cannot take onError: expected a function: an object"],
  [{ clock: Date }, 'Cannot take clock: expected an object with a method "now": a function'],
  [{ basePath: 5 }, "Cannot take basePath: expected a string: 5"],
  [{ publicUrl: new URL("http://a.b/c") }, "Cannot take publicUrl: expected a string: an object"],
  [{ starts: ["greet"] }, "Cannot take starts: expected an object with a list of steps for each workflow: an array"],
  [
    { starts: "greetings" },
    'Cannot take starts: expected an object with a list of steps for each workflow: "greetings"',
  ],
  [{ starts: { greetings: "greet" } }, 'Cannot take starts.greetings: expected an array of names: "greet"'],
  [{ starts: { greetings: [5] } }, "Cannot take starts.greetings: expected an array of names: an array"],
  [{ starts: { greetings: undefined } }, "Cannot take starts.greetings: expected an array of names: undefined"],
  [{ cors: true }, "Cannot take cors: expected an object with origins: true"],
  [{ cors: "*" }, 'Cannot take cors: expected an object with origins: "*"'],
  [{ cors: {} }, "Cannot take cors.origins: expected an array of origins: undefined"],
  [{ cors: { origins: "https://a.b" } }, 'Cannot take cors.origins: expected an array of origins: "https://a.b"'],
  [{ cors: { origins: [], credentials: "no" } }, 'Cannot take cors.credentials: expected a boolean: "no"'],
  [{ maxRuns: "5" }, 'Cannot take maxRuns: expected a whole number from 0 on: "5"'],
  [{ heartbeatMs: null }, "Cannot take heartbeatMs: expected a whole number from 1 to 2147483647: null"],
];

for (const [options, message] of WRONG) {
  Deno.test(`createRunsHandler() takes no options of the wrong kind: ${message}`, async () => {
    await using runs = new FakeRuns(greetings());

    const error = assertThrows(() => Reflect.apply(createRunsHandler, undefined, [runs, options]), TypeError);

    assertEquals(error.message, message);
  });
}

Deno.test("createRunsHandler() takes nothing for a runner that is none", async () => {
  await using runs = new FakeRuns();

  for (const runner of [undefined, { runner: runs }, () => {}]) {
    assertThrows(
      () => Reflect.apply(createRunsHandler, undefined, [runner]),
      TypeError,
      'Cannot take runner: expected an object with a method "start": ',
    );
  }
});

Deno.test("createRunsHandler() takes starts only of workflows that there are", async () => {
  await using runs = new FakeRuns(greetings());

  createRunsHandler(runs, { starts: { greetings: ["greet", "any"] } });

  assertThrows(
    () => createRunsHandler(runs, { starts: { greetings: ["greet"], greeting: ["greet"] } }),
    RangeError,
    'Cannot take starts: there is no workflow "greeting": the runner has "greetings"',
  );
});
