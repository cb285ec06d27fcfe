import { EventsGoneError, Workflow } from "@stepstream/workflow";
import { FollowError, followRun } from "@stepstream/workflow/client";
import { eventStreamResponse } from "@stepstream/workflow/sse";
import { readAll, typesOf } from "../../tools/events.ts";
import { ManualClock } from "../../tools/manual_clock.ts";
import { assertEquals, rejectionOf } from "./assert.ts";
import type { RuntimeCase } from "./runtime_case.ts";

const URL_OF_RUN = "https://runs.test/runs/r/events";

/** The stream of a whole run, as a server sends it. */
function wholeStream(): Promise<string> {
  const workflow = new Workflow().add({
    name: "greet",
    action: function* (_ctx, name, log) {
      log.event("greeting", "h\u00e9llo 👩‍🚀\r\n");
      yield name;
    },
  });
  return eventStreamResponse(workflow.stream("greet", "Ada", { runId: "r", clock: new ManualClock() })).text();
}

/** A server that answers with the messages after `after`, and cuts its first answer after so many bytes. */
function cutServer(text: string, cutAfter: number) {
  const [hello = "", ...messages] = text.split(/(?<=\n\n)/);
  const afters: number[] = [];
  const fetch = (url: string): Response => {
    const after = Number(new URL(url).searchParams.get("after") ?? 0);
    const bytes = new TextEncoder().encode(hello + messages.slice(after).join(""));
    const body = afters.push(after) === 1 ? bytes.subarray(0, cutAfter) : bytes;
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
  return { afters, fetch };
}

export const clientCases: readonly RuntimeCase[] = [
  {
    name: "followRun() has every event once, wherever in its bytes the stream is cut",
    async run() {
      const text = await wholeStream();
      const whole = (await readAll(followRun(URL_OF_RUN, { fetch: cutServer(text, Infinity).fetch }))).items;
      assertEquals(typesOf(whole), ["run.start", "step.start", "step.log", "step.chunk", "step.result", "run.end"]);
      const { length } = new TextEncoder().encode(text);

      for (let cutAfter = 0; cutAfter <= length; cutAfter += 7) {
        const { fetch } = cutServer(text, cutAfter);
        const { items, failure } = await readAll(followRun(URL_OF_RUN, { fetch, maxDelayMs: 0 }));

        assertEquals([cutAfter, failure, items], [cutAfter, null, whole]);
      }
    },
  },
  {
    name: "followRun() bears with refusals and lost connections, on the platform's timers",
    async run() {
      const text = await wholeStream();
      const { fetch: answer } = cutServer(text, 300);
      const states: string[] = [];
      let asked = 0;
      const fetch = (url: string) => {
        asked += 1;
        if (asked === 1) return new Response(null, { status: 503 });
        if (asked === 2) throw new TypeError("the network is gone");
        return answer(url);
      };

      const { items, failure } = await readAll(
        followRun(URL_OF_RUN, { fetch, maxDelayMs: 2, onState: (state) => states.push(state) }),
      );

      assertEquals([items.map(({ seq }) => seq), failure], [[1, 2, 3, 4, 5, 6], null]);
      const refused = ["connecting", "reconnecting"];
      assertEquals(states, [
        ...refused,
        ...refused,
        "connecting",
        "open",
        "reconnecting",
        "connecting",
        "open",
        "done",
      ]);
    },
  },
  {
    name: "followRun() rejects where the server has a last word, and where events are gone",
    async run() {
      const problem = JSON.stringify({ title: "Unknown run" });
      const headers = { "content-type": "application/problem+json" };
      const reset = 'event: reset\ndata: {"after":0,"first":4}\n\n';

      const refused = await rejectionOf(
        followRun(URL_OF_RUN, { fetch: () => new Response(problem, { status: 404, headers }) }).next(),
      );
      const gone = await rejectionOf(
        followRun(URL_OF_RUN, {
          fetch: () => new Response(reset, { headers: { "content-type": "text/event-stream" } }),
        }).next(),
      );
      const failing = await rejectionOf(
        followRun(URL_OF_RUN, { fetch: () => new Response(null, { status: 500 }), maxFailures: 2, maxDelayMs: 0 })
          .next(),
      );

      assertEquals(refused instanceof FollowError && [refused.status, refused.title], [404, "Unknown run"]);
      assertEquals([gone instanceof EventsGoneError, failing instanceof FollowError], [true, true]);
    },
  },
  {
    name: "followRun() ends its request at once when its reader leaves or its signal aborts",
    async run() {
      const signals: AbortSignal[] = [];
      const fetch = (_url: string, { signal }: { readonly signal: AbortSignal }) => {
        signals.push(signal);
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => controller.enqueue(new TextEncoder().encode(": nothing yet\n\n")),
        });
        return new Response(body, { headers: { "content-type": "text/event-stream" } });
      };
      const controller = new AbortController();
      const reason = new Error("enough");
      const opened: Promise<void>[] = [];
      const follow = (signal?: AbortSignal) => {
        let open = () => {};
        opened.push(new Promise((resolve) => open = resolve));
        return followRun(URL_OF_RUN, { fetch, signal, onState: (state) => state === "open" && open() });
      };
      const [left, aborted] = [follow(), follow(controller.signal)];
      const pending = [left.next(), rejectionOf(aborted.next())] as const;
      await Promise.all(opened);

      const returned = left.return();
      controller.abort(reason);

      assertEquals(signals.map((signal) => signal.aborted), [true, true]);
      assertEquals([(await pending[0]).done, await pending[1] === reason], [true, true]);
      await returned;
    },
  },
  {
    name: "followRun() is done at once where there is nothing more",
    async run() {
      const { items, failure } = await readAll(
        followRun(URL_OF_RUN, { after: 6, fetch: () => new Response(null, { status: 204 }) }),
      );

      assertEquals([items, failure], [[], null]);
    },
  },
];
