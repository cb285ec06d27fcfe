import { assertEquals } from "@std/assert";
import { describedText, describeError } from "../../src/core/describe_error.ts";
import { toText } from "../../src/core/to_text.ts";

Deno.test("describeError() tells an error's name and message, without its stack", () => {
  assertEquals(describeError(new RangeError("too far")), { name: "RangeError", message: "too far" });
});

Deno.test("describeError() follows the causes", () => {
  const error = new Error("outer", { cause: new TypeError("middle", { cause: "inner" }) });

  assertEquals(describeError(error), {
    name: "Error",
    message: "outer",
    cause: { name: "TypeError", message: "middle", cause: { name: "Error", message: "inner" } },
  });
});

Deno.test("describeError() comes to an end with causes that go in a circle", () => {
  const error = new Error("round");
  error.cause = new Error("and round", { cause: error });

  const described = describeError(error);

  const { name, message, cause } = described;
  assertEquals({ name, message, next: cause?.message }, { name: "Error", message: "round", next: "and round" });
  // It has to be JSON, whatever its length.
  assertEquals(JSON.parse(JSON.stringify(described)), described);
});

const THROWN: readonly [what: string, thrown: unknown, message: string][] = [
  ["a string", "boom", "boom"],
  ["undefined", undefined, "undefined"],
  ["null", null, "null"],
  ["a number", 7, "7"],
  ["a bigint", 7n, "7"],
  ["a symbol", Symbol("boom"), "Symbol(boom)"],
  ["an object", { code: 7 }, "[object Object]"],
  ["an object without a prototype", Object.create(null), "[unreadable]"],
  ["an object whose toString throws", { toString: () => raise() }, "[unreadable]"],
  ["a revoked proxy", revokedProxy(), "[unreadable]"],
  ["an error whose message throws", Object.defineProperty(new Error(), "message", { get: raise }), "[unreadable]"],
  ["an error whose cause throws", Object.defineProperty(new Error("x"), "cause", { get: raise }), "[unreadable]"],
];

for (const [what, thrown, message] of THROWN) {
  Deno.test(`describeError() has words for ${what}`, () => {
    assertEquals(describeError(thrown), { name: "Error", message });
  });
}

Deno.test("describeError() makes text of a name and a message that are none", () => {
  const error = Object.assign(new Error(), { name: Symbol("name"), message: { code: 7 } });

  assertEquals(describeError(error), { name: "Symbol(name)", message: "[object Object]" });
});

Deno.test("describedText() is what String(error) would be", () => {
  const errors = [["RangeError", "too far"], ["RangeError", ""], ["", "too far"], ["", ""]]
    .map(([name, message]) => Object.assign(new Error(message), { name }));

  assertEquals(errors.map((error) => describedText(describeError(error))), errors.map(String));
});

Deno.test("toText() is String(value) where that works", () => {
  assertEquals([new Error("boom"), null, 7n, Symbol("s"), "x"].map(toText), [
    "Error: boom",
    "null",
    "7",
    "Symbol(s)",
    "x",
  ]);
});

Deno.test("toText() never throws", () => {
  assertEquals([Object.create(null), { toString: raise }, revokedProxy()].map(toText), [
    "[unreadable]",
    "[unreadable]",
    "[unreadable]",
  ]);
});

function raise(): never {
  throw new Error("raised");
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
