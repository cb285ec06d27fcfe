import { MemoryStore } from "@stepstream/workflow";
import { runStoreCases } from "@stepstream/workflow/testing";
import { assertEquals } from "@std/assert";

const shared = new MemoryStore();

for (const { name, run } of runStoreCases) {
  Deno.test(`MemoryStore: ${name}`, () => run(new MemoryStore()));
  Deno.test(`MemoryStore with runs of others: ${name}`, () => run(shared));
}

Deno.test("MemoryStore.onCommit() calls each of two that are one function, and each until its own end", async () => {
  const store = new MemoryStore();
  const heard: string[] = [];
  const listener = (runId: string) => void heard.push(runId);
  const run = { runId: "r1", workflow: "w", version: "1", snapshot: "", events: [], wakeAt: 0, now: 0 };
  const stop = store.onCommit(listener);
  store.onCommit(listener);

  await store.create(run);
  stop();
  stop();
  await store.create({ ...run, runId: "r2" });
  await store.create(run);

  assertEquals(heard, ["r1", "r1", "r2"]);
});

Deno.test("MemoryStore.onCommit() tells of claims and deletes too", async () => {
  const store = new MemoryStore();
  const heard: string[] = [];
  await store.create({ runId: "r1", workflow: "w", version: "1", snapshot: "", events: [], wakeAt: 0, now: 0 });
  store.onCommit((runId) => void heard.push(runId));

  await store.claim({ limit: 1, until: 9, now: 1 });
  await store.delete("r1");

  assertEquals(heard, ["r1", "r1"]);
});
