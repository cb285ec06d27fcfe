import type { RunStore, WorkflowEvent } from "@stepstream/workflow";
import { inDenoKv } from "../../tools/deno_kv_contestant.ts";
import { inMemory } from "../../tools/memory_contestant.ts";
import { inPostgres } from "../../tools/postgres_contestant.ts";
import { type RecordedRun, recordRun } from "../../tools/recorded_run.ts";
import { inSqlite } from "../../tools/sqlite_contestant.ts";
import { type StoreContestant, writeBare } from "../../tools/store_contestant.ts";
import type { Engine } from "../engine.ts";
import { type Act, assertLast, type Job, toValue } from "../job.ts";
import { createWorkflow } from "./stepstream_workflow.ts";

const OPTIONS = { maxSteps: Infinity, captureTrace: false } as const;

/** A store for each job: what earlier ones have left in memory would cost the later ones. */
export function openOnMemory(_place: string, act: Act): Promise<Engine> {
  return Promise.resolve({
    run: (job) => openOn(inMemory(), act).run(job),
    resume: () => Promise.reject(new Error("nothing of it outlives its process")),
    writeBare: openOn(inMemory(), act).writeBare,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

export async function openOnSqliteNormal(place: string, act: Act): Promise<Engine> {
  return openOn(await inSqlite(`${place}/normal.sqlite`, "NORMAL"), act);
}

export async function openOnSqliteFull(place: string, act: Act): Promise<Engine> {
  return openOn(await inSqlite(`${place}/full.sqlite`, "FULL"), act);
}

export async function openOnDenoKv(place: string, act: Act): Promise<Engine> {
  return openOn(await inDenoKv(`${place}/runs.kv`), act);
}

export async function openOnPostgres(place: string, act: Act): Promise<Engine> {
  return openOn(await inPostgres(place), act);
}

/** StepStream on a store, whose runs are worked on by who reads them. */
function openOn(contestant: StoreContestant, act: Act): Engine {
  const { store } = contestant;
  let recorded: RecordedRun | null = null;
  return {
    run: (job) => runOnce(store, job, act),
    // Nobody else is at work on it, so there is no lease to wait for.
    resume: (job) =>
      readToEnd(
        job,
        createWorkflow(act, job.steps).resume(job.runId, { ...OPTIONS, store }),
      ),
    writeBare: async (job) => {
      const record = (to: RunStore) => runOnce(to, { ...job, runId: `recorded-${job.runId}` }, toValue);
      recorded ??= await recordRun(store, record);
      await writeBare(contestant, recorded);
    },
    [Symbol.asyncDispose]: () => contestant[Symbol.asyncDispose](),
  };
}

async function runOnce(store: RunStore, job: Job, act: Act): Promise<void> {
  const { runId, steps } = job;
  await readToEnd(
    job,
    createWorkflow(act, steps).stream("work", 0, { ...OPTIONS, store, runId }),
  );
}

/** Reads to the end and holds the last result to what it has to be. */
export async function readToEnd(job: Job, events: AsyncIterable<WorkflowEvent>): Promise<void> {
  let last: unknown = null;
  for await (const event of events) {
    if (event.type === "step.result") last = event.result.value;
  }
  assertLast(job, last);
}
