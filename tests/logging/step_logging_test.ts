import { type LogSink, type StepLogger, systemClock, Workflow, type WorkflowEvent } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";

const AT = "timestamp=2024-01-01T10:00:00.000Z";
const clock = { ...systemClock, now: () => Date.UTC(2024, 0, 1, 10) };

/** Two steps that log in their actions and decisions. */
const workflow = new Workflow()
  .add({
    name: "fetch",
    action: (_ctx, payload, log) => {
      log.event("start", { payload });
      log.event("connected");
      return ["A", "B"];
    },
    decision: (_ctx, result, enqueue, log) => {
      log.event("fanout", { count: result.value?.length });
      for (const item of result.value ?? []) enqueue.tail("process", item);
    },
  })
  .add({
    name: "process",
    action: (_ctx, item, log) => {
      log.event("processing", { item });
      return `${item}_processed`;
    },
  });

const LINES = [
  `${AT} step=fetch event=start payload={"batch":"B-1"}`,
  `${AT} step=fetch event=connected`,
  `${AT} step=fetch event=fanout count=2`,
  `${AT} step=fetch payload={"batch":"B-1"} result=["A","B"] error=null`,
  `${AT} step=process event=processing item="A"`,
  `${AT} step=process payload="A" result="A_processed" error=null`,
  `${AT} step=process event=processing item="B"`,
  `${AT} step=process payload="B" result="B_processed" error=null`,
];

Deno.test("loggerSink gets each step's action's events, decision's events and result line, tagged with the step", async () => {
  const sink = new TextSink();

  await workflow.run("fetch", { batch: "B-1" }, { loggerSink: sink, clock });

  assertEquals(sink.lines, LINES);
});

Deno.test("loggerSink gets the same lines from a stream as from run()", async () => {
  const sink = new TextSink();

  await eventsOf(workflow.stream("fetch", { batch: "B-1" }, { loggerSink: sink, clock }));

  assertEquals(sink.lines, LINES);
});

Deno.test("loggerSink gets one write a line", async () => {
  const sink = new TextSink();

  await workflow.run("fetch", { batch: "B-1" }, { loggerSink: sink, clock });

  assertEquals(sink.texts, LINES.map((line) => `${line}\n`));
});

Deno.test("loggerSink gets the lines of asynchronous steps in the same order", async () => {
  const sink = new TextSink();
  const asynchronous = new Workflow()
    .add({
      name: "fetch",
      action: async (_ctx, _payload, log) => {
        log.event("before");
        await Promise.resolve();
        log.event("after");
      },
      decision: async (_ctx, _result, _enqueue, log) => {
        await Promise.resolve();
        log.event("decided");
      },
    });

  await asynchronous.run("fetch", 1, { loggerSink: sink, clock });

  assertEquals(sink.lines, [
    `${AT} step=fetch event=before`,
    `${AT} step=fetch event=after`,
    `${AT} step=fetch event=decided`,
    `${AT} step=fetch payload=1 result=null error=null`,
  ]);
});

Deno.test("loggerSink gets a failing step's events and its error line", async () => {
  const sink = new TextSink();
  const failing = new Workflow().add({
    name: "fetch",
    action: (_ctx, _payload, log) => {
      log.event("start");
      throw new Error("boom");
    },
    decision: (_ctx, result, _enqueue, log) => log.event("failed", { why: String(result.error) }),
  });

  await failing.run("fetch", "B-1", { loggerSink: sink, clock });

  assertEquals(sink.lines, [
    `${AT} step=fetch event=start`,
    `${AT} step=fetch event=failed why="Error: boom"`,
    `${AT} step=fetch payload="B-1" result=null error="Error: boom"`,
  ]);
});

Deno.test("StepLogHelper tells the stream what it tells the loggers", async () => {
  const events = await eventsOf(workflow.stream("fetch", { batch: "B-1" }, { loggerSink: new TextSink() }));

  const logs = events.flatMap((event) => event.type === "step.log" ? [[event.step, event.name, event.data]] : []);
  assertEquals(logs, [
    ["fetch", "start", { payload: { batch: "B-1" } }],
    ["fetch", "connected", undefined],
    ["fetch", "fanout", { count: 2 }],
    ["process", "processing", { item: "A" }],
    ["process", "processing", { item: "B" }],
  ]);
});

Deno.test("StepLogHelper.event() rejects a name that is no string, as the error of the step", async () => {
  const wrong = new Workflow().add({ name: "fetch", action: (_ctx, _payload, log) => log.event(7 as never) });

  const { trace } = await wrong.run("fetch");

  assertEquals(trace.map(({ ok, error }) => ({ ok, error })), [
    { ok: false, error: "TypeError: Cannot log an event: expected a string as its name: number" },
  ]);
});

Deno.test("logger hears of steps whose action and decision do not declare the helper", async () => {
  const { logger, calls } = recordingLogger();
  const plain = new Workflow()
    .add({ name: "fetch", action: () => 1, decision: (_ctx, _result, enqueue) => enqueue.tail("process") })
    .add({ name: "process", action: (_ctx, item) => item + 1 });

  await plain.run("fetch", "B-1", { logger });

  assertEquals(calls, [
    ["log", "fetch", "B-1", { ok: true, value: 1, error: null }],
    ["log", "process", 1, { ok: true, value: 2, error: null }],
  ]);
});

