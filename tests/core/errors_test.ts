import {
  DuplicateStepError,
  GroupFailedError,
  PayloadError,
  RunCancelledError,
  RunTimeoutError,
  SerializationError,
  StepLimitError,
  StepTimeoutError,
  StreamUsedError,
  UndeclaredRouteError,
  UnknownStepError,
  WorkflowError,
} from "@stepstream/workflow";
import { assertEquals } from "@std/assert";

const ERRORS: readonly [error: WorkflowError, name: string, message: string, fields: Record<string, unknown>][] = [
  [new WorkflowError("no"), "WorkflowError", "no", {}],
  [
    new UnknownStepError("lod", ["load", "save"]),
    "UnknownStepError",
    'Cannot find step "lod": known steps are "load", "save"',
    { stepName: "lod" },
  ],
  [
    new DuplicateStepError("load"),
    "DuplicateStepError",
    'Cannot add step "load": the workflow has a step of this name',
    { stepName: "load" },
  ],
  [
    new StepLimitError(3, "load"),
    "StepLimitError",
    'Cannot run step "load": the run has done maxSteps = 3 steps',
    { maxSteps: 3 },
  ],
  [
    new UndeclaredRouteError("load", "lod", ["save", "show"]),
    "UndeclaredRouteError",
    'Cannot route from "load" to "lod": its routes are ["save", "show"]',
    { stepName: "load" },
  ],
  [
    new StepTimeoutError("load", "timeoutMs", 50),
    "StepTimeoutError",
    'Step "load" took too long: timeoutMs = 50',
    { stepName: "load", timeoutMs: 50 },
  ],
  [
    new StepTimeoutError("load", "idleTimeoutMs", 20),
    "StepTimeoutError",
    'Step "load" took too long: idleTimeoutMs = 20',
    { stepName: "load", timeoutMs: 20 },
  ],
  [
    new RunTimeoutError("run-1", 80),
    "RunTimeoutError",
    'Run "run-1" took too long: timeoutMs = 80',
    { timeoutMs: 80 },
  ],
  [
    new PayloadError("load", [{ message: "Too long" }]),
    "PayloadError",
    'Cannot run step "load": payload: Too long',
    { stepName: "load", issues: [{ message: "Too long" }] },
  ],
  [
    new GroupFailedError("why"),
    "GroupFailedError",
    "Stopped because another of its group failed",
    { cause: "why" },
  ],
  [new RunCancelledError("run-1"), "RunCancelledError", 'Run "run-1" was cancelled', { runId: "run-1" }],
  [
    new StreamUsedError("run-1", "it is over"),
    "StreamUsedError",
    'Cannot read the events of run "run-1": it is over',
    { runId: "run-1" },
  ],
  [
    new SerializationError("load", "payload.when", "a Date"),
    "SerializationError",
    'Cannot write payload.when of step "load" as JSON: it is a Date',
    { stepName: "load", path: "payload.when" },
  ],
];

for (const [error, name, message, fields] of ERRORS) {
  Deno.test(`${name} is a WorkflowError that says what happened to what`, () => {
    const seen = Object.fromEntries(Object.keys(fields).map((key) => [key, Reflect.get(error, key)]));

    assertEquals(
      {
        name: error.name,
        message: error.message,
        text: String(error),
        isOurs: error instanceof WorkflowError,
        ...seen,
      },
      { name, message, text: `${name}: ${message}`, isOurs: true, ...fields },
    );
  });
}

Deno.test("UnknownStepError says so where there are no steps at all", () => {
  const { message } = new UnknownStepError("load", []);

  assertEquals(message, 'Cannot find step "load": the workflow has no steps');
});

Deno.test("UnknownStepError lists twenty of many steps", () => {
  const known = Array.from({ length: 23 }, (_, index) => `s${index + 1}`);

  const { message } = new UnknownStepError("load", known);

  const listed = known.slice(0, 20).map((name) => `"${name}"`).join(", ");
  assertEquals(message, `Cannot find step "load": known steps are ${listed} and 3 more`);
});

Deno.test("SerializationError of a run names no step", () => {
  const { message, stepName } = new SerializationError(null, "context.when", "a Date");

  assertEquals({ message, stepName }, { message: "Cannot write context.when as JSON: it is a Date", stepName: null });
});

Deno.test("PayloadError names the path of every issue, whatever its keys are", () => {
  const { message } = new PayloadError("load", [
    { message: "one", path: [] },
    { message: "two", path: ["items", 3, "price"] },
    { message: "three", path: [{ key: "items" }, { key: 0 }] },
    { message: "four", path: [Symbol("secret")] },
    { message: "five", path: undefined },
  ]);

  assertEquals(
    message,
    'Cannot run step "load": payload: one; payload.items.3.price: two; payload.items.0: three; ' +
      "payload.Symbol(secret): four; payload: five",
  );
});

Deno.test("UndeclaredRouteError says so where no routes are declared at all", () => {
  const { message } = new UndeclaredRouteError("load", "save", []);

  assertEquals(message, 'Cannot route from "load" to "save": its routes are []');
});
