import { followRun } from "@stepstream/workflow/client";
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { LinkCheckEvent, LinkCheckReturns, LinkCheckSteps } from "../../../examples/link_check/workflow.ts";
import { readWranglerConfig } from "../../tools/wrangler_config.ts";
import { DEMO_LINKS } from "./demo_links.ts";
import { linksOf, startRun } from "./run_requests.ts";
import { TestBrowser } from "./test_browser.ts";
import { WorkerServer } from "./worker_server.ts";

Deno.test("worker's page in workerd shows a run, link by link, to its report", async () => {
  await using server = await WorkerServer.start();
  if (server === null) return;
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;

  await browser.page.getByRole("button", { name: "Check links" }).click();
  await browser.reach("done");

  assertEquals(await browser.links(), DEMO_LINKS.map((link) => [...link]));
  assertEquals(await browser.text("#state"), "Done: 2 of 9 links broken");
  assertEquals(browser.problems, []);
});

Deno.test("worker's page goes on to the report when workerd is killed and started anew, with every link once", async () => {
  await using server = await WorkerServer.start();
  if (server === null) return;
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;

  await browser.page.getByRole("button", { name: "Check links" }).click();
  await browser.page.locator("#rows tr[data-verdict]").first().waitFor();
  await server.kill();
  await browser.reach("reconnecting");
  await server.restart();
  await browser.reach("done");

  assertEquals(await browser.links(), DEMO_LINKS.map((link) => [...link]));
  assertEquals(await browser.text("#state"), "Done: 2 of 9 links broken");
  assertStringIncludes(await browser.text("#log"), "a server goes on with the run");
  assertEquals(browser.problemsOfPage, []);
});

Deno.test("worker's runs in workerd are read by many, and cancelled from anywhere", async () => {
  await using server = await WorkerServer.start();
  if (server === null) return;
  const follow = (runId: string): AsyncIterable<LinkCheckEvent> =>
    followRun<LinkCheckSteps, LinkCheckReturns>(`${server.origin}/runs/${runId}/events`);
  const runId = await startRun(server.origin);
  const stopped = await startRun(server.origin);

  const cancelled = await fetch(`${server.origin}/runs/${stopped}`, { method: "DELETE" });
  await cancelled.body?.cancel();
  const [one, other, end] = await Promise.all([runId, runId, stopped].map((id) => Array.fromAsync(follow(id))));

  assertEquals(linksOf(one ?? [], server.origin), DEMO_LINKS.map((link) => [...link]));
  assertEquals(other, one);
  const last = end?.at(-1);
  assertEquals([cancelled.status, last?.type === "run.end" && last.status], [202, "cancelled"]);
});

Deno.test("worker's /check in workerd streams a run to its client, and checks no private address", async () => {
  await using server = await WorkerServer.start();
  if (server === null) return;

  const refused = await fetch(`${server.origin}/check?url=http://10.0.0.1/`);
  const [refusal, checked] = [await refused.text(), await (await fetch(`${server.origin}/check`)).text()];

  assertStringIncludes(refusal, "10.0.0.1 is not a public address");
  assertStringIncludes(checked, '"status":"completed"');
});

Deno.test("wrangler.jsonc gives every object storage with SQLite", async () => {
  const { durable_objects: { bindings }, migrations, compatibility_flags: flags } = await readWranglerConfig();

  const classes = migrations.flatMap(({ new_sqlite_classes }) => new_sqlite_classes);
  assertEquals(bindings.map(({ class_name }) => class_name), classes);
  assertEquals(flags, ["enable_request_signal", "global_fetch_strictly_public"]);
});
