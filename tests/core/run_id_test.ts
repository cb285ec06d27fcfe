import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { createRunId } from "../../src/core/run_id.ts";

Deno.test("createRunId() answers a new UUID each time", () => {
  assertMatch(createRunId(), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assertNotEquals(createRunId(), createRunId());
});

Deno.test("createRunId() answers 128 random bits where there is no randomUUID, as on a page over plain http", () => {
  // Hides the prototype's.
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  using _bytes = stub(crypto, "getRandomValues", (bytes) => {
    (bytes as Uint8Array).set([0, 1, 15, 16, 255]);
    return bytes;
  });
  try {
    assertEquals(createRunId(), "00010f10ff0000000000000000000000");
  } finally {
    Reflect.deleteProperty(crypto, "randomUUID");
  }
});
