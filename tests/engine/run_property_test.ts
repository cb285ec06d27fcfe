import type { Any, RunOutcome, RunStream, TraceEntry, WorkflowEvent } from "@stepstream/workflow";
import { assert, assertEquals } from "@std/assert";
import { assertEventSequence } from "../tools/assert_event_sequence.ts";
import { laterTurn } from "../tools/events.ts";
import { Random } from "../tools/random.ts";
import { randomWorkflow } from "../tools/random_workflow.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";

const RUNS = 200;
const OPTIONS = { maxSteps: 60, context: { failures: 0 }, runId: "run-1", maxBufferedEvents: 4 };

/** Every promise is about runs of any shape, so each is tried on many; a failure names the seed that shows it. */
async function forManySeeds(check: (seed: number, random: Random) => Promise<void>): Promise<void> {
  for (let seed = 1; seed <= RUNS; seed += 1) {
    try {
      await check(seed, new Random(seed ^ 0x5eed));
    } catch (error) {
      throw new Error(`Seed ${seed} shows it`, { cause: error });
    }
  }
}

function openStream(seed: number, visit: () => void = () => {}, signal?: AbortSignal): RunStream {
  return randomWorkflow({ visit }).stream("a", { seed, depth: 0 }, { ...OPTIONS, signal });
}

interface Read {
  readonly events: WorkflowEvent<Any, Any>[];
  readonly failure: string | null;
}

/** Reads the way a random reader does: at once, after a pause, or several events ahead. */
async function readAtRandom(stream: RunStream, random: Random): Promise<Read> {
  const events: WorkflowEvent<Any, Any>[] = [];
  const failures: string[] = [];
  let isOver = false;
  while (!isOver) {
    const ahead = random.percent(20) ? 1 + random.below(6) : 1;
    const asked = Array.from({ length: ahead }, () => stream.next());
    for (const answer of await Promise.allSettled(asked)) {
      if (answer.status === "rejected") {
        failures.push(String(answer.reason));
        isOver = true;
      } else if (answer.value.done) isOver = true;
      else events.push(answer.value.value);
    }
    if (random.percent(5)) await laterTurn();
  }
  return { events, failure: failures[0] ?? null };
}

/** What a run came to, in words that can be compared. */
async function wordsOf(outcome: Promise<RunOutcome>): Promise<unknown> {
  try {
    const { context, trace } = await outcome;
    return { context, trace };
  } catch (error) {
    return String(error);
  }
}

function traceOf(events: readonly WorkflowEvent<Any, Any>[]): TraceEntry[] {
  return events.flatMap((event) =>
    event.type !== "step.result" ? [] : [{
      token: event.token,
      step: event.step,
      ok: event.result.ok,
      payloadIn: event.payload,
      value: event.result.value,
      error: event.result.ok ? null : String(event.result.error),
      attempts: event.attempt,
      queueLengthAfter: event.queueLength,
    }]
  );
}

Deno.test("Workflow.stream() of any workflow keeps the order of events", async () => {
  await forManySeeds(async (seed, random) => {
    const { events } = await readAtRandom(openStream(seed), random);

    assertEventSequence(events);
  });
});

Deno.test("Workflow.stream() of any workflow comes to what run() comes to", async () => {
  await forManySeeds(async (seed, random) => {
    const stream = openStream(seed);
    await readAtRandom(stream, random);

    const ofStream = await wordsOf(stream.result);
    const ofRun = await wordsOf(randomWorkflow({ visit: () => {} }).run("a", { seed, depth: 0 }, OPTIONS));

    assertEquals(ofStream, ofRun);
  });
});

Deno.test("Workflow.stream() of any workflow tells what its trace keeps", async () => {
  await forManySeeds(async (seed, random) => {
    const stream = openStream(seed);
    const { events, failure } = await readAtRandom(stream, random);

    if (failure === null) assertEquals(traceOf(events), (await stream.result).trace);
  });
});

Deno.test("Workflow.stream() of any workflow tells its failure in run.end and then to its reader", async () => {
  await forManySeeds(async (seed, random) => {
    const { events, failure } = await readAtRandom(openStream(seed), random);

    const end = events.at(-1);
    assert(end?.type === "run.end");
    assertEquals(failure, end.status === "failed" ? String(end.error) : null);
  });
});

