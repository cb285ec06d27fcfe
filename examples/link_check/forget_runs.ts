import type { RunStore } from "@stepstream/workflow";

/** Deletes the runs that ended before a time, in epoch ms. */
export async function forgetRuns(store: RunStore, before: number): Promise<void> {
  // The list is sorted by when runs were created: those that are younger are not looked at.
  let after: { readonly createdAt: number; readonly runId: string } | undefined = { createdAt: before, runId: "" };
  while (after !== undefined) {
    const page = await store.list({ after, limit: 100 });
    for (const { runId, wakeAt, updatedAt } of page) {
      const hasEnded = wakeAt === null;
      if (hasEnded && updatedAt < before) await store.delete(runId);
    }
    after = page.at(-1);
  }
}
