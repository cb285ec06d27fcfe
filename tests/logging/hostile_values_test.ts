import { JsonLogger, type Result, type StepLogger, StructuredLogger } from "@stepstream/workflow";
import { assert, assertEquals, assertLess, assertNotMatch } from "@std/assert";

const clock = { now: () => Date.UTC(2024, 0, 1, 10) };
const timestamp = "2024-01-01T10:00:00.000Z";

/** What ends, overwrites or reorders a line, for a terminal, a log reader or JavaScript. */
const LINE_BREAKER = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

const FORGED = `x\n${timestamp} step=forged event=forged`;

/** Texts that must come back from a line as they were. */
const TEXTS: readonly [what: string, text: string][] = [
  ["a newline", FORGED],
  ["a carriage return", "first\rsecond\r\n"],
  ["quotes", `" step="forged" error="none`],
  ["fields", "x step=forged event=forged error=null"],
  ["backslashes", '\\" \\n \\'],
  ["NUL", "a\0b"],
  ["control characters", "\x1b[2K\x1b[1A\b\t\v\f\x7f"],
  ["U+0085", "a\u0085b"],
  ["U+2028", "a\u2028b"],
  ["U+2029", "a\u2029b"],
  ["directional overrides", "a\u202egnirts\u202c \u202a\u202b\u202d"],
  ["directional isolates", "a\u2066b\u2067c\u2068d\u2069"],
  ["a lone high surrogate", "a\ud800b"],
  ["a lone low surrogate", "\udc00"],
  ["surrogate pairs", "👩‍🚀"],
  ["nothing", ""],
  ["a space", " "],
  ["a megabyte", "a\n".repeat(512 * 1024)],
  ["__proto__", "__proto__"],
  ["the word null", "null"],
];

/** Values that no line can hold as they are; each has to be made fresh, as looking may change it. */
const VALUES: readonly [what: string, make: () => unknown][] = [
  ["a cycle", () => {
    const cycle: Record<string, unknown> = { text: FORGED };
    cycle.self = [cycle];
    return cycle;
  }],
  ["a BigInt", () => ({ big: 2n ** 64n })],
  ["a Symbol", () => ({ symbol: Symbol(FORGED) })],
  ["a symbol as a key", () => ({ [Symbol(FORGED)]: 1, text: FORGED })],
  ["a symbol as a key next to a BigInt", () => ({ [Symbol("s")]: 1, big: 1n })],
  ["a symbol as a key in a cycle", () => {
    const cycle: Record<PropertyKey, unknown> = { [Symbol("s")]: 1 };
    cycle.self = cycle;
    return cycle;
  }],
  ["functions", () => ({ call: () => FORGED, type: class Forged {} })],
  ["NaN and -0", () => [NaN, -0, Infinity]],
  ["undefined in an array", () => [undefined, , FORGED]],
  ["an error with causes", () => new Error(FORGED, { cause: new TypeError(FORGED, { cause: FORGED }) })],
  ["an error that causes itself", () => {
    const error = new Error(FORGED);
    error.cause = error;
    return { error };
  }],
  ["an error with a hostile name", () => Object.assign(new Error(FORGED), { name: FORGED })],
  ["an error whose message throws", () => Object.defineProperty(new Error(), "message", { get: raise })],
  ["an error without a prototype to print it", () => Object.setPrototypeOf(new Error(FORGED), null)],
  ["a __proto__ key", () => JSON.parse(`{"__proto__":{"step":"forged"},"constructor":{"prototype":1}}`)],
  ["a __proto__ key in a copy", () => Object.assign(JSON.parse(`{"__proto__":{"step":"forged"}}`), { big: 1n })],
  ["a getter that throws", () => ({
    get text() {
      return raise();
    },
  })],
  ["a getter that throws hostile text", () => ({
    get text() {
      throw FORGED;
    },
  })],
  ["a getter that throws when it is read again", () => {
    let reads = 0;
    return {
      get text() {
        reads += 1;
        return reads === 1 ? "first" : raise();
      },
    };
  }],
  ["a getter that is a BigInt when it is read again", () => {
    let reads = 0;
    return {
      get text() {
        reads += 1;
        return reads === 1 ? "first" : { big: 1n };
      },
    };
  }],
  ["a getter that gives a new object each time", () => ({
    get next() {
      return { big: 1n, at: Symbol("s") };
    },
  })],
  ["a toJSON that throws", () => ({
    at: new (class {
      toJSON = raise;
    })(),
  })],
  ["a toJSON of a class that throws", () => ({
    at: new (class At {
      toJSON() {
        return raise();
      }
    })(),
  })],
  ["a toJSON that answers hostile text", () => ({
    at: new (class At {
      toJSON() {
        return FORGED;
      }
    })(),
  })],
  ["a toJSON that answers itself", () => ({
    at: new (class At {
      toJSON() {
        return this;
      }
    })(),
  })],
  ["a toJSON that answers undefined", () => Object.create(Object.create(null, { toJSON: { value: () => undefined } }))],
  ["a toJSON on an array", () => Object.assign([1], { toJSON: () => undefined })],
  ["a toJSON on an array that throws", () => ({ list: Object.assign([1], { toJSON: raise }) })],
  ["a null-prototype object", () => Object.assign(Object.create(null), { text: FORGED })],
  ["an invalid date", () => ({ at: new Date(NaN) })],
  ["maps, sets and bytes", () => [new Map([[FORGED, 1]]), new Set([FORGED]), new Uint8Array(2)]],
  ["a class with a hostile name", () => {
    class Named {}
    Object.defineProperty(Named, "name", { value: FORGED });
    return new Named();
  }],
  ["a class whose name is a symbol", () => {
    class Named {}
    Object.defineProperty(Named, "name", { value: Symbol("s") });
    return new Named();
  }],
  ["a proxy that throws at everything", () => new Proxy({}, { getPrototypeOf: raise, ownKeys: raise, get: raise })],
  ["a revoked proxy", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return { proxy };
  }],
  ["hostile keys", () => ({ [FORGED]: 1, "a=b c": 2, "": 3, "\u2028": 4, "\ud800": 5 })],
  ["the logger's own keys", () => ({ timestamp: "0", step: "forged", event: "forged", error: "forged" })],
  ["very deep nesting", () => {
    let deep: unknown = FORGED;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    return deep;
  }],
];