Deno.test("Workflow.stream() of any workflow does the same in the same order however it is read", async () => {
  await forManySeeds(async (seed, random) => {
    const withoutTime = ({ at: _at, ...event }: WorkflowEvent<Any, Any>) =>
      JSON.stringify(event, (key, value) => key === "durationMs" || value instanceof Error ? String(key) : value);
    const options = { ...OPTIONS, maxBufferedEvents: Infinity };
    const open = () => randomWorkflow({ visit: () => {} }).stream("a", { seed, depth: 0 }, options);

    const { events } = await readAtRandom(open(), random);
    const { events: again } = await readAtRandom(open(), random);

    assertEquals(again.map(withoutTime), events.map(withoutTime));
  });
});

type Cancel = (stream: RunStream, controller: AbortController) => void;

const CANCELS: Record<string, Cancel> = {
  "cancel()": (stream) => void stream.cancel("enough"),
  "its signal": (_stream, controller) => controller.abort("enough"),
};

for (const [name, cancel] of Object.entries(CANCELS)) {
  Deno.test(`Workflow.stream() of any workflow keeps the order of events when ${name} cancels it between reads`, async () => {
    await forManySeeds(async (seed, random) => {
      const controller = new AbortController();
      const stream = openStream(seed, () => {}, controller.signal);
      const events: WorkflowEvent<Any, Any>[] = [];
      const stopAt = random.below(12);
      while (events.length < stopAt) {
        const { done, value } = await stream.next().catch(() => ({ done: true, value: undefined } as const));
        if (done) break;
        events.push(value);
      }

      cancel(stream, controller);
      const { events: rest } = await readAtRandom(stream, random);

      assertEventSequence([...events, ...rest]);
      await stream.return();
    });
  });

  Deno.test(`Workflow.stream() of any workflow keeps the order of events when ${name} cancels it from inside`, async () => {
    await forManySeeds(async (seed, random) => {
      const controller = new AbortController();
      let visitsLeft = random.below(30);
      let visitsLater = 0;
      const visit = () => {
        if (visitsLeft < 0) visitsLater += 1;
        if (visitsLeft === 0) cancel(stream, controller);
        visitsLeft -= 1;
      };
      const stream = openStream(seed, visit, controller.signal);

      const { events } = await readAtRandom(stream, random);
      await stream.return();

      assertEventSequence(events);
      // What is at work may go on for a while, but nothing new begins: a step visits only so often.
      assert(visitsLater <= 12, `${visitsLater} visits after the end`);
    });
  });
}

Deno.test("Workflow.stream() of any workflow is over when return() comes back, wherever its reader leaves", async () => {
  using trap = new RejectionTrap();

  await forManySeeds(async (seed, random) => {
    let isOver = false;
    let visitsLater = 0;
    const stream = openStream(seed, () => {
      if (isOver) visitsLater += 1;
    });
    const stopAt = random.below(20);
    for (let count = 0; count < stopAt; count += 1) {
      const { done } = await stream.next().catch(() => ({ done: true }));
      if (done) break;
    }
    const waiting = random.percent(50) ? stream.next().catch(() => null) : null;

    await stream.return();
    isOver = true;
    await waiting;
    const after = await stream.next();
    await laterTurn();

    assertEquals([after.done, visitsLater], [true, 0]);
  });

  assertEquals(trap.reasons, []);
});

Deno.test("Workflow.run() of any workflow leaves no rejection unhandled, cancelled wherever", async () => {
  using trap = new RejectionTrap();

  await forManySeeds(async (seed, random) => {
    const controller = new AbortController();
    let visitsLeft = random.below(40);
    const visit = () => {
      if (visitsLeft === 0) controller.abort("enough");
      visitsLeft -= 1;
    };

    await wordsOf(
      randomWorkflow({ visit }).run("a", { seed, depth: 0 }, { ...OPTIONS, signal: controller.signal }),
    );
  });
  await laterTurn();

  assertEquals(trap.reasons, []);
});
