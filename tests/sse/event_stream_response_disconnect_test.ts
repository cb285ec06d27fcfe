import {
  MemoryStore,
  RunCancelledError,
  RunReleasedError,
  type RunStream,
  type StepScope,
  Workflow,
} from "@stepstream/workflow";
import { eventStreamResponse, type OnDisconnect } from "@stepstream/workflow/sse";
import { assertEquals, assertRejects } from "@std/assert";
import { laterTurn, readAll, stateOf, typesOf } from "../tools/events.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { RejectionTrap } from "../tools/rejection_trap.ts";
import { type SpiedSignal, spiedSignal } from "../tools/spied_signal.ts";
import { ChunkReader } from "./chunk_reader.ts";
import { EventChannel } from "./event_channel.ts";
import { endEvent, logEvent } from "./sample_events.ts";

const HELLO = "retry: 2000\n: heartbeat 8000\n\n";

/** How a server learns that its client has gone. */
interface WayToLeave {
  readonly name: string;
  readonly take: (chunks: ChunkReader, client: SpiedSignal) => unknown;
}

const WAYS_TO_LEAVE: readonly WayToLeave[] = [
  { name: "a cancelled body", take: (chunks) => chunks.cancel() },
  { name: "an aborted signal", take: (_chunks, client) => client.abort() },
  {
    name: "both",
    take: (chunks, client) => {
      client.abort();
      return chunks.cancel();
    },
  },
];

interface Watched {
  readonly stream: RunStream;
  readonly scope: StepScope;
  readonly chunks: ChunkReader;
  readonly client: SpiedSignal;
  readonly clock: ManualClock;
  /** Lets the action at work return. */
  readonly release: () => void;
  /** The steps that ran. */
  readonly ran: string[];
  /** What was given to `waitUntil`. */
  readonly done: Promise<void>;
}

/** A run whose first action is at work and waits, deaf to its signal; its client has read all there is. */
async function watchedRun(onDisconnect: OnDisconnect): Promise<Watched> {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<StepScope>();
  const ran: string[] = [];
  const workflow = new Workflow().add(
    {
      name: "wait",
      action: async (_ctx, _payload, _log, scope) => {
        begun.resolve(scope);
        await gate.promise;
        ran.push("wait");
      },
      decision: (_ctx, _result, enqueue) => enqueue.tail("next"),
    },
    { name: "next", action: () => ran.push("next") },
  );
  const client = spiedSignal();
  const clock = new ManualClock();
  const stream: RunStream = workflow.stream("wait", null, { clock });
  const all = Promise.withResolvers<void>();
  const response = eventStreamResponse(stream, {
    onDisconnect,
    clock,
    signal: client.signal,
    waitUntil: (promise) => all.resolve(promise),
  });
  const chunks = new ChunkReader(response);
  await chunks.readUntil("step.start");
  const scope = await begun.promise;
  return { stream, scope, chunks, client, clock, release: gate.resolve, ran, done: all.promise };
}