Deno.test("logger may have no event()", async () => {
  const names: string[] = [];
  const logger: StepLogger = { log: (stepName) => void names.push(stepName) };

  await workflow.run("fetch", { batch: "B-1" }, { logger });

  assertEquals(names, ["fetch", "process", "process"]);
});

Deno.test("logger is called with its own this", async () => {
  class Counter implements StepLogger {
    #calls = 0;
    get calls(): number {
      return this.#calls;
    }
    log(): void {
      this.#calls += 1;
    }
    event(): void {
      this.#calls += 1;
    }
  }
  const logger = new Counter();

  await workflow.run("fetch", { batch: "B-1" }, { logger });

  assertEquals(logger.calls, LINES.length);
});

Deno.test("logger and loggerSink both hear of everything", async () => {
  const { logger, calls } = recordingLogger();
  const sink = new TextSink();

  await workflow.run("fetch", { batch: "B-1" }, { logger, loggerSink: sink, clock });

  assertEquals({ lines: sink.lines, calls: calls.map(([method, step]) => `${method} ${step}`) }, {
    lines: LINES,
    calls: [
      "event fetch",
      "event fetch",
      "event fetch",
      "log fetch",
      "event process",
      "log process",
      "event process",
      "log process",
    ],
  });
});

Deno.test("logger of one run hears nothing of a run without one", async () => {
  const { logger, calls } = recordingLogger();
  await workflow.run("fetch", { batch: "B-1" }, { logger });
  const heard = calls.length;

  await workflow.run("fetch", { batch: "B-1" });

  assertEquals(calls.length, heard);
});

Deno.test("a run without a logger does not look at what is logged", async () => {
  let reads = 0;
  const data = {
    get costly() {
      reads += 1;
      return reads;
    },
  };
  const quiet = new Workflow().add({ name: "fetch", action: (_ctx, _payload, log) => log.event("start", data) });

  await quiet.run("fetch");

  assertEquals(reads, 0);
});

const BROKEN_ERROR = new Error("broken");

const BROKEN: readonly [what: string, options: { logger: StepLogger } | { loggerSink: LogSink }][] = [
  ["a log() that throws", { logger: { log: raise } }],
  ["an event() that throws", { logger: { log: () => {}, event: raise } }],
  ["a log() that rejects", { logger: { log: () => reject() } }],
  ["an event() that rejects", { logger: { log: () => {}, event: () => reject() } }],
  ["everything throwing", { logger: { log: raise, event: raise } }],
  ["a sink that throws", { loggerSink: { write: raise } }],
  ["a sink that rejects", { loggerSink: { write: () => reject() } }],
  ["an event getter that throws", {
    logger: {
      log: () => {},
      get event() {
        return raise();
      },
    },
  }],
];

for (const [what, options] of BROKEN) {
  Deno.test(`a run goes on with ${what}, and tells it once`, async () => {
    const events = await eventsOf(workflow.stream("fetch", { batch: "B-1" }, options));

    assertEquals({
      told: events.flatMap((event) => event.type === "step.log" && event.name === "logger.failed" ? [event.data] : []),
      results: events.flatMap((event) => event.type === "step.result" ? [event.result.value] : []),
      end: events.at(-1)?.type,
    }, {
      told: [{ error: BROKEN_ERROR }],
      results: [["A", "B"], "A_processed", "B_processed"],
      end: "run.end",
    });
  });

  Deno.test(`run() completes with ${what}`, async () => {
    const { trace } = await workflow.run("fetch", { batch: "B-1" }, options);

    assertEquals(trace.map(({ ok }) => ok), [true, true, true]);
  });
}

Deno.test("a logger that throws is told where it happened, before the step's result", async () => {
  const one = new Workflow().add({ name: "fetch", action: () => 1 });

  const events = await eventsOf(one.stream("fetch", undefined, { logger: { log: raise } }));

  assertEquals(events.map(({ type }) => type), ["run.start", "step.start", "step.log", "step.result", "run.end"]);
});

Deno.test("a logger that throws keeps no other from its lines", async () => {
  const sink = new TextSink();

  await workflow.run("fetch", { batch: "B-1" }, { logger: { log: raise, event: raise }, loggerSink: sink, clock });

  assertEquals(sink.lines, LINES);
});

Deno.test("a logger that throws now and then is called again", async () => {
  const names: string[] = [];
  const logger: StepLogger = {
    log: (stepName) => {
      names.push(stepName);
      if (names.length === 1) raise();
    },
  };

  await workflow.run("fetch", { batch: "B-1" }, { logger });

  assertEquals(names, ["fetch", "process", "process"]);
});

/** A sink as a string. */
class TextSink implements LogSink {
  readonly texts: string[] = [];

  get lines(): string[] {
    return this.texts.join("").split("\n").slice(0, -1);
  }

  write(text: string): void {
    this.texts.push(text);
  }
}

function recordingLogger(): { logger: StepLogger; calls: unknown[][] } {
  const calls: unknown[][] = [];
  const logger: StepLogger = {
    log: (...args) => void calls.push(["log", ...args]),
    event: (...args) => void calls.push(["event", ...args]),
  };
  return { logger, calls };
}

function eventsOf(stream: AsyncIterable<WorkflowEvent>): Promise<WorkflowEvent[]> {
  return Array.fromAsync(stream);
}

function raise(): never {
  throw BROKEN_ERROR;
}

function reject(): Promise<never> {
  return Promise.reject(BROKEN_ERROR);
}
