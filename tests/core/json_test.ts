import { SerializationError } from "@stepstream/workflow";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { toJson } from "../../src/core/json.ts";

const PAYLOAD = { name: "payload", stepName: "fetch" };

Deno.test("toJson() answers JSON as the very value, uncopied", () => {
  const values = [null, true, 0, -1.5, "text", [], {}, [1, [2]], { a: { b: [null] } }, Object.create(null)];

  for (const value of values) assertStrictEquals(toJson(value, PAYLOAD), value);
});

Deno.test("toJson() lets a property be undefined, as it reads the same when it is left out", () => {
  const value = { a: 1, b: undefined };

  assertStrictEquals(toJson(value, PAYLOAD), value);
});

Deno.test("toJson() lets one object be in a value twice", () => {
  const shared = { a: 1 };
  const value = { left: shared, right: [shared, shared] };

  assertStrictEquals(toJson(value, PAYLOAD), value);
});

Deno.test("toJson() names the step, the path and what it met there", () => {
  const error = assertThrows(
    () => toJson({ items: [1, 2, 3, { when: new Date(0) }] }, PAYLOAD),
    SerializationError,
  );

  const { message, stepName, path } = error;
  assertEquals({ message, stepName, path }, {
    message: 'Cannot write payload.items[3].when of step "fetch" as JSON: it is a Date',
    stepName: "fetch",
    path: "payload.items[3].when",
  });
});

Deno.test("toJson() names no step for what belongs to the run", () => {
  assertThrows(
    () => toJson({ total: 1n }, { name: "context", stepName: null }),
    SerializationError,
    "Cannot write context.total as JSON: it is a bigint",
  );
});

const PATHS: readonly [key: string, path: string][] = [
  ["plain", "payload.plain"],
  ["$_1", "payload.$_1"],
  ["größe", "payload.größe"],
  ["two words", 'payload["two words"]'],
  ["1st", 'payload["1st"]'],
  ["", 'payload[""]'],
  ['a"b\n', 'payload["a\\"b\\n"]'],
  ["__proto__", "payload.__proto__"],
];

for (const [key, path] of PATHS) {
  Deno.test(`toJson() writes the path of the key ${JSON.stringify(key)} so that it can be read`, () => {
    const value = Object.fromEntries([[key, 1n]]);

    assertEquals(assertThrows(() => toJson(value, PAYLOAD), SerializationError).path, path);
  });
}

class Point {
  readonly x = 1;
}

const cycle: Record<string, unknown> = { a: {} };
cycle.a = { b: cycle };

// A prototype that has none itself does not make its objects class instances at first sight.
const bareWithToJson = Object.create(null, { toJSON: { value: () => "changed" } });

const UNFIT: readonly [what: string, value: unknown, path: string, found: string][] = [
  ["a Date", { at: new Date(0) }, "payload.at", "a Date"],
  ["a Map", { at: new Map() }, "payload.at", "a Map"],
  ["a Set", { at: new Set() }, "payload.at", "a Set"],
  ["a BigInt", { at: 1n }, "payload.at", "a bigint"],
  ["NaN", { at: NaN }, "payload.at", "NaN"],
  ["Infinity", { at: -Infinity }, "payload.at", "-Infinity"],
  ["undefined in an array", { at: [1, undefined] }, "payload.at[1]", "undefined"],
  ["a hole in an array", { at: new Array(1) }, "payload.at[0]", "undefined"],
  ["a function", { at: () => 1 }, "payload.at", "a function"],
  ["a symbol", { at: Symbol("s") }, "payload.at", "a symbol"],
  ["a symbol as a key", { at: { [Symbol("s")]: 1 } }, "payload.at", "an object with symbols as keys"],
  ["a class instance", { at: new Point() }, "payload.at", "a Point"],
  ["an instance of a class without a name", { at: new (class {})() }, "payload.at", "a class instance"],
  ["a boxed string", { at: Object("s") }, "payload.at", "a String"],
  ["a typed array", { at: new Uint8Array(1) }, "payload.at", "a Uint8Array"],
  ["a regular expression", { at: /x/ }, "payload.at", "a RegExp"],
  ["a promise", { at: Promise.resolve(1) }, "payload.at", "a Promise"],
  ["a URL", { at: new URL("https://example.com") }, "payload.at", "a URL"],
  ["a toJSON of its own", { at: { toJSON: () => 1 } }, "payload.at", "an object with a toJSON"],
  ["a cycle", cycle, "payload.a.b", "a cycle"],
  ["the value itself", 1n, "payload", "a bigint"],
];

