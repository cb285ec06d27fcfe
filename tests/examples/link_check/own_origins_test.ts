import { assertEquals } from "@std/assert";
import { OwnOrigins } from "../../../examples/link_check/own_origins.ts";

Deno.test("OwnOrigins learns nothing if it was told", () => {
  const origins = new OwnOrigins(["http://localhost:8000"]);

  origins.learn("http://forged.example");

  assertEquals(origins.all, ["http://localhost:8000"]);
});

Deno.test("OwnOrigins remembers where clients have asked last, and no more than it should", () => {
  const origins = new OwnOrigins(undefined);
  const used = "http://used.example";

  for (let index = 0; index < 100; index += 1) {
    origins.learn(used);
    origins.learn(`http://${index}.example`);
  }

  const known = [used, "http://99.example", "http://85.example", "http://84.example", "http://0.example"];
  assertEquals(known.map((origin) => origins.all.includes(origin)), [true, true, true, false, false]);
});
