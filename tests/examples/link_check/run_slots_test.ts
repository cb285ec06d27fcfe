import { assertEquals } from "@std/assert";
import { RunSlots } from "../../../examples/link_check/run_slots.ts";
import { ManualClock } from "../../tools/manual_clock.ts";
import { spiedSignal } from "../../tools/spied_signal.ts";

Deno.test("RunSlots.take() answers null while all slots are taken; release() counts once", () => {
  const slots = new RunSlots({ maxRuns: 2, maxRunMs: 1_000, signal: undefined, clock: new ManualClock() });
  const first = slots.take();
  slots.take();

  const whileFull = slots.take();
  first?.release();
  first?.release();
  const afterRelease = slots.take();
  const fullAgain = slots.take();

  assertEquals([whileFull, afterRelease === null, fullAgain], [null, false, null]);
});

Deno.test("RunSlots ends a run whose time is up and gives its slot away", () => {
  const clock = new ManualClock();
  const slots = new RunSlots({ maxRuns: 1, maxRunMs: 1_000, signal: undefined, clock });
  const slot = slots.take();

  clock.tick(999);
  const early = slot?.signal.aborted;
  clock.tick(1);

  assertEquals([early, slot?.signal.aborted], [false, true]);
  assertEquals(String(slot?.signal.reason), "RunTimeError: The run took longer than 1 s");
  assertEquals(slots.take() === null, false);
});

Deno.test("RunSlots ends every run with the server's reason, also one that comes too late", () => {
  const server = spiedSignal();
  const slots = new RunSlots({ maxRuns: 9, maxRunMs: 1_000, signal: server.signal, clock: new ManualClock() });
  const early = slots.take();

  server.abort("shutdown");
  const late = slots.take();

  assertEquals([early?.signal.reason, late?.signal.reason], ["shutdown", "shutdown"]);
});

Deno.test("RunSlots leaves neither timer nor listener behind a released run", () => {
  const server = spiedSignal();
  const clock = new ManualClock();
  const slots = new RunSlots({ maxRuns: 9, maxRunMs: 1_000, signal: server.signal, clock });

  slots.take()?.release();

  assertEquals([clock.pendingMs, server.listeners], [[], 0]);
});
