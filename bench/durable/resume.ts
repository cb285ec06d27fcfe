import type { Contestant } from "./contestants.ts";
import { EngineProcess } from "./engine_process.ts";
import type { Places } from "./places.ts";
import { within } from "./within.ts";

/** Longer than the lease of 30 s that some wait for. */
const SAMPLE_TIMEOUT_MS = 60_000;
/** How long a sample has to take for one to be enough. */
const LONG_MS = 10_000;

/** No round begins later: where others keep the machine busy there are fewer of them. */
const BUDGET_MS = 140_000;

/** How a contestant goes on after each crash; or why that is not known. */
export type Resume = readonly Resumed[] | { readonly why: string };

/** How it went on after one crash. */
export interface Resumed {
  /** From the start of the next process until it can be asked for anything. */
  readonly readyMs: number;
  /** The same, until the step in whose midst the crash came is done and kept. */
  readonly nextStepMs: number;
  /** The same, until the run has been read to its end. */
  readonly endMs: number;
  /** How many actions were done again. */
  readonly repeated: number;
}

/** Kills each contestant's process in the midst of a run and has another one go on with it. */
export async function measureResume(
  contestants: readonly Contestant[],
  places: Places,
  steps: number,
  rounds: number,
): Promise<ReadonlyMap<Contestant, Resume>> {
  const resumes = new Map<Contestant, Resume>();
  const samples = new Map<Contestant, Resumed[]>(
    contestants.map((contestant) => [contestant, []]),
  );
  const startedAt = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    if (performance.now() - startedAt > BUDGET_MS) break;
    for (const [contestant, list] of samples) {
      if (list.some(({ endMs }) => endMs > LONG_MS)) continue;
      try {
        list.push(
          await sample(
            contestant,
            places,
            `crash-${contestant.engine}-${round}`,
            steps,
          ),
        );
      } catch (error) {
        resumes.set(contestant, {
          why: error instanceof Error ? error.message : String(error),
        });
        samples.delete(contestant);
      }
    }
  }
  for (const [contestant, list] of samples) resumes.set(contestant, list);
  return resumes;
}

async function sample(contestant: Contestant, places: Places, runId: string, steps: number): Promise<Resumed> {
  const { engine } = contestant;
  const place = places.of(contestant);
  const stopAt = Math.floor(steps / 2);
  const acted: number[] = [];
  {
    await using process = new EngineProcess(engine, place, String(stopAt));
    await within(SAMPLE_TIMEOUT_MS, untilStop(process, runId, steps, acted));
  }
  const startedAt = performance.now();
  await using process = new EngineProcess(engine, place, "none");
  return await within(SAMPLE_TIMEOUT_MS, toEnd());

  async function toEnd(): Promise<Resumed> {
    let readyMs = NaN;
    let nextStepMs = NaN;
    for (;;) {
      const [word, index] = await process.hear();
      const atMs = performance.now() - startedAt;
      if (word === "ready") {
        readyMs = atMs;
        await process.tell("resume", runId, steps);
      } else if (word === "action") {
        acted.push(Number(index));
        // One that begins shows that the one before it is kept.
        if (Number(index) > stopAt && Number.isNaN(nextStepMs)) {
          nextStepMs = atMs;
        }
      } else {return {
          readyMs,
          nextStepMs,
          endMs: atMs,
          repeated: acted.length - new Set(acted).size,
        };}
    }
  }
}

async function untilStop(process: EngineProcess, runId: string, steps: number, acted: number[]): Promise<void> {
  for (;;) {
    const [word, index] = await process.hear();
    if (word === "ready") await process.tell("run", runId, steps);
    else if (word === "action") acted.push(Number(index));
    else throw new Error("the run was over before it was stopped");
    if (word === "action" && Number(index) === Math.floor(steps / 2)) return;
  }
}
