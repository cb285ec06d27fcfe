import { type Clock, MemoryStore, systemClock, Workflow } from "@stepstream/workflow";
import { Runner } from "@stepstream/workflow/runner";
import { assertEquals } from "@std/assert";

/** A clock whose timers are objects, and what else it was asked to take back. */
class ObjectClock implements Clock {
  readonly strangers: unknown[] = [];

  now(): number {
    return systemClock.now();
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    return { timer: systemClock.setTimeout(callback, delayMs) };
  }

  clearTimeout(timer: unknown): void {
    if (typeof timer === "object" && timer !== null && "timer" in timer) systemClock.clearTimeout(timer.timer);
    else this.strangers.push(timer);
  }
}

Deno.test("Runner takes back only such timers as its clock has made", async () => {
  const clock = new ObjectClock();
  let attempts = 0;
  const workflow = new Workflow({ name: "work" }).add({
    name: "work",
    action: async () => {
      attempts += 1;
      if (attempts === 1) throw new Error("not yet");
      return await Promise.resolve("done");
    },
    retry: { maxAttempts: 2 },
    timeoutMs: 1_000,
    idleTimeoutMs: 1_000,
  });
  const runner = new Runner({ workflows: [workflow], store: new MemoryStore(), clock });

  await runner.recover();
  const { runId } = await runner.start("work", "work");
  const types = await Array.fromAsync(runner.follow(runId), ({ type }) => type);
  await runner.recover();
  await runner.close();

  assertEquals(types, ["run.start", "step.start", "step.retry", "step.start", "step.result", "run.end"]);
  assertEquals(clock.strangers, []);
});