for (const { name, take } of WAYS_TO_LEAVE) {
  Deno.test(`eventStreamResponse() aborts scope.signal before the call returns on ${name}`, async () => {
    const { scope, chunks, client, release, done } = await watchedRun("cancel");
    const { signal } = scope;

    const taken = take(chunks, client);

    assertEquals(signal.aborted, true);
    release();
    await taken;
    await done;
  });

  Deno.test(`eventStreamResponse() cancels the run on ${name}`, async () => {
    const { stream, chunks, client, release, ran, done } = await watchedRun("cancel");

    const taken = take(chunks, client);
    release();
    await taken;
    await done;

    await assertRejects(() => stream.result, RunCancelledError);
    assertEquals(ran, ["wait"]);
  });

  Deno.test(`eventStreamResponse() leaves a stored run for later on ${name}, and resume() goes on with it`, async () => {
    const store = new MemoryStore();
    const begun = Promise.withResolvers<void>();
    let tries = 0;
    const workflow = new Workflow().add({
      name: "wait",
      action: (_ctx, _payload, _log, { signal }) => {
        tries += 1;
        if (tries > 1) return "done";
        begun.resolve();
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    });
    const stream = workflow.stream("wait", null, { store, runId: "run-1" });
    const client = spiedSignal();
    const all = Promise.withResolvers<void>();
    const waitUntil = (promise: Promise<void>) => all.resolve(promise);
    const chunks = new ChunkReader(eventStreamResponse(stream, { signal: client.signal, waitUntil }));
    await chunks.readUntil("step.start");
    await begun.promise;

    await take(chunks, client);
    await all.promise;

    await assertRejects(() => stream.result, RunReleasedError);
    assertEquals((await store.find("run-1"))?.status, "suspended");
    const { items } = await readAll(workflow.resume("run-1", { store, after: 2 }));
    assertEquals(typesOf(items), ["run.suspend", "run.resume", "step.start", "step.result", "run.end"]);
  });

  Deno.test(`eventStreamResponse() lets the run go on without a reader on ${name} if it is told to detach`, async () => {
    const { stream, scope, chunks, client, release, ran, done } = await watchedRun("detach");
    const { signal } = scope;

    const taken = take(chunks, client);
    release();
    await taken;
    await done;

    await stream.result;
    assertEquals([signal.aborted, ran], [false, ["wait", "next"]]);
  });

  for (const onDisconnect of ["cancel", "detach"] as const) {
    Deno.test(`eventStreamResponse() with ${onDisconnect} ends a read that waits on ${name}`, async () => {
      const { chunks, client, release, done } = await watchedRun(onDisconnect);
      const waiting = chunks.read();
      await laterTurn();

      const taken = take(chunks, client);

      assertEquals(await waiting, null);
      release();
      await taken;
      await done;
    });

    Deno.test(`eventStreamResponse() with ${onDisconnect} leaves no timer and no listener on ${name}`, async () => {
      const { chunks, client, clock, release, done } = await watchedRun(onDisconnect);
      const waiting = chunks.read();
      await laterTurn();

      const taken = take(chunks, client);
      release();
      await Promise.all([waiting, taken, done]);

      assertEquals([client.listeners, clock.pendingMs], [0, []]);
    });

    Deno.test(`eventStreamResponse() with ${onDisconnect} settles waitUntil when the work is over on ${name}`, async () => {
      const { chunks, client, release, done } = await watchedRun(onDisconnect);

      const taken = take(chunks, client);
      const before = await stateOf(done);
      release();
      await taken;

      assertEquals([before, await stateOf(done)], ["pending", "resolved: undefined"]);
    });

    Deno.test(`eventStreamResponse() with ${onDisconnect} leaves no rejection unhandled on ${name}, whenever`, async () => {
      using trap = new RejectionTrap();
      for (let microtasks = 0; microtasks < 24; microtasks += 1) {
        const workflow = new Workflow().add({
          name: "fail",
          action: () => Promise.resolve(1),
          decision: async () => {
            await undefined;
            throw new Error("no way");
          },
        });
        const client = spiedSignal();
        const all = Promise.withResolvers<void>();
        const chunks = new ChunkReader(
          eventStreamResponse(workflow.stream("fail"), {
            onDisconnect,
            signal: client.signal,
            waitUntil: (promise) => all.resolve(promise),
          }),
        );
        await chunks.read();
        const waiting = chunks.read();
        for (let index = 0; index < microtasks; index += 1) await undefined;

        await take(chunks, client);
        await waiting;
        await all.promise;
      }
      await laterTurn();

      assertEquals(trap.reasons, []);
    });
  }
}

Deno.test("eventStreamResponse() with a signal that is aborted already runs nothing and ends", async () => {
  const ran: string[] = [];
  const workflow = new Workflow().add({ name: "work", action: () => ran.push("work") });
  const stream = workflow.stream("work");

  const text = await eventStreamResponse(stream, { signal: AbortSignal.abort() }).text();

  await assertRejects(() => stream.result, RunCancelledError);
  assertEquals([text, ran], [HELLO, []]);
});

Deno.test("eventStreamResponse() with a signal that is aborted already runs to the end if it is told to detach", async () => {
  const ran: string[] = [];
  const workflow = new Workflow().add({ name: "work", action: () => ran.push("work") });
  const stream = workflow.stream("work");

  const text = await eventStreamResponse(stream, { signal: AbortSignal.abort(), onDisconnect: "detach" }).text();

  await stream.result;
  assertEquals([text, ran], [HELLO, ["work"]]);
});

Deno.test("eventStreamResponse() with a signal that is aborted already ends the events once, also if its body is cancelled", async () => {
  const events = new EventChannel();
  const { body } = eventStreamResponse(events, { signal: AbortSignal.abort() });

  await body?.cancel();

  assertEquals(events.calls, [["return"]]);
});

Deno.test("eventStreamResponse() adds no listener to a signal that is aborted already", async () => {
  const client = spiedSignal();
  client.abort();

  await eventStreamResponse(new EventChannel(), { signal: client.signal }).text();

  assertEquals(client.added, 0);
});

Deno.test("eventStreamResponse() cancels a run whose body nobody has read", () => {
  const events = new EventChannel();
  const client = spiedSignal();
  eventStreamResponse(events, { signal: client.signal });

  client.abort();

  assertEquals([events.calls, client.listeners], [[["return"]], 0]);
});

Deno.test("eventStreamResponse() sends nothing after the signal is aborted, not even what is ready", async () => {
  const events = new EventChannel(logEvent(1, null));
  const client = spiedSignal();
  const chunks = new ChunkReader(eventStreamResponse(events, { signal: client.signal }));
  await chunks.readUntil("step.log");

  events.push(logEvent(2, null));
  client.abort();

  assertEquals(await chunks.readAll(), []);
});

Deno.test("eventStreamResponse() takes its listener from the signal when the run ends", async () => {
  const client = spiedSignal();

  await eventStreamResponse(new EventChannel(endEvent(1)), { signal: client.signal }).text();

  assertEquals([client.added, client.listeners], [1, 0]);
});

Deno.test("eventStreamResponse() takes its listener from the signal when the events end without run.end", async () => {
  const client = spiedSignal();
  const events = new EventChannel();
  events.end();

  await eventStreamResponse(events, { signal: client.signal }).text();

  assertEquals([client.added, client.listeners], [1, 0]);
});

Deno.test("eventStreamResponse() takes its listener from the signal when the events fail", async () => {
  const client = spiedSignal();
  const events = new EventChannel();
  events.fail(new Error("broken"));

  await eventStreamResponse(events, { signal: client.signal }).text().catch(() => {});

  assertEquals([client.added, client.listeners], [1, 0]);
});

Deno.test("eventStreamResponse() takes no notice of a signal that aborts after the run has ended", async () => {
  const client = spiedSignal();
  const workflow = new Workflow().add({ name: "work", action: () => 1 });
  const stream = workflow.stream("work");
  const text = await eventStreamResponse(stream, { signal: client.signal }).text();

  client.abort();

  assertEquals([text.includes('"status":"completed"'), (await stream.result).context], [true, { "result.work": 1 }]);
});

for (const onDisconnect of ["cancel", "detach"] as const) {
  Deno.test(`eventStreamResponse() with ${onDisconnect} takes an action that sends its own client away`, async () => {
    using trap = new RejectionTrap();
    const ran: string[] = [];
    const client = spiedSignal();
    const workflow = new Workflow().add(
      {
        name: "first",
        action: () => {
          client.abort();
          return ran.push("first");
        },
        decision: (_ctx, _result, enqueue) => enqueue.tail("second"),
      },
      { name: "second", action: () => ran.push("second") },
    );
    const all = Promise.withResolvers<void>();
    const response = eventStreamResponse(workflow.stream("first"), {
      onDisconnect,
      signal: client.signal,
      waitUntil: (promise) => all.resolve(promise),
    });

    const text = await response.text();
    await all.promise;
    await laterTurn();

    assertEquals([text, ran, client.listeners, trap.reasons], [
      HELLO,
      onDisconnect === "cancel" ? ["first"] : ["first", "second"],
      0,
      [],
    ]);
  });

  Deno.test(`eventStreamResponse() with ${onDisconnect} takes a client that leaves between two sync steps`, async () => {
    using trap = new RejectionTrap();
    for (let microtasks = 0; microtasks < 24; microtasks += 1) {
      const ran: string[] = [];
      const workflow = new Workflow().add(
        {
          name: "first",
          action: () => ran.push("first"),
          decision: (_ctx, _result, enqueue) => enqueue.tail("second"),
        },
        { name: "second", action: () => ran.push("second") },
      );
      const stream = workflow.stream("first");
      const all = Promise.withResolvers<void>();
      const chunks = new ChunkReader(
        eventStreamResponse(stream, { onDisconnect, waitUntil: (promise) => all.resolve(promise) }),
      );
      await chunks.read();
      const waiting = chunks.read();
      for (let index = 0; index < microtasks; index += 1) await undefined;

      await chunks.cancel();
      await waiting;
      await all.promise;

      if (onDisconnect === "detach") assertEquals(ran, ["first", "second"]);
    }
    await laterTurn();

    assertEquals(trap.reasons, []);
  });
}

Deno.test("eventStreamResponse() leaves the events once, however often the client does", async () => {
  const events = new EventChannel();
  const client = spiedSignal();
  const response = eventStreamResponse(events, { signal: client.signal });

  await response.body?.cancel();
  client.abort();

  assertEquals(events.endings, [["return"]]);
});

Deno.test("eventStreamResponse() that is told to detach reads a foreign iterable to its end", async () => {
  const events = new EventChannel();
  const all = Promise.withResolvers<void>();
  const chunks = new ChunkReader(
    eventStreamResponse(events, { onDisconnect: "detach", waitUntil: (promise) => all.resolve(promise) }),
  );
  await chunks.read();

  await chunks.cancel();
  events.push(logEvent(1, null));
  events.push(endEvent(2));
  events.end();
  await all.promise;

  assertEquals([events.asked, events.endings], [3, []]);
});

Deno.test("eventStreamResponse() settles waitUntil also when leaving the events fails", async () => {
  using trap = new RejectionTrap();
  const all = Promise.withResolvers<void>();
  const events = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<never>(() => {}),
      return: () => Promise.reject(new Error("cleanup")),
    }),
  };
  const response = eventStreamResponse(events, { waitUntil: (promise) => all.resolve(promise) });

  await response.body?.cancel();
  await all.promise;
  await laterTurn();

  assertEquals(trap.reasons, []);
});
