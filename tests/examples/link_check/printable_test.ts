import { assertEquals } from "@std/assert";
import { printable } from "../../../examples/link_check/printable.ts";

Deno.test("printable() leaves nothing that a terminal obeys", () => {
  assertEquals(printable("a\x1b[31mb\r\nc\u009b2Jd\u202ee"), "a [31mb c 2Jd e");
});
