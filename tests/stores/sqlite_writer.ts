/**
 * A process that writes to a run in a database file: it opens it, prints `ready`, waits for its input to end, and then
 * commits until the run has the given revision. It prints each revision that it has won, once it is answered.
 *
 * `deno run … sqlite_writer.ts <file> <run id> <name> <last revision>`
 *
 * @module
 */

import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { DatabaseSync } from "node:sqlite";
import { printLine } from "../tools/print_line.ts";

const [file = "", runId = "", name = "", last = "0"] = Deno.args;
const database = new DatabaseSync(file);
const store = await SqliteStore.open(database);
printLine("ready");
for await (const _ of Deno.stdin.readable);

for (;;) {
  const head = await store.find(runId);
  if (head === null || head.revision >= Number(last)) break;
  const { revision, createdAt, lastSeq } = head;
  const events = [1, 2].map((step) => ({ seq: lastSeq + step, text: name }));
  const change = { record: name, snapshot: null, events, wakeAt: 1, now: 1 };
  const isWon = await store.commit({ runId, revision, createdAt, version: "1", status: "running", ...change });
  if (isWon) printLine(String(revision + 1));
}
database.close();
