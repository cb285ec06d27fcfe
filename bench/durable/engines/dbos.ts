import { DBOS } from "@dbos-inc/dbos-sdk";
import type { Engine } from "../engine.ts";
import { type Act, assertLast, type Job, type StepValue } from "../job.ts";

/** Launches DBOS on a Postgres; it takes up the runs of the process before by itself. */
export async function openDbos(place: string, act: Act): Promise<Engine> {
  const url = new URL(place);
  url.pathname = "/dbos";
  DBOS.setConfig({
    name: "durable",
    systemDatabaseUrl: url.href,
    // The same for every process, or none takes up what another has left.
    applicationVersion: "1",
    executorID: "bench",
    logLevel: "error",
  });
  const work = DBOS.registerWorkflow(
    async (steps: number): Promise<StepValue | null> => {
      let last: StepValue | null = null;
      for (let index = 0; index < steps; index += 1) {
        last = await DBOS.runStep(() => Promise.resolve(act(index)), {
          name: `work${index}`,
        });
      }
      return last;
    },
    { name: "work" },
  );
  await DBOS.launch();
  return {
    run: async (job: Job) => {
      const handle = await DBOS.startWorkflow(work, { workflowID: job.runId })(
        job.steps,
      );
      assertLast(job, await handle.getResult());
    },
    resume: async (job: Job) => assertLast(job, await DBOS.retrieveWorkflow(job.runId).getResult()),
    writeBare: null,
    [Symbol.asyncDispose]: () => DBOS.shutdown(),
  };
}
