import { StructuredLogger } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";

const AT = "timestamp=2024-01-01T10:00:00.000Z";
const clock = { now: () => Date.UTC(2024, 0, 1, 10) };

Deno.test("StructuredLogger.event() writes the data's properties as fields", () => {
  assertEquals(
    written((logger) => logger.event("fetch", "start", { payload: { batch: "B-1" } })),
    [`${AT} step=fetch event=start payload={"batch":"B-1"}\n`],
  );
});

Deno.test("StructuredLogger.log() writes payload and result as JSON, and error=null", () => {
  assertEquals(
    written((logger) => logger.log("fetch", { batch: "B-1" }, { ok: true, value: ["A", "B"], error: null })),
    [`${AT} step=fetch payload={"batch":"B-1"} result=["A","B"] error=null\n`],
  );
});

Deno.test("StructuredLogger.log() writes the error of a failed step in quotes", () => {
  assertEquals(
    written((logger) => logger.log("fetch", "B-1", { ok: false, value: null, error: new Error("boom") })),
    [`${AT} step=fetch payload="B-1" result=null error="Error: boom"\n`],
  );
});

Deno.test("StructuredLogger.log() writes null for a payload and a value that are undefined", () => {
  assertEquals(
    written((logger) => logger.log("fetch", undefined, { ok: true, value: undefined, error: null })),
    [`${AT} step=fetch payload=null result=null error=null\n`],
  );
});

Deno.test("StructuredLogger.log() tells a thrown null from no error", () => {
  assertEquals(
    written((logger) => logger.log("fetch", 1, { ok: false, value: null, error: null })),
    [`${AT} step=fetch payload=1 result=null error="null"\n`],
  );
});

const DATA: readonly [what: string, data: unknown, fields: string][] = [
  ["no data", undefined, ""],
  ["an empty object", {}, ""],
  ["null", null, " data=null"],
  ["a string", "two words", ' data="two words"'],
  ["a number", 7, " data=7"],
  ["an array", [1, "a"], ' data=[1,"a"]'],
  ["several properties", { count: 2, by: "me" }, ' count=2 by="me"'],
  ["an undefined property", { count: undefined }, " count=null"],
  ["an error", new TypeError("boom"), ' name="TypeError" message="boom"'],
  ["a date", new Date(0), ' data="1970-01-01T00:00:00.000Z"'],
  ["keys with separators", { "a b": 1, "c=d": 2, "": 3 }, ' "a b"=1 "c=d"=2 ""=3'],
  ["keys of the logger's own", { timestamp: 1, step: 2, event: 3 }, ' "timestamp"=1 "step"=2 "event"=3'],
];

for (const [what, data, fields] of DATA) {
  Deno.test(`StructuredLogger.event() writes ${what}`, () => {
    assertEquals(written((logger) => logger.event("fetch", "seen", data)), [
      `${AT} step=fetch event=seen${fields}\n`,
    ]);
  });
}

Deno.test("StructuredLogger quotes names that could be read as something else", () => {
  assertEquals(
    written((logger) => {
      logger.event("fetch it", "a=b", undefined);
      logger.event("", 'say "hi"', undefined);
      logger.event("api/v1.fetch:retry-2@eu+1", "größe", undefined);
    }),
    [
      `${AT} step="fetch it" event="a=b"\n`,
      `${AT} step="" event="say \\"hi\\""\n`,
      `${AT} step=api/v1.fetch:retry-2@eu+1 event="größe"\n`,
    ],
  );
});

Deno.test("StructuredLogger answers what the sink's write answers, so that a rejection can be seen", async () => {
  const logger = new StructuredLogger({ write: (text) => Promise.resolve(text.length) });

  assertEquals(typeof await logger.event("fetch", "start", undefined), "number");
});

Deno.test("StructuredLogger takes the time from the system where no clock is given", () => {
  const texts: string[] = [];
  const before = new Date().toISOString();

  new StructuredLogger({ write: (text) => texts.push(text) }).event("fetch", "start", undefined);

  const timestamp = texts[0]?.match(/^timestamp=(\S+) /)?.[1] ?? "";
  assertEquals([before, timestamp, new Date().toISOString()].toSorted()[1], timestamp);
});

function written(write: (logger: StructuredLogger) => void): string[] {
  const texts: string[] = [];
  write(new StructuredLogger({ write: (text) => texts.push(text) }, { clock }));
  return texts;
}
