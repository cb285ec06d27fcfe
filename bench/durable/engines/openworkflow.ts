import { OpenWorkflow } from "openworkflow";
import { BackendSqlite } from "openworkflow/sqlite";
import type { Engine } from "../engine.ts";
import { type Act, assertLast, type Job, type StepValue } from "../job.ts";

/** Opens OpenWorkflow on a SQLite file, with its worker in this process. */
export async function openOpenWorkflow(place: string, act: Act): Promise<Engine> {
  const backend = BackendSqlite.connect(`${place}/openworkflow.sqlite`);
  const client = new OpenWorkflow({ backend });
  const workflow = client.defineWorkflow<Job, StepValue | null>({
    name: "durable",
  }, async ({ input, step }) => {
    let last: StepValue | null = null;
    for (let index = 0; index < input.steps; index += 1) {
      last = await step.run({ name: `work${index}` }, () => act(index));
    }
    return last;
  });
  const worker = client.newWorker();
  await worker.start();
  const follow = async (job: Job) => {
    // The same key twice is the same run.
    const handle = await workflow.run({ ...job }, {
      idempotencyKey: job.runId,
    });
    assertLast(job, await handle.result());
  };
  return {
    run: follow,
    resume: follow,
    writeBare: null,
    [Symbol.asyncDispose]: async () => {
      await worker.stop();
      await backend.stop();
    },
  };
}
