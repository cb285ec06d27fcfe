/**
 * A process that has a run tell a great many log events with a reader that stalls and one that reads on, and prints how
 * much more memory it has at the end than after the first tenth, in bytes, and the last event that each reader has got.
 *
 * `deno run … memory_child.ts <file> <events>`
 *
 * @module
 */

import { Workflow } from "@stepstream/workflow";
import { Runner } from "@stepstream/workflow/runner";
import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { DatabaseSync } from "node:sqlite";
import { laterTurn } from "../tools/events.ts";
import { heapInUse } from "../tools/heap.ts";
import { printLine } from "../tools/print_line.ts";

const [file = "", events = "0"] = Deno.args;
const count = Number(events);
const workflow = new Workflow({ name: "talk" }).add({
  name: "talk",
  action: async (_ctx, _payload, log) => {
    for (let i = 0; i < count; i += 1) {
      log.event("said", { i, text: "something of some length" });
      // So that no log is dropped.
      if (i % 500 === 499) await laterTurn();
    }
  },
});
const database = new DatabaseSync(file);
const runner = new Runner({ workflows: [workflow], store: await SqliteStore.open(database) });
const { runId } = await runner.start("talk", "talk");
const stalled = runner.follow(runId);
await stalled.next();
let read = 0;
let early = 0;
for await (const { seq } of runner.follow(runId)) {
  read = seq;
  if (seq === count / 10) early = settledMemory();
}
const growth = settledMemory() - early;
printLine(JSON.stringify({ growth, read, stalled: (await stalled.next()).value?.seq }));
await stalled.return?.();
await runner.close();
database.close();

/** The memory of the process, without what only waits to be collected. */
function settledMemory(): number {
  heapInUse();
  return Deno.memoryUsage().rss;
}
