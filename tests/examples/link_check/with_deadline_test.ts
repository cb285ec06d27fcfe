import { assertEquals, assertRejects } from "@std/assert";
import { DeadlineError, withDeadline } from "../../../examples/link_check/with_deadline.ts";
import { ManualClock } from "../../tools/manual_clock.ts";
import { spiedSignal } from "../../tools/spied_signal.ts";

Deno.test("withDeadline() answers what the work does and leaves neither timer nor listener", async () => {
  const clock = new ManualClock();
  const outer = spiedSignal();

  const value = await withDeadline({ signal: outer.signal, timeoutMs: 50, clock }, () => Promise.resolve(7));

  assertEquals([value, clock.pendingMs, outer.listeners], [7, [], 0]);
});

Deno.test("withDeadline() aborts the work when its time is up", async () => {
  const clock = new ManualClock();
  const work = withDeadline({ signal: new AbortController().signal, timeoutMs: 1_500, clock }, untilAborted);

  clock.tick(1_500);

  await assertRejects(() => work, DeadlineError, "No answer within 1.5 s");
});

Deno.test("withDeadline() aborts the work with the outer signal and its reason, and never starts it too late", async () => {
  const clock = new ManualClock();
  const outer = spiedSignal();
  const work = withDeadline({ signal: outer.signal, timeoutMs: 50, clock }, untilAborted);

  outer.abort(new RangeError("enough"));

  await assertRejects(() => work, RangeError, "enough");
  await assertRejects(
    () => withDeadline({ signal: outer.signal, timeoutMs: 50, clock }, () => Promise.resolve(7)),
    RangeError,
    "enough",
  );
  assertEquals([clock.pendingMs, outer.listeners], [[], 0]);
});

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
