import { type Clock, RunCancelledError, type RunStream, systemClock, Workflow } from "@stepstream/workflow";
import { type EventStreamOptions, eventStreamResponse } from "@stepstream/workflow/sse";
import { assertEquals, assertLess, assertRejects } from "@std/assert";
import type { Page } from "playwright-core";
import { launchChromium } from "../tools/launch_chromium.ts";
import { LocalServer } from "../tools/local_server.ts";
import { quickestWithin } from "./quickest_within.ts";
import { TalkingWorkflow } from "./talking_workflow.ts";
import { watchedRun } from "./watched_run.ts";

/** Listens as a page does that knows nothing but `onmessage`, and tells the test what it hears. */
const PAGE = `<!doctype html>
<title>events</title>
<script>
  const source = new EventSource("/events");
  source.onopen = () => tell("open", "");
  source.onerror = () => tell("error", "");
  source.onmessage = ({ data, lastEventId }) => {
    if (JSON.parse(data).type === "run.end") source.close();
    tell(data, lastEventId);
  };
</script>`;

/** What the page heard: `open`, `error`, or the id and the type of a message, and the name of a log. */
type Heard = string;

/** Serves the page and, to its `EventSource`, the stream of a run. */
function servePage(open: () => RunStream, options: EventStreamOptions = {}): LocalServer {
  return new LocalServer((request) => {
    switch (new URL(request.url).pathname) {
      case "/":
        return new Response(PAGE, { headers: { "content-type": "text/html" } });
      case "/events":
        return eventStreamResponse(open(), { signal: request.signal, ...options });
      default:
        return new Response(null, { status: 404 });
    }
  });
}

/** Makes the page tell what it hears. */
async function listen(page: Page, onHeard: (heard: Heard) => void): Promise<void> {
  await page.exposeFunction("tell", (data: string, id: string) => {
    if (id === "") return onHeard(data);
    const { type, name = "" } = JSON.parse(data);
    onHeard(`${id} ${type} ${name}`.trim());
  });
}

/** Counts the timers that ran down, which are the heartbeats. */
class CountingClock implements Clock {
  readonly twice = Promise.withResolvers<void>();
  #count = 0;

  now(): number {
    return systemClock.now();
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    return systemClock.setTimeout(() => {
      this.#count += 1;
      callback();
      if (this.#count === 2) this.twice.resolve();
    }, delayMs);
  }

  clearTimeout(timer: unknown): void {
    systemClock.clearTimeout(timer);
  }
}

Deno.test("eventStreamResponse() gives a browser's onmessage every event before the run goes on", async () => {
  await using browser = await launchChromium();
  if (browser === null) return;
  const talk = new TalkingWorkflow();
  await using server = servePage(() => talk.workflow.stream("talk"));
  const page = await browser.newPage();
  const heard: Heard[] = [];
  const ended = Promise.withResolvers<void>();
  await listen(page, (what) => {
    heard.push(what);
    // Without this answer the next word is never said.
    if (what.includes("step.log")) talk.answer();
    if (what.includes("run.end")) ended.resolve();
  });

  await page.goto(server.origin);
  await ended.promise;

  assertEquals(heard, [
    "open",
    "1 run.start",
    "2 step.start",
    "3 step.log one",
    "4 step.log two",
    "5 step.log three",
    "6 step.result",
    "7 run.end",
  ]);
});

Deno.test("eventStreamResponse() keeps a browser's connection with heartbeats that no listener sees", async () => {
  await using browser = await launchChromium();
  if (browser === null) return;
  const run = watchedRun();
  const clock = new CountingClock();
  await using server = servePage(() => run.stream, { heartbeatMs: 20, clock });
  const page = await browser.newPage();
  const heard: Heard[] = [];
  const ended = Promise.withResolvers<void>();
  await listen(page, (what) => {
    heard.push(what);
    if (what.includes("run.end")) ended.resolve();
  });

  await page.goto(server.origin);
  await clock.twice.promise;
  run.release();
  await ended.promise;

  assertEquals(heard, [
    "open",
    "1 run.start",
    "2 step.start",
    "3 step.log waiting",
    "4 step.result",
    "5 run.end",
  ]);
});

/** How a browser's user goes away; answers when, in epoch milliseconds. */
const WAYS_TO_LEAVE: Record<string, (page: Page) => Promise<number>> = {
  "EventSource.close()": (page) => page.evaluate("source.close(), Date.now()"),
  "a closed tab": async (page) => {
    const leftAt = Date.now();
    await page.close();
    return leftAt;
  },
};

for (const [name, leave] of Object.entries(WAYS_TO_LEAVE)) {
  Deno.test(`eventStreamResponse() cancels the run within 100 ms of ${name}`, async () => {
    await using browser = await launchChromium();
    if (browser === null) return;
    let run = watchedRun();
    await using server = servePage(() => run.stream);

    const delayMs = await quickestWithin(100, async () => {
      run = watchedRun();
      const page = await browser.newPage();
      const waiting = Promise.withResolvers<void>();
      await listen(page, (what) => {
        if (what.includes("step.log")) waiting.resolve();
      });
      await page.goto(server.origin);
      await waiting.promise;
      const leftAt = await leave(page);
      const heardAt = await run.abortedAt;
      await assertRejects(() => run.stream.result, RunCancelledError);
      await page.close();
      return heardAt - leftAt;
    });

    assertLess(delayMs, 100);
  });
}

Deno.test("eventStreamResponse() leaves a run completed whose browser closes the stream at run.end", async () => {
  await using browser = await launchChromium();
  if (browser === null) return;
  const stream: RunStream = new Workflow().add({ name: "work", action: () => 1 }).stream("work");
  await using server = servePage(() => stream);
  const page = await browser.newPage();
  const ended = Promise.withResolvers<void>();
  await listen(page, (what) => {
    if (what.includes("run.end")) ended.resolve();
  });

  await page.goto(server.origin);
  await ended.promise;
  await page.close();

  assertEquals((await stream.result).context, { "result.work": 1 });
});
