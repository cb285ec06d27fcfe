// Logs a run twice: readable lines on stdout, and JSON for machines in a file.
// Run it: deno run --allow-write=orders.log examples/log_to_stdout_and_file.ts

import { decideTo, JsonLogger, type LogSink, Workflow } from "@stepstream/workflow";

const workflow = new Workflow()
  .add({
    name: "fetch",
    action: (_ctx, batch, log) => {
      log.event("start", { batch });
      return { items: 2 };
    },
    decision: decideTo("ship"),
  })
  .add({
    name: "ship",
    action: (_ctx, { items }) => `${items} shipped`,
  });

using file = await Deno.open("orders.log", { write: true, create: true, truncate: true });

await workflow.run("fetch", "B-1", {
  // `loggerSink` gets lines of `key=value`. If both are given, both hear of everything.
  loggerSink: toSink(Deno.stdout),
  logger: new JsonLogger(toSink(file)),
});

/** A sink is anything with `write(text)`; Deno's files take bytes. */
function toSink(file: { writeSync(bytes: Uint8Array): number }): LogSink {
  const encoder = new TextEncoder();
  return { write: (text) => file.writeSync(encoder.encode(text)) };
}
