import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { AppServer } from "./app_server.ts";
import { DEMO_LINKS, endlessDemo, QUICK_CHECK, QUICK_DEMO } from "./demo_links.ts";
import { LocalServer } from "./local_server.ts";
import { TestBrowser } from "./test_browser.ts";

Deno.test("page shows a run, link by link, to its report", async () => {
  await using server = new AppServer({ demo: QUICK_DEMO, check: QUICK_CHECK });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;

  await browser.page.getByRole("button", { name: "Check links" }).click();
  await browser.reach("done");

  const rows = await browser.page.getByRole("row").all();
  const cells = await Promise.all(rows.slice(1).map((row) => row.getByRole("cell").allInnerTexts()));
  assertEquals(
    cells.map(([link = "", verdict, status]) => [link.split("\n")[0], verdict, Number(status)]),
    DEMO_LINKS.map(([path, verdict, status]) => [path, verdict, status]),
  );
  for (const [, , , time = ""] of cells) assert(/^\d+ ms$/.test(time), time);
  assertEquals(await browser.text("#state"), "Done: 2 of 9 links broken");
  assertEquals(
    await browser.text("#summary"),
    `9 links on ${server.origin}/demo/: 5 ok, 1 redirected, 1 slow, 2 broken.`,
  );
  assertEquals(await browser.page.locator("#broken-links li").allInnerTexts(), [
    "/demo/missing: Answered 404",
    "/demo/broken: Answered 500",
  ]);
  assertEquals(await browser.page.locator(".tally dd").allInnerTexts(), ["5", "1", "1", "2"]);
  assertEquals(await browser.page.locator("#steps span").allInnerTexts(), ["done", "9 of 9", "done"]);
  assertEquals(await browser.page.evaluate("document.querySelector('progress').position"), 1);
  assertStringIncludes(await browser.text("#log"), "method=HEAD url=/demo/guide");
  assertStringIncludes(await browser.text("#log"), "/demo/tickets: Answered 429, trying again at once");
  assertEquals(browser.problems, []);
});

Deno.test("page shows several links at work at once, and one that is tried again, to the report", async () => {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  let busyAnswers = 0;
  // Everything but the first answer of the busy link waits for the test.
  await using site = new LocalServer(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/") {
      const links = ["/busy", "/a", "/b", "/c"].map((path) => `<a href="${path}">x</a>`).join("");
      return new Response(links, { headers: { "content-type": "text/html" } });
    }
    if (pathname === "/busy" && busyAnswers++ === 0) {
      return new Response(null, { status: 429, headers: { "retry-after": "1" } });
    }
    await answered;
    return new Response();
  });
  await using server = new AppServer({ guard: { allowPrivate: true }, check: { slowMs: 60_000 } });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;
  const busy = browser.page.getByRole("row", { name: "/busy" });

  await browser.page.getByLabel("Page to check").fill(`${site.origin}/`);
  await browser.page.getByRole("button", { name: "Check links" }).click();
  await busy.getByText("trying again in 1 s").waitFor();
  const whileWaiting = [await busy.innerText(), await browser.page.locator("#steps span").nth(1).innerText()];
  await busy.getByText("checking again").waitFor();
  answer();
  await browser.reach("done");

  assertEquals(whileWaiting.map((text) => text.split(/\s*[\n\t]\s*/)), [
    ["/busy", "x", "Answered 429", "trying again in 1 s", ""],
    ["0 of 4, 4 at work"],
  ]);
  assertEquals(await browser.page.locator(".chip").allInnerTexts(), ["ok", "ok", "ok", "ok"]);
  assertEquals(await browser.text("#summary"), `4 links on ${site.origin}/: 4 ok, 0 redirected, 0 slow, 0 broken.`);
  assertEquals(browser.problems, []);
});

Deno.test("page shows what is at work while it is at work, and its stop button stops the run on the server", async () => {
  const { demo, abandoned } = endlessDemo();
  await using server = new AppServer({ demo, check: QUICK_CHECK });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;
  const { page } = browser;
  const stop = page.getByRole("button", { name: "Stop" });
  const archive = page.getByRole("row", { name: "/demo/archive" });

  const couldStopBefore = await stop.isEnabled();
  await page.getByRole("button", { name: "Check links" }).click();
  await archive.waitFor();
  await page.getByText("8 of 9 links").waitFor();
  const whileRunning = [await archive.innerText(), await browser.text("#state"), await browser.text("#count")];
  const stoppedAt = performance.now();
  await stop.click();
  const path = await abandoned;
  const tookMs = performance.now() - stoppedAt;
  // The server's run is over before its end has come to the page.
  await browser.reach("stopped");

  assertEquals(couldStopBefore, false);
  assertEquals(whileRunning.map((text) => text.split(/\s*[\n\t]\s*/)), [
    ["/demo/archive", "The archive", "checking", ""],
    ["Running"],
    ["8 of 9 links"],
  ]);
  assertEquals(path, "/demo/archive");
  // The click itself is driven from outside the browser, and takes its time.
  assertLess(tookMs, 1_000);
  assertStringIncludes(await archive.innerText(), "not checked");
  assertEquals([await stop.isEnabled(), await page.locator("#report").isVisible()], [false, false]);
  assertEquals(browser.problems, []);
});

