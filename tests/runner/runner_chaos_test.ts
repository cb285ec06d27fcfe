import { MemoryStore, type WorkflowEvent } from "@stepstream/workflow";
import { Runner } from "@stepstream/workflow/runner";
import { assertEquals, assertGreater } from "@std/assert";
import { CRASH_STEPS, crashWorkflow, withoutLast } from "../crash/crash_workflow.ts";
import { laterTurn } from "../tools/events.ts";
import { type Fate, FaultyStore } from "../tools/faulty_store.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { Random } from "../tools/random.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";

const RUN_IDS = ["r1", "r2", "r3", "r4"];

for (const seed of [1, 2]) {
  Deno.test(`Runner completes every run and loses no event, though calls of the store fail (seed ${seed})`, async () => {
    using trap = new RejectionTrap();
    const store = new MemoryStore();
    const clock = new ManualClock();
    const expected = await crashWorkflow(() => {}).run("chain", 0, { store, runId: "undisturbed", concurrency: 4 });
    const random = new Random(seed);
    let faults = 0;
    const fateOf = (): Fate => {
      if (!random.percent(3)) return "answered";
      faults += 1;
      return random.percent(50) ? "lost" : "done but lost";
    };
    const [here, there] = [0, 1].map(() =>
      new Runner({
        workflows: [crashWorkflow(() => {})],
        store: new FaultyStore(store, fateOf),
        clock,
        leaseMs: 300,
        pollMs: 50,
        runOptions: { concurrency: 4 },
      })
    ) as [Runner, Runner];
    let isOver = false;
    const time = (async () => {
      while (!isOver) {
        await laterTurn();
        clock.tick(15);
      }
    })();

    await Promise.all([here, there].map((runner) => insist(() => runner.recover())));
    for (const runId of RUN_IDS) await insist(() => here.start("crash", "chain", 0, { runId }));
    const readings = await Promise.all(RUN_IDS.map((runId, i) => readThrough(i % 2 === 0 ? here : there, runId)));
    await Promise.all([here.close(), there.close()]);
    isOver = true;
    await time;

    for (const [i, runId] of RUN_IDS.entries()) {
      const events: WorkflowEvent[] = (await store.events(runId, 0, 1e6)).map(({ text }) => JSON.parse(text));
      assertEquals(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
      assertEquals(JSON.stringify(readings[i]), JSON.stringify(events));
      const tokens = events.flatMap((event) => event.type === "step.result" ? [event.token] : []);
      assertEquals([tokens.length, new Set(tokens).size], [CRASH_STEPS, CRASH_STEPS]);
      const { context } = await crashWorkflow(() => {}).resume(runId, { store }).result;
      assertEquals(withoutLast(context), withoutLast(expected.context));
    }
    assertGreater(faults, 20);
    assertEquals(clock.pendingMs, []);
    assertEquals(trap.reasons, []);
  });
}

/** Does it again until the store lets it. */
async function insist(act: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      return void await act();
    } catch {
      await laterTurn();
    }
  }
}

/** Follows a run to its end, and comes back whenever its reading fails. */
async function readThrough(runner: Runner, runId: string): Promise<WorkflowEvent[]> {
  const events: WorkflowEvent[] = [];
  await insist(async () => {
    for await (const event of runner.follow(runId, { after: events.length })) events.push(event);
    if (events.at(-1)?.type !== "run.end") throw new Error("The reading ended before the run");
  });
  return events;
}
