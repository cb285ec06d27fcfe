import * as restate from "@restatedev/restate-sdk/fetch";
import type { Engine } from "../engine.ts";
import { type Act, assertLast, type Job, type StepValue } from "../job.ts";
import type { RestatePlace } from "../restate_server.ts";

/** Serves the job to a Restate server in its fastest mode: one connection for all steps of a run. */
export async function openRestate(place: string, act: Act): Promise<Engine> {
  const { ingressUrl, adminUrl, servicePort }: RestatePlace = JSON.parse(place);
  const workflow = restate.workflow({
    name: "durable",
    handlers: {
      run: async (
        ctx: restate.WorkflowContext,
        { steps }: Job,
      ): Promise<StepValue | null> => {
        let last: StepValue | null = null;
        for (let index = 0; index < steps; index += 1) {
          last = await ctx.run(`work${index}`, () => act(index));
        }
        return last;
      },
    },
  });
  const logger = () => {};
  const handler = restate.createEndpointHandler({
    services: [workflow],
    bidirectional: true,
    logger,
  });
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: servicePort,
    onListen: () => {},
  }, handler);
  await post(`${adminUrl}/deployments`, {
    uri: `http://127.0.0.1:${servicePort}`,
    force: true,
  });
  return {
    run: async (job) =>
      assertLast(
        job,
        await post(`${ingressUrl}/durable/${job.runId}/run`, job),
      ),
    resume: async (job) => {
      const response = await fetch(
        `${ingressUrl}/restate/workflow/durable/${job.runId}/attach`,
      );
      assertLast(job, await answerOf(response));
    },
    writeBare: null,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function post(url: string, body: unknown): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  return await answerOf(
    await fetch(url, { method: "POST", headers, body: JSON.stringify(body) }),
  );
}

async function answerOf(response: Response): Promise<unknown> {
  if (!response.ok) {
    throw new Error(
      `Cannot use Restate, because it answered ${response.status}: ${await response
        .text()}`,
    );
  }
  return await response.json();
}
