/**
 * A process that works on runs of {@linkcode crashWorkflow}, and prints a line at each attempt at a step.
 *
 * `deno run … crash_child.ts <kind of store> <location> run <run id>` starts the run, or takes it over by force, and
 * works until it has ended; `lease <run id> <lease in ms>` starts the run, or takes it over when its lease is over, and
 * works until it has ended; `serve <prefix> <count>` starts so many runs, follows them, and closes its runner at
 * SIGINT; `recover` takes over all that nobody works on until none is left; `contend <run id>` takes the run over by
 * force at each line of its input, and prints `fenced` when that is done to it.
 *
 * @module
 */

import { RunFencedError } from "@stepstream/workflow";
import { Runner } from "@stepstream/workflow/runner";
import { printLine } from "../tools/print_line.ts";
import { openStore, type StoreKind } from "./crash_store.ts";
import { crashWorkflow } from "./crash_workflow.ts";

const [kind, location = "", mode, name = "", count = "0"] = Deno.args;
const workflow = crashWorkflow((idempotencyKey, attempt) => printLine(`${idempotencyKey} ${attempt}`));
await using opened = await openStore(kind as StoreKind, location);
const { store } = opened;

switch (mode) {
  case "run":
    await runOne(name);
    break;
  case "lease":
    await lease(name, Number(count));
    break;
  case "serve":
    await serve(Array.from({ length: Number(count) }, (_, i) => `${name}${i}`));
    break;
  case "recover":
    await recover();
    break;
  case "contend":
    await contend(name);
    break;
  default:
    throw new RangeError(`Cannot do ${mode}`);
}

function createRunner(leaseMs = 30_000): Runner {
  const onError = (error: unknown, runId: string | null) => printLine(`error ${runId} ${error}`);
  return new Runner({ workflows: [workflow], store, leaseMs, runOptions: { concurrency: 4 }, onError, pollMs: 20 });
}

async function runOne(runId: string): Promise<void> {
  await using runner = createRunner();
  const { isNew } = await runner.start("crash", "chain", 0, { runId });
  if (!isNew) await runner.recover({ isForced: true });
  for await (const _ of runner.follow(runId));
}

async function lease(runId: string, leaseMs: number): Promise<void> {
  await using runner = createRunner(leaseMs);
  await runner.start("crash", "chain", 0, { runId });
  await runner.recover();
  for await (const _ of runner.follow(runId));
}

async function serve(runIds: readonly string[]): Promise<void> {
  const runner = createRunner();
  const { promise: isInterrupted, resolve: onInterrupt } = Promise.withResolvers<void>();
  Deno.addSignalListener("SIGINT", onInterrupt);
  for (const runId of runIds) await runner.start("crash", "chain", 0, { runId });
  const readers = runIds.map(async (runId) => {
    for await (const _ of runner.follow(runId));
  });
  printLine("serving");
  await isInterrupted;
  await runner.close();
  await Promise.all(readers);
  printLine("closed");
  Deno.removeSignalListener("SIGINT", onInterrupt);
}

async function recover(): Promise<void> {
  await using runner = createRunner();
  printLine(`recovered ${await runner.recover()}`);
  const heads = await runner.list({ limit: 1_000 });
  await Promise.all(heads.map(async ({ runId }) => {
    for await (const _ of runner.follow(runId));
  }));
}

async function contend(runId: string): Promise<void> {
  printLine("ready");
  let work: Promise<void> = Promise.resolve();
  for await (const _ of Deno.stdin.readable) {
    await work;
    work = workOn(runId);
  }
  await work;
}

async function workOn(runId: string): Promise<void> {
  try {
    await workflow.resume(runId, { store, concurrency: 4 }).result;
    printLine("completed");
  } catch (error) {
    if (!(error instanceof RunFencedError)) throw error;
    printLine("fenced");
  }
}
