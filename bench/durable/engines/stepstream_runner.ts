import { Runner } from "@stepstream/workflow/runner";
import { inSqlite } from "../../tools/sqlite_contestant.ts";
import type { Engine } from "../engine.ts";
import type { Act } from "../job.ts";
import { readToEnd } from "./stepstream.ts";
import { createWorkflow } from "./stepstream_workflow.ts";

/** So many steps a job has here: a runner knows its workflows before any job. */
export const RUNNER_STEPS = 500;

/** StepStream with a runner on a SQLite file, which takes a run over only once its lease is over. */
export async function openRunner(place: string, act: Act): Promise<Engine> {
  const contestant = await inSqlite(`${place}/lease.sqlite`, "NORMAL");
  const runOptions = { maxSteps: Infinity, captureTrace: false };
  const workflows = [createWorkflow(act, RUNNER_STEPS)];
  const runner = new Runner({
    workflows,
    store: contestant.store,
    runOptions,
    recoverEveryMs: 500,
  });
  return {
    run: async (job) => {
      await runner.start("durable", "work", 0, { runId: job.runId });
      await readToEnd(job, runner.follow(job.runId));
    },
    resume: async (job) => {
      await runner.recover();
      await readToEnd(job, runner.follow(job.runId));
    },
    writeBare: null,
    [Symbol.asyncDispose]: async () => {
      await runner.close();
      await contestant[Symbol.asyncDispose]();
    },
  };
}