Deno.test("page starts with Enter, and starts anew over a run", async () => {
  const { demo, abandoned } = endlessDemo();
  await using server = new AppServer({ demo });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;
  const field = browser.page.getByLabel("Page to check");

  await field.press("Enter");
  await browser.page.getByRole("row", { name: "/demo/archive" }).waitFor();
  await field.fill(`${server.origin}/demo/guide`);
  await field.press("Enter");
  await abandoned;
  await browser.reach("done");

  assertEquals(await browser.text("#state"), "Done: no link is broken");
  assertEquals(await browser.page.getByRole("row").count(), 2);
  assertEquals(browser.problems, []);
});

Deno.test("page says what is wrong with a URL, and completes one without a scheme", async () => {
  const fetched: string[] = [];
  await using server = new AppServer({
    guard: {
      fetch: (url) => {
        fetched.push(url.href);
        return Promise.resolve(new Response("", { headers: { "content-type": "text/html" } }));
      },
    },
  });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;
  const field = browser.page.getByLabel("Page to check");
  const complaints: string[] = [];

  for (const url of ["", "http://[bad", "ftp://example.com/", "https://user:secret@example.com/"]) {
    await field.fill(url);
    await field.press("Enter");
    complaints.push(await browser.page.getByRole("alert").innerText());
  }
  await field.fill("example.com:8080/path");
  await field.press("Enter");
  await browser.reach("done");

  assertEquals(complaints, [
    "Enter the URL of a page, like https://example.com/",
    "This is no URL. Enter a whole one, like https://example.com/",
    "A URL to check begins with http:// or https://",
    "Leave the user name and password out of the URL",
  ]);
  assertEquals(await browser.page.getByRole("alert").innerText(), "");
  assertEquals(fetched, ["https://example.com:8080/path"]);
  assertEquals(browser.problems, []);
});

Deno.test("page asks nobody about a URL with a space in its host", async () => {
  let starts = 0;
  await using server = new AppServer({}, (app) => (request) => {
    if (request.method === "POST") starts += 1;
    return app(request);
  });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;
  const field = browser.page.getByLabel("Page to check");

  for (const url of ["https://not a url", "foo bar", "http://foo%20bar/"]) {
    await field.fill(url);
    await field.press("Enter");
    assertEquals(
      [await browser.page.getByRole("alert").innerText(), await field.inputValue()],
      ["This is no URL. Enter a whole one, like https://example.com/", url],
    );
    await field.fill("");
  }

  assertEquals(starts, 0);
  assertEquals(browser.problems, []);
});

Deno.test("page completes its own address with its own scheme", async () => {
  await using server = new AppServer({ demo: QUICK_DEMO });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;
  const field = browser.page.getByLabel("Page to check");

  await field.fill(`${new URL(server.origin).host}/demo/guide`);
  await field.press("Enter");
  const completed = await field.inputValue();
  await browser.reach("done");

  assertEquals(completed, `${server.origin}/demo/guide`);
  assertEquals(await browser.text("#state"), "Done: no link is broken");
  assertEquals(browser.problems, []);
});

Deno.test("page says why a run failed", async () => {
  await using server = new AppServer({ demo: QUICK_DEMO });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;

  await browser.page.getByLabel("Page to check").fill("http://127.0.0.1:9/");
  await browser.page.getByRole("button", { name: "Check links" }).click();
  await browser.reach("failed");

  assertEquals(
    await browser.text("#state"),
    "Failed: Cannot read http://127.0.0.1:9/: Refused: 127.0.0.1 is not a public address",
  );
  assertEquals(await browser.page.locator("#steps span").allInnerTexts(), ["failed", "waiting", "waiting"]);
  assertEquals(browser.problems, []);
});

Deno.test("page shows what a hostile page says as text", async () => {
  await using site = new LocalServer(() =>
    new Response(
      '<a href="/%3Cimg%20src=x%20onerror=alert(1)%3E">&lt;img src=x onerror=alert(1)&gt;</a>' +
        '<a href="/b">&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;</a>',
      { headers: { "content-type": "text/html" } },
    )
  );
  await using server = new AppServer({ guard: { allowPrivate: true } });
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;

  await browser.page.getByLabel("Page to check").fill(`${site.origin}/`);
  await browser.page.getByRole("button", { name: "Check links" }).click();
  await browser.reach("done");

  assertEquals(await browser.page.locator("td small:not(.note)").allInnerTexts(), [
    "<img src=x onerror=alert(1)>",
    "</td><script>alert(1)</script>",
  ]);
  assertEquals(await browser.page.locator("main img, main script, td b").count(), 0);
  assertEquals(browser.problems, []);
});

Deno.test("page fits a phone", async () => {
  await using server = new AppServer({ demo: QUICK_DEMO });
  await using browser = await TestBrowser.open(server.origin, { width: 360, height: 740 });
  if (browser === null) return;

  await browser.page.getByRole("button", { name: "Check links" }).click();
  await browser.reach("done");

  assertEquals(await browser.page.evaluate("document.documentElement.scrollWidth"), 360);
  assertEquals(await browser.page.getByRole("columnheader").count(), 4);
  assertEquals(browser.problems, []);
});