for (const [what, value, path, found] of UNFIT) {
  Deno.test(`toJson() rejects ${what}`, () => {
    const error = assertThrows(() => toJson(value, PAYLOAD), SerializationError);

    assertEquals(error.message, `Cannot write ${path} of step "fetch" as JSON: it is ${found}`);
  });
}

const UNTOLD_BY_JSON: readonly [what: string, value: unknown, path: string][] = [
  ["an inherited toJSON", { at: Object.create(bareWithToJson) }, "payload.at"],
  ["a toJSON on an array", { at: Object.assign([1], { toJSON: () => "changed" }) }, "payload.at"],
  ["a getter that throws", { at: Object.defineProperty({}, "x", { enumerable: true, get: raise }) }, "payload.at"],
  ["a proxy that throws", { at: new Proxy({}, { ownKeys: raise }) }, "payload.at"],
];

for (const [what, value, path] of UNTOLD_BY_JSON) {
  Deno.test(`toJson() rejects ${what}, which would not survive as JSON`, () => {
    const error = assertThrows(() => toJson(value, PAYLOAD), SerializationError);

    assertEquals({ stepName: error.stepName, startsAtPath: error.path.startsWith(path) }, {
      stepName: "fetch",
      startsAtPath: true,
    });
  });
}

Deno.test("toJson() takes 500 levels of nesting", () => {
  const value = nested(500);

  assertStrictEquals(toJson(value, PAYLOAD), value);
});

Deno.test("toJson() rejects more levels of nesting before they overflow a stack", () => {
  for (const depth of [501, 100_000]) {
    assertThrows(() => toJson(nested(depth), PAYLOAD), SerializationError, "it is nested deeper than 500 levels");
  }
});

Deno.test("toJson() makes { name, message, cause? } of errors, wherever they are", () => {
  const value = { first: new TypeError("one"), more: [new Error("two", { cause: new RangeError("three") })] };

  assertEquals(toJson(value, PAYLOAD), {
    first: { name: "TypeError", message: "one" },
    more: [{ name: "Error", message: "two", cause: { name: "RangeError", message: "three" } }],
  });
});

Deno.test("toJson() takes other words for errors", () => {
  const json = toJson({ error: new Error("secret") }, { ...PAYLOAD, describeError: () => "something went wrong" });

  assertEquals(json, { error: "something went wrong" });
});

Deno.test("toJson() does not write into the value it was given", () => {
  const error = new Error("boom");
  const value = { list: [1, error, 2], error };

  toJson(value, PAYLOAD);

  assertEquals(value, { list: [1, error, 2], error });
});

Deno.test("toJson() copies only what leads to a change", () => {
  const untouched = { a: [1, 2] };
  const value = { untouched, changed: { untouched, error: new Error("boom") } };

  const json = toJson(value, PAYLOAD);

  assertStrictEquals(Reflect.get(Object(json), "untouched"), untouched);
  assertStrictEquals(Reflect.get(Object(Reflect.get(Object(json), "changed")), "untouched"), untouched);
});

Deno.test("toJson() keeps a key named __proto__ a key, also in a copy", () => {
  const value = JSON.parse('{"__proto__":{"admin":true},"error":null}');
  value.error = new Error("boom");

  const json = toJson(value, PAYLOAD);

  assertEquals(JSON.stringify(json), '{"__proto__":{"admin":true},"error":{"name":"Error","message":"boom"}}');
  assertEquals(Reflect.get(Object(json), "admin"), undefined);
});

function nested(depth: number): unknown {
  let value: unknown = "deep";
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}

function raise(): never {
  throw new Error("raised");
}
