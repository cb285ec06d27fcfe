import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { MortalServer } from "../http/mortal_server.ts";
import { launchChromium } from "../tools/launch_chromium.ts";
import { LocalServer } from "../tools/local_server.ts";
import { storedEvents } from "../tools/stored_run.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";
import { NpmProject } from "./npm_project.ts";

/** What a page does that has no bundler: it imports the file that the package names. */
const FOLLOW = `
import { followRun } from "/package/src/client/mod.js";

globalThis.events = [];
globalThis.follow = async (url) => {
  for await (const event of followRun(url, { maxDelayMs: 20, maxFailures: Infinity })) events.push(event);
  return events;
};
globalThis.isReady = true;
`;

/** A site of one page and, at `/package`, the files of a folder; and the paths of those that were asked for. */
function serveFiles(folder: string): { site: LocalServer; asked: string[] } {
  const asked: string[] = [];
  const site = new LocalServer(async ({ url }) => {
    const [, path] = /^\/package\/(.+\.js)$/.exec(new URL(url).pathname) ?? [];
    if (path === undefined) {
      const html = `<!doctype html><link rel="icon" href="data:,"><script type="module">${FOLLOW}</script>`;
      return new Response(html, { headers: { "content-type": "text/html" } });
    }
    asked.push(path);
    return new Response(await Deno.readTextFile(`${folder}/${path}`), {
      headers: { "content-type": "text/javascript" },
    });
  });
  return { site, asked };
}

Deno.test("npm package's client follows a run in Chromium, unbundled, while the server is killed and started again", async () => {
  await using browser = await launchChromium();
  if (browser === null) return;
  await using project = await NpmProject.create();
  const { site, asked } = serveFiles(project.packagePath);
  await using _site = site;
  await using folder = await TemporaryFolder.create();
  const file = `${folder.path}/runs.db`;
  await using server = new MortalServer(file, site.origin);
  await server.start(100);
  await (await server.post("mortal")).body?.cancel();
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(site.origin);
  await page.waitForFunction("globalThis.isReady");

  const following = page.evaluate(`follow("${server.origin}/runs/mortal/events")`);
  await page.waitForFunction("events.length > 200");
  await server.kill();
  await server.start(Infinity);
  const events = await following;
  await server.kill();

  using database = new DatabaseSync(file);
  const stored = await storedEvents(await SqliteStore.open(database), "mortal");
  assertEquals(stored.filter(({ type }) => type === "run.resume").length, 1);
  assertEquals([events, problems], [stored, []]);
  assertEquals(asked.filter((path) => !/^src\/(?:client|core|sse)\//.test(path)), []);
});
