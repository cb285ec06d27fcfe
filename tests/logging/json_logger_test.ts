import { JsonLogger, Workflow } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";

const timestamp = "2024-01-01T10:00:00.000Z";
const clock = { now: () => Date.UTC(2024, 0, 1, 10) };

Deno.test("JsonLogger.log() writes one object a line, its fields in a fixed order", () => {
  assertEquals(
    written((logger) => logger.log("fetch", { batch: "B-1" }, { ok: true, value: ["A"], error: null })),
    [`{"timestamp":"${timestamp}","step":"fetch","payload":{"batch":"B-1"},"result":["A"],"error":null}\n`],
  );
});

Deno.test("JsonLogger.log() writes the error of a failed step as text", () => {
  assertEquals(
    parsed((logger) => logger.log("fetch", 1, { ok: false, value: null, error: new Error("boom") })),
    [{ timestamp, step: "fetch", payload: 1, result: null, error: "Error: boom" }],
  );
});

Deno.test("JsonLogger.log() writes null for a payload and a value that are undefined", () => {
  assertEquals(
    parsed((logger) => logger.log("fetch", undefined, { ok: true, value: undefined, error: null })),
    [{ timestamp, step: "fetch", payload: null, result: null, error: null }],
  );
});

Deno.test("JsonLogger.event() keeps the data in a field of its own, where it can pass for no other", () => {
  const data = { step: "forged", timestamp: 0 };

  assertEquals(parsed((logger) => logger.event("fetch", "start", data)), [
    { timestamp, step: "fetch", event: "start", data },
  ]);
});

Deno.test("JsonLogger.event() leaves data out where there is none", () => {
  assertEquals(parsed((logger) => logger.event("fetch", "start", undefined)), [
    { timestamp, step: "fetch", event: "start" },
  ]);
});

Deno.test("JsonLogger writes what JSON cannot hold in words", () => {
  const data = { big: 1n, when: new Date(0), all: new Set([1]), not: NaN, call: () => 1, error: new Error("boom") };

  assertEquals(parsed((logger) => logger.event("fetch", "seen", data)), [{
    timestamp,
    step: "fetch",
    event: "seen",
    data: {
      big: "1",
      when: "1970-01-01T00:00:00.000Z",
      all: "[Set]",
      not: "NaN",
      call: "[function]",
      error: { name: "Error", message: "boom" },
    },
  }]);
});

Deno.test("JsonLogger hears of a whole run", async () => {
  const texts: string[] = [];
  const logger = new JsonLogger({ write: (text) => texts.push(text) }, { clock });
  const workflow = new Workflow()
    .add({
      name: "load",
      action: (_ctx, _payload, log) => {
        log.event("start", { items: 1 });
        return ["a"];
      },
      decision: (_ctx, result, enqueue) => enqueue.tail("process", result.value?.[0]),
    })
    .add({
      name: "process",
      action: () => {
        throw new Error("boom");
      },
    });

  await workflow.run("load", "B-1", { logger });

  assertEquals(texts.map((text) => JSON.parse(text)), [
    { timestamp, step: "load", event: "start", data: { items: 1 } },
    { timestamp, step: "load", payload: "B-1", result: ["a"], error: null },
    { timestamp, step: "process", payload: "a", result: null, error: "Error: boom" },
  ]);
});

function written(write: (logger: JsonLogger) => void): string[] {
  const texts: string[] = [];
  write(new JsonLogger({ write: (text) => texts.push(text) }, { clock }));
  return texts;
}

function parsed(write: (logger: JsonLogger) => void): unknown[] {
  return written(write).map((text) => JSON.parse(text));
}
