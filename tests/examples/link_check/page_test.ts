import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { AppServer } from "./app_server.ts";
import { DEMO_LINKS, endlessDemo, QUICK_CHECK, QUICK_DEMO } from "./demo_links.ts";
import { LocalServer } from "./local_server.ts";
import { TestBrowser } from "./test_browser.ts";

// These run in the page.

/** How much is seen of a chip halfway through its animation. */
const FAINTEST_CHIP = `(() => {
  const chip = document.querySelector('[data-state="checking"] .chip');
  for (const animation of chip.getAnimations()) {
    animation.pause();
    animation.currentTime = animation.effect.getComputedTiming().duration / 2;
  }
  return getComputedStyle(chip).opacity;
})()`;

/** Which of the page's colours the dot before the state has. */
const DOT = `(() => {
  const { backgroundColor } = getComputedStyle(document.getElementById("state"), "::before");
  const probe = document.body.appendChild(document.createElement("i"));
  return ["ok", "redirected", "slow", "broken", "accent", "muted"].find((name) => {
    probe.style.color = "var(--" + name + ")";
    return getComputedStyle(probe).color === backgroundColor;
  });
})()`;

/** The texts of the boxes that are too small for them. */
const OVERFLOWING = `[...document.querySelectorAll(".tally div, .steps li")]
  .filter((box) => box.scrollWidth > box.clientWidth)
  .map((box) => box.textContent)`;

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
  assertEquals(await browser.page.evaluate(DOT), "broken");
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
  const faintest = await page.evaluate(FAINTEST_CHIP);
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
  assertEquals(faintest, "1");
  assertEquals(await page.locator("#steps span").allInnerTexts(), ["done", "stopped", "not run"]);
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
  assertEquals(await browser.page.evaluate(DOT), "ok");
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
  assertEquals(await browser.page.locator("#steps span").allInnerTexts(), ["failed", "not run", "not run"]);
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

for (const width of [320, 390]) {
  Deno.test(`page fits a phone of ${width} px, and its words their boxes`, async () => {
    await using server = new AppServer({ demo: QUICK_DEMO });
    await using browser = await TestBrowser.open(server.origin, { width, height: 740 });
    if (browser === null) return;

    await browser.page.getByRole("button", { name: "Check links" }).click();
    await browser.reach("done");

    assertEquals(await browser.page.evaluate("document.documentElement.scrollWidth"), width);
    assertEquals(await browser.page.evaluate(OVERFLOWING), []);
    assertEquals(await browser.page.getByRole("columnheader").count(), 4);
    assertEquals(browser.problems, []);
  });
}

Deno.test("page has no command for a terminal where what is typed is no URL, and completes one", async () => {
  await using server = new AppServer();
  await using browser = await TestBrowser.open(server.origin);
  if (browser === null) return;
  const { page } = browser;
  const footer = page.locator("footer");

  await page.goto(`${server.origin}/?url=not+a+url`);
  const isThere = [await footer.isVisible()];
  await page.getByLabel("Page to check").fill("example.com/");
  isThere.push(await footer.isVisible());
  const command = await browser.text("#curl");
  await page.getByLabel("Page to check").fill("");
  isThere.push(await footer.isVisible());

  assertEquals(isThere, [false, true, false]);
  assertEquals(command, `curl -N '${server.origin}/check?url=https%3A%2F%2Fexample.com%2F'`);
  assertEquals(browser.problems, []);
});
