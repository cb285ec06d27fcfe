import { MemoryStore } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";
import { createApp } from "../../../examples/link_check/create_app.ts";
import { forgetRuns } from "../../../examples/link_check/forget_runs.ts";

Deno.test("forgetRuns() deletes what ended before a time, and nothing else, over many pages", async () => {
  const store = new MemoryStore();
  for (let index = 0; index < 250; index += 1) await addRun(store, `old-${index}`, 1_000, 2_000);
  await addRun(store, "ended-since", 1_000, 6_000);
  await addRun(store, "at-work", 1_000, null);
  await addRun(store, "young", 7_000, 8_000);

  await forgetRuns(store, 5_000);

  const left = await store.list({ limit: 1_000 });
  assertEquals(left.map(({ runId }) => runId), ["young", "ended-since", "at-work"]);
});

Deno.test("app forgets runs that ended long ago when the next is started", async () => {
  const store = new MemoryStore();
  const now = Date.now();
  await addRun(store, "old", now - 100_000, now - 61_000);
  await addRun(store, "recent", now - 100_000, now - 1_000);
  const { app } = createApp({ store, keepRunsMs: 60_000, maxRuns: 0 });

  const { status } = await app.request("/runs", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ start: "fetch-page", payload: { url: "http://example.com/" } }),
  });

  assertEquals(status, 429);
  assertEquals((await store.list({ limit: 10 })).map(({ runId }) => runId), ["recent"]);
});

async function addRun(store: MemoryStore, runId: string, createdAt: number, endedAt: number | null): Promise<void> {
  const run = { runId, version: "1", snapshot: "{}" };
  await store.create({ ...run, workflow: "link-check", events: [], wakeAt: createdAt, now: createdAt });
  if (endedAt === null) return;
  const end = { revision: 1, status: "completed", record: null, events: [], wakeAt: null, now: endedAt } as const;
  await store.commit({ ...run, ...end, createdAt });
}
