// Cancels a run while a step is at work: the step hears of it at once, and nothing starts after it.
// Run it: deno run examples/cancel_a_run.ts
// deno-lint-ignore-file no-console

import { decideTo, Workflow } from "@stepstream/workflow";

const workflow = new Workflow()
  .add({
    name: "upload",
    action: async (_ctx, file, log, scope) => {
      log.event("connected", { file });
      // Pass the signal on to whatever can wait: fetch(url, { signal: scope.signal }) and the like.
      await waitForever(scope.signal);
    },
    decision: decideTo("publish"),
  })
  .add({ name: "publish", action: () => console.log("never reached") });

const stream = workflow.stream("upload", "holiday.mp4");

for await (const event of stream) {
  console.log(event.type === "run.end" ? `${event.type}: ${event.status}` : event.type);
  // Any event will do, and so will a timer, a button or an AbortSignal given as an option.
  if (event.type === "step.log") await stream.cancel(new Error("the user changed their mind"));
}

// A cancelled run never reads as completed.
await stream.result.catch((reason) => console.log(`No result, because ${reason.message}`));

/** Stands for a slow upload that heeds its signal. */
function waitForever(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      console.log("upload stops");
      reject(signal.reason);
    }, { once: true });
  });
}
