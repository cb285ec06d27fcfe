import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { runCommand } from "../../tools/run_command.ts";
import { LocalServer } from "../../tools/local_server.ts";
import { TemporaryFolder } from "../../tools/temporary_folder.ts";
import { AppServer } from "./app_server.ts";
import { DEMO_LINKS, endlessDemo, QUICK_CHECK, QUICK_DEMO } from "./demo_links.ts";
import { Outage } from "./outage.ts";
import { ServerProcess } from "./server_process.ts";
import { TestBrowser } from "./test_browser.ts";

Deno.test("page that is reloaded goes on with its run, with every link once", async () => {
  await using site = new GatedSite();
  const starts: string[] = [];
  await using server = new AppServer(
    { guard: { allowPrivate: true }, check: { slowMs: 60_000 } },
    (app) => (request) => {
      if (request.method === "POST") starts.push(new URL(request.url).pathname);
      return app(request);
    },
  );
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;
  const { page } = browser;

  await check(browser, site.origin);
  await page.getByText("2 of 4 links").waitFor();
  const before = [new URL(page.url()).search, await browser.links()];
  await page.reload();
  await page.getByText("2 of 4 links").waitFor();
  const after = [new URL(page.url()).search, await browser.links()];
  const url = await page.getByLabel("Page to check").inputValue();
  const whileRunning = await tell(browser);
  site.open();
  await browser.reach("done");

  assertEquals(after, before);
  assertEquals([starts, url], [["/runs"], `${site.origin}/`]);
  assertEquals(whileRunning, { state: "Running", steps: ["done", "2 of 4, 2 at work", "waiting"], tally: "2 0 0 0" });
  assertEquals(await tell(browser), { state: "Done: no link is broken", steps: DONE_STEPS(4), tally: "4 0 0 0" });
  assertEquals((await browser.links()).map(([link]) => link), ["/a", "/b", "/slow", "/slower"]);
  assertEquals(browser.problems, []);
});

Deno.test("page that is opened again when its run is over shows the same as the page that has watched it", async () => {
  await using server = new AppServer({ demo: QUICK_DEMO, check: QUICK_CHECK });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;

  await check(browser, `${server.origin}/demo/`);
  await browser.reach("done");
  const watched = await browser.page.locator("main").innerText();
  await browser.page.reload();
  await browser.reach("done");

  assertEquals(await browser.page.locator("main").innerText(), watched);
  assertEquals(browser.problems, []);
});

for (const signal of ["SIGKILL", "SIGINT"] as const) {
  Deno.test(`page goes on to the report when its server ends by ${signal} and is started anew, with every link once`, async () => {
    await using folder = await TemporaryFolder.create();
    await using first = await ServerProcess.start(folder.path);
    await using browser = await TestBrowser.open(first.origin);
    if (browser === null) return;
    const { page } = browser;

    await check(browser, `${first.origin}/demo/`);
    await page.locator("#rows tr[data-verdict]").first().waitFor();
    first.kill(signal);
    await first.outcome();
    await browser.reach("reconnecting");
    const whileGone = [await browser.text("#state"), await page.getByRole("button", { name: "Stop" }).isEnabled()];
    await using _second = await ServerProcess.start(folder.path, "--port", first.port);
    await browser.reach("done");

    assertEquals(whileGone, ["Reconnecting …", true]);
    assertEquals(await browser.links(), DEMO_LINKS.map((link) => [...link]));
    assertEquals(await tell(browser), {
      state: "Done: 2 of 9 links broken",
      steps: DONE_STEPS(9),
      tally: "5 1 1 2",
    });
    const log = await browser.text("#log");
    assertStringIncludes(log, "a server goes on with the run");
    assertEquals(log.includes("its runner was closed"), signal === "SIGINT");
    assertEquals(browser.problemsOfPage, []);
  });
}

Deno.test("page rides out cuts and a burst of 503s", async () => {
  await using site = new GatedSite();
  const outage = new Outage();
  const check60 = { guard: { allowPrivate: true }, check: { slowMs: 60_000 } };
  await using server = new AppServer(check60, outage.inFrontOf);
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;

  await check(browser, site.origin);
  await browser.page.getByText("2 of 4 links").waitFor();
  outage.begin();
  await browser.reach("reconnecting");
  const whileAway = await tell(browser);
  site.open();
  await outage.refused(2);
  outage.end();
  await browser.reach("done");

  assertEquals(whileAway, {
    state: "Reconnecting …",
    steps: ["done", "2 of 4, 2 at work", "waiting"],
    tally: "2 0 0 0",
  });
  assertEquals(await tell(browser), { state: "Done: no link is broken", steps: DONE_STEPS(4), tally: "4 0 0 0" });
  assertEquals((await browser.links()).map(([link]) => link), ["/a", "/b", "/slow", "/slower"]);
  assertEquals(browser.problemsOfPage, []);
});

Deno.test("page starts one run though its first requests are refused", async () => {
  const outage = new Outage();
  await using server = new AppServer({ demo: QUICK_DEMO, check: QUICK_CHECK }, outage.inFrontOf);
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;

  outage.begin();
  await check(browser, `${server.origin}/demo/`);
  await outage.refused(2);
  outage.end();
  await browser.reach("done");

  assertEquals((await server.runner.list()).map(({ status }) => status), ["completed"]);
  assertEquals((await browser.links()).length, DEMO_LINKS.length);
  assertEquals(browser.problemsOfPage, []);
});

