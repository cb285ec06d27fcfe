import type { WorkflowEvent } from "@stepstream/workflow";
import { type FollowFetch, followRun, type FollowState } from "@stepstream/workflow/client";
import { readAll } from "../../tools/events.ts";
import { assertEquals } from "./assert.ts";
import { cut } from "./cut.ts";
import type { SiteCase } from "./runtime_case.ts";

/** Fails unless the events are all of a run, once each. */
function assertWhole(events: readonly WorkflowEvent[]): void {
  assertEquals(events.map(({ seq }) => seq), events.map((_event, index) => index + 1));
  assertEquals([events[0]?.type, events.at(-1)?.type], ["run.start", "run.end"]);
  const end = events.at(-1);
  assertEquals(end?.type === "run.end" && [end.status, end.steps], ["completed", 5]);
}

/** Goes away after a part of each stream, and lets the reader see the stream closed or broken. */
function cutting(end: "closed" | "broken"): FollowFetch {
  return async (url, init) => cut(await fetch(url, init), end);
}

/** Asks what became of a run until it is this. */
async function untilIs(url: string, state: string): Promise<void> {
  while (await (await fetch(url)).text() !== state);
}

export const siteCases: readonly SiteCase[] = [
  {
    name: "followRun() has an event over the network while its action is still at work",
    needsRunner: false,
    async run(origin) {
      const url = `${origin}/talks/${crypto.randomUUID()}`;
      const seen: string[] = [];

      for await (const event of followRun(`${url}/events`, { maxFailures: 0 })) {
        seen.push(event.type);
        // Without this the run would never end.
        if (event.type === "step.log" && event.name === "one") await (await fetch(url, { method: "POST" })).text();
      }

      assertEquals(seen, ["run.start", "step.start", "step.log", "step.log", "step.result", "run.end"]);
    },
  },
  {
    name: "followRun() that is left makes the server cancel a run that belongs to the request",
    needsRunner: false,
    async run(origin) {
      const url = `${origin}/talks/${crypto.randomUUID()}`;
      for await (const { type } of followRun(`${url}/events`, { maxFailures: 0 })) if (type === "step.log") break;

      await untilIs(url, "aborted");
    },
  },
  {
    name: "eventStreamResponse() keeps a request alive in which nothing is at work, until the client leaves",
    needsRunner: false,
    async run(origin) {
      const url = `${origin}/silences/${crypto.randomUUID()}`;
      const controller = new AbortController();
      const { body } = await fetch(`${url}/events`, { signal: controller.signal });
      const reader = body?.getReader();
      const decoder = new TextDecoder();
      let text = "";
      while (text.split("\n:\n").length <= 3) {
        text += decoder.decode((await reader?.read())?.value, { stream: true });
      }

      controller.abort();

      await untilIs(url, "aborted");
    },
  },
  ...(["closed", "broken"] as const).map((end): SiteCase => ({
    name: `followRun() follows a stored run that each connection goes on with, with no gap and no double (${end})`,
    needsRunner: false,
    async run(origin) {
      const url = `${origin}/trips/${crypto.randomUUID()}/events`;
      const states: FollowState[] = [];
      const onState = (state: FollowState) => states.push(state);

      const { items, failure } = await readAll(followRun(url, { fetch: cutting(end), maxDelayMs: 5, onState }));

      assertEquals(failure, null);
      assertWhole(items);
      assertEquals(states.filter((state) => state === "reconnecting").length > 0, true);
    },
  })),
  {
    name: "followRun() follows a run of a runner through cuts on both sides, with no gap and no double",
    needsRunner: true,
    async run(origin) {
      const started = await fetch(`${origin}/runs`, {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID() },
        body: JSON.stringify({ workflow: "count", start: "count", payload: 1 }),
      });
      const { events } = await started.json();
      const url = new URL(events, started.url);

      const readings = [
        await readAll(followRun(url, { fetch: cutting("closed"), maxDelayMs: 5 })),
        await readAll(followRun(url, { fetch: cutting("broken"), maxDelayMs: 5 })),
        await readAll(followRun(`${url.origin}/cut${url.pathname}`, { maxDelayMs: 5 })),
      ];

      const whole = await readAll(followRun(url));
      assertWhole(whole.items);
      assertEquals([started.status, readings], [201, [whole, whole, whole]]);
    },
  },
];
