import type { WorkflowEvent } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { laterTurn } from "../tools/events.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";
import { type CrashProcess, startProcess } from "./crash_process.ts";
import { openStore } from "./crash_store.ts";
import { CRASH_STEPS } from "./crash_workflow.ts";

const RUN_ID = "frozen";
const LEASE_MS = "400";

Deno.test("Runner takes a run over from a process that stands still, which is fenced off when it goes on", async () => {
  await using folder = await TemporaryFolder.create();
  const location = `${folder.path}/runs.db`;
  await using opened = await openStore("sqlite", location);
  const { store } = opened;
  const isFrozen = Promise.withResolvers<void>();
  const frozen = startProcess("sqlite", location, "lease", RUN_ID, LEASE_MS);
  const before = collect(frozen, (count) => {
    // The items are at work by then.
    if (count !== 150) return;
    freeze(frozen, location).then(isFrozen.resolve, isFrozen.reject);
  });
  await isFrozen.promise;
  const successor = startProcess("sqlite", location, "lease", RUN_ID, LEASE_MS);

  const after = await collect(successor, (count) => {
    if (count === 20) frozen.kill("SIGCONT");
  });

  const fenced =
    `error ${RUN_ID} RunFencedError: Cannot go on with run "${RUN_ID}": somebody else has taken it over, ended or deleted it`;
  assertEquals((await before).filter((line) => line.startsWith("error")), [fenced]);
  assertEquals(after.filter((line) => line.startsWith("error")), []);
  const events: WorkflowEvent[] = (await store.events(RUN_ID, 0, 1e6)).map(({ text }) => JSON.parse(text));
  assertEquals(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
  const tokens = events.flatMap((event) => event.type === "step.result" ? [event.token] : []);
  assertEquals([tokens.length, new Set(tokens).size], [CRASH_STEPS, CRASH_STEPS]);
  assertEquals(events.filter(({ type }) => type === "run.resume").length, 1);
});

/** Stops a process, but not while it writes: nobody else could then, however long the lease is over. */
async function freeze(child: CrashProcess, location: string): Promise<void> {
  const database = new DatabaseSync(location);
  try {
    child.kill("SIGSTOP");
    while (isLocked(database)) {
      child.kill("SIGCONT");
      await laterTurn();
      child.kill("SIGSTOP");
    }
  } finally {
    database.close();
  }
}

function isLocked(database: DatabaseSync): boolean {
  try {
    database.exec("BEGIN IMMEDIATE; ROLLBACK");
    return false;
  } catch {
    // SQLITE_BUSY: the process has been stopped in the midst of a transaction.
    return true;
  }
}

/** All lines that a process prints, once it has ended well. */
async function collect(child: CrashProcess, onLine: (count: number) => void): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of child.lines) onLine(lines.push(line));
  await child.hangUp();
  assertEquals((await child.status).code, 0);
  return lines;
}
