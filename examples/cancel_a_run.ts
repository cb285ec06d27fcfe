// Cancels a run while a step is in progress: the step hears of it at once, and nothing starts afterwards.
// Run it: deno run examples/cancel_a_run.ts
// deno-lint-ignore-file no-console

import { decideTo, Workflow } from "@stepstream/workflow";

const workflow = new Workflow()
  .add({
    name: "upload",
    action: async (_ctx, file, log, scope) => {
      log.event("connected", { file });
      // Pass the signal on to whatever waits, as in fetch(url, { signal: scope.signal }).
      await waitForever(scope.signal);
    },
    decision: decideTo("publish"),
  })
  .add({ name: "publish", action: () => console.log("never reached") });

const stream = workflow.stream("upload", "holiday.mp4");

for await (const event of stream) {
  console.log(event.type === "run.end" ? `${event.type}: ${event.status}` : event.type);
  // It need not be an event: a timer, a button or an AbortSignal in the options works as well.
  if (event.type === "step.log") await stream.cancel(new Error("the user changed their mind"));
}

// A cancelled run never reads as completed.
await stream.result.catch((reason) => console.log(`No result, because ${reason.message}`));

/** Stands in for a slow upload that heeds its signal. */
function waitForever(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      console.log("upload stops");
      reject(signal.reason);
    }, { once: true });
  });
}