/** A line, read back. */
interface Fields {
  readonly keys: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}

const FORMATS: readonly {
  readonly name: string;
  readonly create: (write: (text: string) => void) => StepLogger;
  readonly parse: (line: string) => Fields;
}[] = [
  {
    name: "StructuredLogger",
    create: (write) => new StructuredLogger({ write }, { clock }),
    parse: parseStructured,
  },
  {
    name: "JsonLogger",
    create: (write) => new JsonLogger({ write }, { clock }),
    parse: (line) => {
      const values = JSON.parse(line);
      assert(
        typeof values === "object" && values !== null && !Array.isArray(values),
        `no object: ${line.slice(0, 200)}`,
      );
      return { keys: Object.keys(values), values };
    },
  },
];

for (const { name, create, parse } of FORMATS) {
  const lineOf = (call: (logger: StepLogger) => void): Fields => parse(oneLine(create, call));

  for (const [what, text] of TEXTS) {
    Deno.test(`${name} keeps ${what} in a payload, a value and an error`, () => {
      const { keys, values } = lineOf((logger) => logger.log("fetch", { text }, failed(text)));

      assertEquals({ keys, values }, {
        keys: ["timestamp", "step", "payload", "result", "error"],
        values: { timestamp, step: "fetch", payload: { text }, result: null, error: text },
      });
    });

    Deno.test(`${name} keeps ${what} in the names of a step and an event`, () => {
      const { keys, values } = lineOf((logger) => logger.event?.(text, text, undefined));

      assertEquals({ keys, values }, {
        keys: ["timestamp", "step", "event"],
        values: { timestamp, step: text, event: text },
      });
    });
  }

  for (const [what, make] of VALUES) {
    Deno.test(`${name} writes one line for ${what} as the payload and the value`, () => {
      const { keys, values } = lineOf((logger) =>
        logger.log("fetch", make(), { ok: true, value: make(), error: null })
      );

      assertEquals({ keys, timestamp: values.timestamp, step: values.step, error: values.error }, {
        keys: ["timestamp", "step", "payload", "result", "error"],
        timestamp,
        step: "fetch",
        error: null,
      });
    });

    Deno.test(`${name} writes one line for ${what} as the error`, () => {
      const { keys, values } = lineOf((logger) => logger.log("fetch", 1, failed(make())));

      assertEquals({ keys, step: values.step, payload: values.payload, errorIs: typeof values.error }, {
        keys: ["timestamp", "step", "payload", "result", "error"],
        step: "fetch",
        payload: 1,
        errorIs: "string",
      });
    });

    Deno.test(`${name} writes one line for ${what} as an event's data`, () => {
      const { keys, values } = lineOf((logger) => logger.event?.("fetch", "seen", make()));

      assertEquals({ first: keys.slice(0, 3), timestamp: values.timestamp, step: values.step, event: values.event }, {
        first: ["timestamp", "step", "event"],
        timestamp,
        step: "fetch",
        event: "seen",
      });
    });
  }

  Deno.test(`${name} does not follow a toJSON that multiplies`, () => {
    let calls = 0;
    class Twins {
      toJSON(): unknown {
        calls += 1;
        // Ends the test should the logger not end by itself.
        if (calls > 10_000) throw new Error("enough");
        return [new Twins(), new Twins()];
      }
    }

    oneLine(create, (logger) => logger.event?.("fetch", "seen", { twins: new Twins() }));

    assertLess(calls, 2_000);
  });
}

