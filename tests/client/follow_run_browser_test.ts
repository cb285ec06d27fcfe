import { assertEquals } from "@std/assert";
import { eventsFullOf } from "../sse/sample_events.ts";
import { bundle } from "../tools/bundle.ts";
import { launchChromium } from "../tools/launch_chromium.ts";
import { LocalServer } from "../tools/local_server.ts";
import { parseEvents } from "../tools/parse_event_stream.ts";
import { HELLO, messagesOf } from "./event_server.ts";

const EVENTS = eventsFullOf("ü😀");
/** Makes what an `EventSource` would never come back from: a refusal, then a stream that is cut. */
const FOLLOW = `
import { followRun } from "/client.js";

globalThis.follow = async (url) => {
  const events = [];
  for await (const event of followRun(url, { maxDelayMs: 1 })) events.push(event);
  return events;
};
globalThis.isReady = true;
`;

/** A server of events for pages from anywhere, and the methods of the requests that it got. */
function serveEvents(): { server: LocalServer; requests: string[] } {
  const requests: string[] = [];
  const server = new LocalServer(({ method, url }) => {
    const after = Number(new URL(url).searchParams.get("after") ?? 0);
    requests.push(`${method} ${after}`);
    const headers = { "access-control-allow-origin": "*", "content-type": "text/event-stream" };
    if (requests.length === 1) return new Response(null, { status: 503, headers });
    return new Response(HELLO + messagesOf(EVENTS.slice(0, requests.length === 2 ? 3 : undefined), after), { headers });
  });
  return { server, requests };
}

Deno.test("followRun() follows a run of another origin in Chromium, through refusals and cuts, with no preflight", async () => {
  await using browser = await launchChromium();
  if (browser === null) return;
  const client = await bundle("src/client/mod.ts");
  await using site = new LocalServer((request) => {
    const isScript = new URL(request.url).pathname === "/client.js";
    return isScript
      ? new Response(client, { headers: { "content-type": "text/javascript" } })
      : new Response(`<!doctype html><script type="module">${FOLLOW}</script>`, {
        headers: { "content-type": "text/html" },
      });
  });
  const { server, requests } = serveEvents();
  await using _server = server;
  const page = await browser.newPage();
  await page.goto(site.origin);
  await page.waitForFunction("globalThis.isReady");

  const events = await page.evaluate(`follow("${server.origin}/runs/run-1/events")`);

  assertEquals([events, requests], [parseEvents(messagesOf(EVENTS)), ["GET 0", "GET 0", "GET 3"]]);
});