Deno.test("page that was reloaded stops its run", async () => {
  const { demo, abandoned } = endlessDemo();
  await using server = new AppServer({ demo, check: QUICK_CHECK });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;
  const { page } = browser;

  await check(browser, `${server.origin}/demo/`);
  await page.getByText("8 of 9 links").waitFor();
  await page.reload();
  await page.getByText("8 of 9 links").waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await abandoned;
  await browser.reach("stopped");

  assertEquals(await browser.text("#state"), "Stopped: The check was cancelled");
  assertStringIncludes(await page.getByRole("row", { name: "/demo/archive" }).innerText(), "not checked");
  assertEquals((await server.runner.list()).map(({ status }) => status), ["cancelled"]);
  assertEquals(browser.problems, []);
});

Deno.test("page says that it does not know a run, and can start one", async () => {
  await using server = new AppServer({ demo: QUICK_DEMO, check: QUICK_CHECK });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;
  const { page } = browser;

  await page.goto(`${server.origin}/?run=nobody-knows-it`);
  await browser.reach("failed");
  const text = await browser.text("#state");
  const canStop = await page.getByRole("button", { name: "Stop" }).isEnabled();
  await page.getByRole("button", { name: "Check links" }).click();
  await browser.reach("done");

  assertEquals([text, canStop], ["There is no such run: runs are kept for a day", false]);
  assertEquals(browser.problemsOfPage, []);
});

Deno.test("page says why its run was not started", async () => {
  await using server = new AppServer({ maxRuns: 0 });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;

  await check(browser, `${server.origin}/demo/`);
  await browser.reach("failed");

  assertEquals(await browser.text("#state"), "Failed: the server is busy, try again soon");
  assertEquals(new URL(browser.page.url()).search, "");
});

Deno.test("page goes back and forth between its runs with the browser's buttons", async () => {
  await using server = new AppServer({ demo: QUICK_DEMO, check: QUICK_CHECK });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;
  const { page } = browser;
  const seen: string[][] = [];
  const look = async () => {
    seen.push([await browser.text("#state"), await page.getByLabel("Page to check").inputValue()]);
  };

  await check(browser, `${server.origin}/demo/`);
  await browser.reach("done");
  const first = page.url();
  await check(browser, `${server.origin}/demo/guide`);
  await page.getByText("Done: no link is broken").waitFor();
  assertNotEquals(page.url(), first);
  await page.getByRole("button", { name: "Check links" }).focus();
  await page.goBack();
  await page.getByText("Done: 2 of 9 links broken").waitFor();
  await look();
  await page.goBack();
  await browser.reach("idle");
  const rows = await browser.links();
  await page.goForward();
  await browser.reach("done");
  await look();

  assertEquals(seen, Array.from({ length: 2 }, () => ["Done: 2 of 9 links broken", `${server.origin}/demo/`]));
  assertEquals(rows, []);
  assertEquals((await browser.links()).length, DEMO_LINKS.length);
  assertEquals(browser.problems, []);
});

Deno.test("page has a command for a terminal that works as it is: for a check, and for the run on show", async () => {
  await using server = new AppServer({ demo: QUICK_DEMO, check: QUICK_CHECK });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;

  const idle = await browser.text("#curl");
  await check(browser, `${server.origin}/demo/`);
  await browser.reach("done");
  const done = await browser.text("#curl");
  const outputs = [await runCurl(idle), await runCurl(done)];

  const runId = new URLSearchParams(new URL(browser.page.url()).search).get("run") ?? "";
  assert(!idle.includes(runId) && done.includes(runId));
  for (const output of outputs) {
    assertStringIncludes(output, '"type":"run.start"');
    assertStringIncludes(output, '"type":"run.end"');
  }
});

const DONE_STEPS = (links: number): string[] => ["done", `${links} of ${links}`, "done"];

/** A page with four links, two of which wait to be opened. */
class GatedSite implements AsyncDisposable {
  readonly #opened = Promise.withResolvers<void>();
  readonly #server = new LocalServer(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/") {
      const links = ["/a", "/b", "/slow", "/slower"].map((path) => `<a href="${path}">x</a>`).join("");
      return new Response(links, { headers: { "content-type": "text/html" } });
    }
    if (pathname.startsWith("/slow")) await this.#opened.promise;
    return new Response();
  });

  get origin(): string {
    return this.#server.origin;
  }

  open(): void {
    this.#opened.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.open();
    await this.#server[Symbol.asyncDispose]();
  }
}

async function check({ page }: TestBrowser, url: string): Promise<void> {
  await page.getByLabel("Page to check").fill(url);
  await page.getByLabel("Page to check").press("Enter");
}

/** What the page says of the run as a whole. */
async function tell(browser: TestBrowser): Promise<{ state: string; steps: string[]; tally: string }> {
  const tally = await browser.page.locator(".tally dd").allInnerTexts();
  return {
    state: await browser.text("#state"),
    steps: await browser.page.locator("#steps span").allInnerTexts(),
    tally: tally.join(" "),
  };
}

/** Runs the command of the page, its one quoted word unquoted. */
async function runCurl(command: string): Promise<string> {
  const [, url = ""] = /^curl -N '([^']+)'$/.exec(command) ?? [];
  const { code, stdout } = await runCommand("curl", "-sN", "--max-time", "20", url);
  assertEquals(code, 0);
  return stdout;
}