Deno.test("StructuredLogger quotes a data key that could pass for a field of its own", () => {
  const line = oneLine(
    (write) => new StructuredLogger({ write }, { clock }),
    (logger) => logger.event?.("fetch", "seen", { timestamp: 0, step: "forged", event: "forged" }),
  );

  assertEquals(line, `timestamp=${timestamp} step=fetch event=seen "timestamp"=0 "step"="forged" "event"="forged"`);
});

Deno.test("StructuredLogger writes each data key once, also one named __proto__", () => {
  const data = JSON.parse(`{"__proto__":{"step":"forged"},"plain":1}`);

  const line = oneLine(
    (write) => new StructuredLogger({ write }, { clock }),
    (logger) => logger.event?.("fetch", "seen", data),
  );

  assertEquals(line, `timestamp=${timestamp} step=fetch event=seen __proto__={"step":"forged"} plain=1`);
});

function failed(error: unknown): Result {
  return { ok: false, value: null, error };
}

/** What the logger writes, asserted to be one line in one write, without its end. */
function oneLine(create: (write: (text: string) => void) => StepLogger, call: (logger: StepLogger) => void): string {
  const texts: string[] = [];

  call(create((text) => texts.push(text)));

  assertEquals(texts.length, 1);
  const [text = ""] = texts;
  assertEquals(text.at(-1), "\n");
  const line = text.slice(0, -1);
  assertNotMatch(line, LINE_BREAKER);
  return line;
}

/** Reads `key=value` pairs: keys bare or quoted, values JSON, but for the names and the time, which may be bare. */
function parseStructured(line: string): Fields {
  const keys: string[] = [];
  const values: Record<string, unknown> = Object.create(null);
  let rest = line;
  while (rest !== "") {
    const [key, afterKey] = split(rest, "=");
    const [value, afterValue] = split(afterKey, " ");
    keys.push(key);
    // A quoted key is data, whatever it is called.
    if (!key.startsWith('"')) values[key] = isBareField(key, value) ? value : JSON.parse(value);
    rest = afterValue;
  }
  return { keys, values: { ...values } };
}

function isBareField(key: string, value: string): boolean {
  return ["timestamp", "step", "event"].includes(key) && !value.startsWith('"');
}

/** The text before and after the first separator outside quotes. */
function split(text: string, separator: string): [before: string, after: string] {
  let isQuoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (isQuoted && character === "\\") index += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && character === separator) return [text.slice(0, index), text.slice(index + 1)];
  }
  return [text, ""];
}

function raise(): never {
  throw new Error("raised");
}
