import type { Browser, Page } from "playwright-core";
import { launchChromium } from "../../tools/launch_chromium.ts";

/** A page in a headless Chromium that remembers whatever went wrong in it. */
export class TestBrowser implements AsyncDisposable {
  readonly page: Page;
  /** Errors on the console, errors nobody caught, and requests to other origins. */
  readonly problems: string[] = [];
  readonly #browser: Browser;

  private constructor(browser: Browser, page: Page, origin: string) {
    this.#browser = browser;
    this.page = page;
    page.on("pageerror", (error) => this.problems.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.problems.push(message.text());
    });
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== origin) this.problems.push(`request to ${request.url()}`);
    });
  }

  /** Opens a page, or answers `null` where there is no Chromium and none is required. */
  static async open(origin: string, viewport = { width: 1_280, height: 900 }): Promise<TestBrowser | null> {
    const browser = await launchChromium();
    if (browser === null) return null;
    const opened = new TestBrowser(browser, await browser.newPage({ viewport }), origin);
    await opened.page.goto(origin);
    return opened;
  }

  /** What went wrong but that the server was not there, which a browser writes to its console. */
  get problemsOfPage(): string[] {
    return this.problems.filter((problem) =>
      !/^Failed to load resource: (?:net::ERR_|the server responded)/.test(problem)
    );
  }

  /** The rows of the links: path, verdict and status of each. */
  async links(): Promise<(string | number | undefined)[][]> {
    const rows = await this.page.locator("#rows tr").all();
    const cells = await Promise.all(rows.map((row) => row.getByRole("cell").allInnerTexts()));
    return cells.map(([link = "", verdict, status]) => [link.split("\n")[0], verdict, Number(status)]);
  }

  /** The text of an element. */
  async text(selector: string): Promise<string> {
    return await this.page.locator(selector).innerText();
  }

  /** Waits until the page says that its run is in this state. */
  async reach(state: string): Promise<void> {
    await this.page.locator(`body[data-state="${state}"]`).waitFor({ timeout: 20_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
