import type { RunOutcome } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";
import { type ControlRun, controlRun, type ControlRunOptions } from "../tools/control_run.ts";
import type { Topic } from "../tools/control_world.ts";
import { laterTurn } from "../tools/events.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { replayHistory } from "../tools/replay_history.ts";

/** Those of the first few hundred, and some that have shown something rare. */
const SEEDS: readonly number[] = [...Array.from({ length: 300 }, (_, index) => index + 1), 1045, 1246, 10408, 15966];

/** Runs that are made once and looked at by several tests. */
class Batch {
  readonly #options: ControlRunOptions;
  #runs: Promise<readonly ControlRun[]> | null = null;
  /** What nobody handled of all the runs. */
  reasons: readonly unknown[] = [];

  constructor(options: ControlRunOptions) {
    this.#options = options;
  }

  get runs(): Promise<readonly ControlRun[]> {
    this.#runs ??= this.#make();
    return this.#runs;
  }

  async #make(): Promise<readonly ControlRun[]> {
    using trap = new RejectionTrap();
    const runs: ControlRun[] = [];
    for (const seed of SEEDS) {
      runs.push(await controlRun(seed, this.#options));
      if (seed % 10 === 0) await laterTurn();
    }
    await laterTurn();
    this.reasons = trap.reasons;
    return runs;
  }
}

const STREAMED = new Batch({ mode: "stream" });
const DRAINED = new Batch({ mode: "run" });
const STREAMED_ONE_BY_ONE = new Batch({ mode: "stream", concurrency: 1, hasCaps: false });
const DRAINED_ONE_BY_ONE = new Batch({ mode: "run", concurrency: 1, hasCaps: false });
const STREAMED_IN_TIME = new Batch({ mode: "stream", concurrency: 1, isTimedOnly: true, isEnded: false });
const DRAINED_IN_TIME = new Batch({ mode: "run", concurrency: 1, isTimedOnly: true, isEnded: false });

/** A failure names the seeds that show it. */
async function assertNothingFound(topic: Topic, ...batches: readonly Batch[]): Promise<void> {
  const found: string[] = [];
  for (const batch of batches) {
    for (const { seed, mode, ending, world: { findings } } of await batch.runs) {
      const [first, ...more] = findings.filter((finding) => finding.topic === topic);
      if (first !== undefined) {
        found.push(`seed ${seed} (${mode}, ${ending}): ${first.message} and ${more.length} more`);
      }
    }
  }
  assertEquals(found, []);
}

function comesTo({ outcome, error }: { readonly outcome: RunOutcome | null; readonly error: unknown }): string {
  if (outcome === null) return String(error);
  const { context, trace } = outcome;
  return JSON.stringify({ context, trace }, (_key, value) => value instanceof Error ? String(value) : value);
}

Deno.test("Workflow.stream() with all that controls steps numbers its events from run.start to run.end", async () => {
  await assertNothingFound("sequence", STREAMED, DRAINED);
});

Deno.test("Workflow.stream() with all that controls steps starts what was routed, once, and finishes it once", async () => {
  await assertNothingFound("tokens", STREAMED);
});

Deno.test("Workflow.stream() with all that controls steps counts attempts, each closed before the next", async () => {
  await assertNothingFound("attempts", STREAMED);
});

Deno.test("Workflow.stream() and run() never have more actions in flight than the run and the step allow", async () => {
  await assertNothingFound("in flight", STREAMED, DRAINED, STREAMED_ONE_BY_ONE, DRAINED_ONE_BY_ONE);
});

Deno.test("Workflow.stream() uses all the room there is, also inside its steps", async () => {
  await assertNothingFound("room", STREAMED);
});

Deno.test("enqueue.all() joins every group once, with the results in the order of its payloads", async () => {
  await assertNothingFound("groups", STREAMED, STREAMED_ONE_BY_ONE);
});

Deno.test("Workflow.stream() and run() leave no timer, no listener and no rejection, however they end", async () => {
  await assertNothingFound("leaks", STREAMED, DRAINED);
  assertEquals([STREAMED.reasons, DRAINED.reasons], [[], []]);
});

Deno.test("Workflow.stream() starts tokens in the order of the queue, as far as their steps have room", async () => {
  await assertNothingFound("order", STREAMED);
});

Deno.test("Workflow.stream() and run() start tokens in the order of the queue, one at a time", async () => {
  for (const batch of [STREAMED_ONE_BY_ONE, DRAINED_ONE_BY_ONE]) {
    for (const { world, start, payload } of await batch.runs) replayHistory(world, start, payload);
  }

  await assertNothingFound("order", STREAMED_ONE_BY_ONE, DRAINED_ONE_BY_ONE);
});

Deno.test("Workflow.stream() and run() take decisions one by one, in the order in which actions ended", async () => {
  await assertNothingFound("decisions", STREAMED, DRAINED);
});

Deno.test("Workflow.run() comes to what the stream comes to", async () => {
  const streamed = await STREAMED_IN_TIME.runs;
  const drained = await DRAINED_IN_TIME.runs;

  const different = streamed.flatMap((run, index) => {
    const other = drained[index];
    return other !== undefined && comesTo(run) === comesTo(other) ? [] : [`seed ${run.seed}`];
  });
  assertEquals(different, []);
});

Deno.test("Workflow.stream() and run() tell what they stop at once, and start nothing of it afterwards", async () => {
  await assertNothingFound("stopping", STREAMED, DRAINED);
});
