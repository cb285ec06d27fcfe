import { MemoryStore, Workflow } from "@stepstream/workflow";

/** Has the part of the engine loaded that keeps runs: for tests that count turns, of which a file takes many. */
export async function loadStoredRuns(): Promise<void> {
  await new Workflow().add({ name: "a", action: () => 1 }).run("a", 0, { store: new MemoryStore() });
}
