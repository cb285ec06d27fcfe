import type { WorkflowEvent } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";
import { launchChromium } from "../tools/launch_chromium.ts";
import { LocalServer } from "../tools/local_server.ts";
import { serveSite } from "./cases/mod.ts";

/** Listens as a page does that has nothing of this package. */
const LISTEN = `new Promise((resolve, reject) => {
  const source = new EventSource("/cut/trips/" + crypto.randomUUID() + "/events");
  const events = [];
  let opened = 0;
  source.onopen = () => opened += 1;
  source.onerror = () => source.readyState === EventSource.CLOSED && reject(new Error("It was given up"));
  source.onmessage = ({ data }) => {
    events.push(JSON.parse(data));
    if (events.at(-1).type !== "run.end") return;
    source.close();
    resolve({ events, isCut: opened > 1 });
  };
})`;

/** What the page has heard. */
interface Heard {
  readonly events: readonly WorkflowEvent[];
  readonly isCut: boolean;
}

Deno.test("a browser's EventSource has every event of a stored run once, through cuts", async () => {
  await using browser = await launchChromium();
  if (browser === null) return;
  await using site = new LocalServer((request) => {
    const isPage = new URL(request.url).pathname === "/";
    return isPage ? new Response("<!doctype html>", { headers: { "content-type": "text/html" } }) : serveSite(request);
  });
  const page = await browser.newPage();
  await page.goto(site.origin);

  const { events, isCut } = await page.evaluate<Heard>(LISTEN);

  assertEquals(events.map(({ seq }) => seq), events.map((_event, index) => index + 1));
  assertEquals([events[0]?.type, events.at(-1)?.type, isCut], ["run.start", "run.end", true]);
});
