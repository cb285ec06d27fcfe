import type { Contestant } from "./contestants.ts";
import { EngineProcess } from "./engine_process.ts";
import type { Places } from "./places.ts";
import { within } from "./within.ts";

const SAMPLE_TIMEOUT_MS = 30_000;
const WARM_UPS = 1;
/** No round begins later: where others keep the machine busy there are fewer of them. */
const BUDGET_MS = 140_000;

/** What steps cost a contestant, round by round; or why they were not measured. */
export type Speed = {
  readonly stepsPerSecond: readonly number[];
  /** The same, of a loop that only writes: empty if there is none. */
  readonly barePerSecond: readonly number[];
  readonly bytesPerStep: readonly number[];
  /** From the start of a job to the end as its reader sees it. */
  readonly jobMs: readonly number[];
} | { readonly why: string };

interface Lane {
  readonly contestant: Contestant;
  readonly process: EngineProcess;
  readonly samples: {
    stepMs: number[];
    bareMs: number[];
    bytes: number[];
    jobMs: number[];
  };
}

/**
 * Times all contestants in turns, each in a process of its own, so that the rest of the machine meets them all alike.
 */
export async function measureSpeed(
  contestants: readonly Contestant[],
  places: Places,
  steps: number,
  rounds: number,
): Promise<ReadonlyMap<Contestant, Speed>> {
  const speeds = new Map<Contestant, Speed>();
  const lanes = new Set<Lane>();
  const orDrop = async (
    contestant: Contestant,
    lane: Lane | null,
    work: () => Promise<void>,
  ) => {
    try {
      await work();
    } catch (error) {
      speeds.set(contestant, {
        why: error instanceof Error ? error.message : String(error),
      });
      if (lane === null) return;
      lanes.delete(lane);
      await lane.process.kill();
    }
  };
  for (const contestant of contestants) {
    await orDrop(
      contestant,
      null,
      async () => void lanes.add(await openLane(contestant, places)),
    );
  }
  const startedAt = performance.now();
  for (let round = 0; round < WARM_UPS + rounds; round += 1) {
    if (round > WARM_UPS && performance.now() - startedAt > BUDGET_MS) break;
    for (const lane of lanes) {
      await orDrop(
        lane.contestant,
        lane,
        () => sample(lane, places, steps, round),
      );
    }
  }
  for (const { contestant, process, samples } of lanes) {
    speeds.set(contestant, {
      stepsPerSecond: samples.stepMs.map((ms) => 1_000 / ms),
      barePerSecond: samples.bareMs.map((ms) => 1_000 / ms),
      bytesPerStep: samples.bytes,
      jobMs: samples.jobMs,
    });
    await process.kill();
  }
  return speeds;
}

async function openLane(contestant: Contestant, places: Places): Promise<Lane> {
  const process = new EngineProcess(contestant.engine, places.of(contestant));
  try {
    await within(SAMPLE_TIMEOUT_MS, process.hear());
  } catch (error) {
    await process.kill();
    throw error;
  }
  return {
    contestant,
    process,
    samples: { stepMs: [], bareMs: [], bytes: [], jobMs: [] },
  };
}

async function sample({ contestant, process, samples }: Lane, places: Places, steps: number, round: number) {
  const { jobs, beside, engine } = contestant;
  const all = jobs * steps;
  // What others have left unwritten would be written at the first flush of this one, on its account.
  await new Deno.Command("env", { args: ["sync"] }).output();
  const writtenBefore = await places.written(contestant, process.pid);
  let workMs = 0;
  let tookMs = 0;
  for (let job = 0; job < jobs; job += 1) {
    await process.tell("run", `${engine}-${round}-${job}`, steps);
    const timed = await within(SAMPLE_TIMEOUT_MS, process.hearDone());
    workMs += timed.workMs;
    tookMs += timed.tookMs;
  }
  const written = await places.written(contestant, process.pid) - writtenBefore;
  let bareMs = 0;
  for (let job = 0; job < jobs && beside === "bare"; job += 1) {
    await process.tell("bare", `bare-${engine}-${round}-${job}`, steps);
    bareMs += (await within(SAMPLE_TIMEOUT_MS, process.hearDone())).tookMs;
  }
  if (round < WARM_UPS) return;
  // Between the first action and the last there is one step less.
  samples.stepMs.push(workMs / (all - jobs));
  samples.jobMs.push(tookMs / jobs);
  samples.bytes.push(written / all);
  if (bareMs > 0) samples.bareMs.push(bareMs / all);
}
