import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { onLaterTurn } from "../../src/core/later_turn.ts";

Deno.test("onLaterTurn() calls back on a turn of the event loop, though a test fakes time", async () => {
  using _time = new FakeTime();

  await new Promise<void>((resolve) => void onLaterTurn(resolve));
});

Deno.test("onLaterTurn() does not call back once it is taken back", async () => {
  const called: string[] = [];
  const takeBack = onLaterTurn(() => called.push("taken back"));
  onLaterTurn(() => called.push("left"));
  takeBack();

  await new Promise<void>((resolve) => void onLaterTurn(resolve));

  assertEquals(called, ["left"]);
});
