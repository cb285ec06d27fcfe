/**
 * 1 000 items of 5 ms, fifty at a time, beside `p-queue` on the same work and beside bare batches: how far each is from
 * the ideal. A timer of 5 ms fires late by as much as the machine is busy, so the ideal is twenty such timers in a row,
 * measured in the same run.
 */
import { type Result, Workflow } from "@stepstream/workflow";
import PQueue from "p-queue";
import { measure } from "./tools/measure.ts";
import { print, printTitle } from "./tools/print.ts";

const ITEMS = 1_000;
const CONCURRENCY = 50;
const ITEM_MS = 5;

const items = Array.from({ length: ITEMS }, (_, index) => index);

function work(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ITEM_MS));
}

const workflow = new Workflow().add(
  {
    name: "list",
    action: () => null,
    decision: (_ctx, _result, enqueue) => enqueue.all("item", items, { then: "merge" }),
  },
  { name: "item", action: work },
  { name: "merge", action: (_ctx, results: readonly Result[]) => results.length },
);

async function runAll(): Promise<void> {
  const { context } = await workflow.run("list", null, { concurrency: CONCURRENCY });
  if (context["result.merge"] !== ITEMS) throw new Error("The merge got too few results");
}

async function streamAll(): Promise<void> {
  for await (const _event of workflow.stream("list", null, { concurrency: CONCURRENCY }));
}

async function queueAll(): Promise<void> {
  const queue = new PQueue({ concurrency: CONCURRENCY });
  await queue.addAll(items.map(() => work));
}

async function timersInARow(): Promise<void> {
  for (let batch = 0; batch < ITEMS / CONCURRENCY; batch += 1) await work();
}

printTitle(`${ITEMS} items of ${ITEM_MS} ms, ${CONCURRENCY} at a time`);
const medians = await measure({
  "run()": runAll,
  "stream()": streamAll,
  "p-queue": queueAll,
  "timers in a row": timersInARow,
});
const idealMs = (ITEMS / CONCURRENCY) * ITEM_MS;
const timersMs = medians["timers in a row"] ?? NaN;
for (const [name, ms] of Object.entries(medians)) {
  const ratios = `${(ms / idealMs).toFixed(2)} x ${idealMs} ms   ${(ms / timersMs).toFixed(2)} x timers in a row`;
  print(`  ${name.padEnd(34)} ${`${ms.toFixed(0)} ms`.padStart(10)}   ${ratios}`);
}
