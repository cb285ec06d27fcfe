/**
 * A server of runs that are kept in a file, at work again on what its predecessor has left.
 *
 * `deno run … restart_server.ts <file> <port> <count> [origin]` serves the workflow `count`, which counts up from the
 * payload, and stands still for ever at the number `count`; to pages of the origin, too, if there is one. It prints a
 * line when it listens.
 *
 * @module
 */

import { Workflow } from "@stepstream/workflow";
import { createRunsHandler } from "@stepstream/workflow/http";
import { Runner } from "@stepstream/workflow/runner";
import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { DatabaseSync } from "node:sqlite";
import { printLine } from "../tools/print_line.ts";

/** Where a run comes to its end. */
const LAST = 650;

const [file = "", port = "0", stillAt = "", pageOrigin = ""] = Deno.args;
const workflow = new Workflow<{ count: number }>({ name: "count" }).add({
  name: "count",
  action: async function* (_ctx, number, log) {
    log.event("counted", { number });
    if (number === Number(stillAt)) await new Promise(() => {});
    yield number;
    return number + 1;
  },
  decision: (_ctx, { value }, enqueue) => {
    if (value !== null && value <= LAST) enqueue.tail("count");
  },
});
const runner = new Runner({ workflows: [workflow], store: await SqliteStore.open(new DatabaseSync(file)) });
const handler = createRunsHandler(runner, {
  authorize: () => true,
  cors: { origins: pageOrigin === "" ? [] : [pageOrigin] },
});
await runner.recover({ isForced: true });
Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: () => printLine("listening") }, handler);
