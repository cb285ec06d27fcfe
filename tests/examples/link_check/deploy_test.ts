import { followRun } from "@stepstream/workflow/client";
import { assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import type { LinkCheckEvent, LinkCheckReturns, LinkCheckSteps } from "../../../examples/link_check/workflow.ts";
import { TemporaryFolder } from "../../tools/temporary_folder.ts";
import { DEMO_LINKS } from "./demo_links.ts";
import { DeployProcess } from "./deploy_process.ts";
import { linksOf, startRun } from "./run_requests.ts";

const WITH_DUE_CRON = new URL("./deploy_with_due_cron.ts", import.meta.url).pathname;
const WITH_DEAF_KV = new URL("./deploy_with_deaf_kv.ts", import.meta.url).pathname;

Deno.test("deploy serves the page, and a run to whichever instance a reader meets", async () => {
  await using folder = await TemporaryFolder.create();
  const database = `${folder.path}/runs.db`;
  await using one = await DeployProcess.start(database);
  await using other = await DeployProcess.start(database);

  const page = await (await fetch(one.origin)).text();
  const runId = await startRun(one.origin);
  const readings = await Promise.all([one, other].map(({ origin }) => Array.fromAsync(follow(origin, runId))));

  assertStringIncludes(page, "<!doctype html>");
  assertEquals(linksOf(readings[0] ?? [], one.origin), DEMO_LINKS.map((link) => [...link]));
  assertEquals(readings[1], readings[0]);
});

Deno.test("deploy goes on with the runs of an instance that was told to stop, and a reader misses nothing", async () => {
  await using folder = await TemporaryFolder.create();
  const database = `${folder.path}/runs.db`;
  await using first = await DeployProcess.start(database);
  await using second = await DeployProcess.start(database);
  const runId = await startRun(first.origin);

  const events: LinkCheckEvent[] = [];
  for await (const event of follow(first.origin, runId)) {
    events.push(event);
    if (event.type === "step.result" && event.step === "check-link") break;
  }
  const { code } = await first.stop();
  for await (const event of follow(second.origin, runId, events.length)) events.push(event);

  assertEquals(code, 0);
  assertEquals(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
  // The demo site is that of the first instance, and is known to the second one all the same.
  assertEquals(linksOf(events, first.origin), DEMO_LINKS.map((link) => [...link]));
  const passages = events.map(({ type }) => type).filter((type) => type === "run.suspend" || type === "run.resume");
  assertEquals(passages, ["run.suspend", "run.resume"]);
});

Deno.test("deploy registers its cron before anything is waited for, and lets it go on with runs", async () => {
  await using folder = await TemporaryFolder.create();

  await using instance = await DeployProcess.start(`${folder.path}/runs.db`, WITH_DUE_CRON);

  await instance.written('cron "go on with runs" at "* * * * *" has ended');
});

Deno.test("deploy has ended before Deno Deploy kills it, even if its database does not answer any more", async () => {
  await using folder = await TemporaryFolder.create();
  await using instance = await DeployProcess.start(`${folder.path}/runs.db`, WITH_DEAF_KV);
  const runId = await startRun(instance.origin);
  for await (const event of follow(instance.origin, runId)) if (event.type === "step.start") break;

  const stoppedAt = performance.now();
  const { code } = await instance.stop();

  assertEquals(code, 0);
  assertLess(performance.now() - stoppedAt, 5_000);
});

function follow(origin: string, runId: string, after = 0): AsyncIterable<LinkCheckEvent> {
  return followRun<LinkCheckSteps, LinkCheckReturns>(`${origin}/runs/${runId}/events`, { maxDelayMs: 100, after });
}
