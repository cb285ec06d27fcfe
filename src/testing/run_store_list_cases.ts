import type { RunHead, RunQuery, RunStore } from "../core/run_store.ts";
import { assertSame } from "./assert_same.ts";
import type { RunStoreCase } from "./run_store_case.ts";
import { createName, headOf, NOW, sampleCommit, sampleEnd, sampleRun } from "./sample_runs.ts";

/** What `list()` promises. */
export const listCases: readonly RunStoreCase[] = [
  {
    name: "list() gives the newest run first, with its whole head",
    async run(store) {
      const workflow = createName();
      const runs = [NOW + 5, NOW + 9, NOW].map((now) => sampleRun({ workflow, now }));
      for (const run of runs) await store.create(run);
      const [middle, newest, oldest] = runs;
      // A commit makes a run no newer.
      if (oldest) await store.commit(sampleCommit(oldest, 1, { now: NOW + 100 }));

      const heads = await store.list({ workflow, limit: 10 });

      const expected = [
        newest && headOf(newest),
        middle && headOf(middle),
        oldest && { ...headOf(oldest), revision: 2, updatedAt: NOW + 100 },
      ];
      assertSame("the runs", heads, expected);
    },
  },
  {
    name: "list() orders runs of the same time by id, the greatest by code units first",
    async run(store) {
      const workflow = createName();
      const prefix = createName();
      // In UTF-8 the emoji would be greater than U+FF61 and U+E000; in most languages "é" comes before "z", "a" before
      // "B".
      const ends = ["", "0", "10", "2", "B", "Z", "_", "a", "aa", "z", "é", "長", "😀", "\u{10FFFF}", "\uE000", "。"];
      for (const end of ends) await store.create(sampleRun({ workflow, runId: prefix + end }));

      const heads = await store.list({ workflow, limit: 100 });

      const expected = ends.map((end) => prefix + end).sort((a, b) => a < b ? 1 : -1);
      assertSame("the ids", heads.map((head) => head.runId), expected);
      const paged = await pageThrough(store, { workflow, limit: 3 });
      assertSame("the ids, page by page", paged.map((head) => head.runId), expected);
    },
  },
  {
    name: "list() gives every run once, page by page",
    async run(store) {
      const workflow = createName();
      const runs = Array.from({ length: 300 }, (_, index) => sampleRun({ workflow, now: NOW + index % 7 }));
      for (const run of runs) await store.create(run);

      const heads = await pageThrough(store, { workflow, limit: 45 });

      const expected = runs.map(headOf).sort((a, b) => b.createdAt - a.createdAt || (a.runId < b.runId ? 1 : -1));
      assertSame("the runs", heads, expected);
    },
  },
  {
    name: "list() goes on after a run that is no more, or never was",
    async run(store) {
      const workflow = createName();
      const [older, newer] = [sampleRun({ workflow, now: NOW }), sampleRun({ workflow, now: NOW + 2 })];
      await store.create(older);
      await store.create(newer);

      const between = await store.list({ workflow, after: { createdAt: NOW + 1, runId: "none" }, limit: 10 });
      const afterAll = await store.list({ workflow, after: { createdAt: NOW - 1, runId: "none" }, limit: 10 });
      const beforeAll = await store.list({ workflow, after: { createdAt: NOW + 3, runId: "none" }, limit: 10 });

      assertSame("the runs after one between the two", between, [headOf(older)]);
      assertSame("the runs after the oldest", afterAll, []);
      assertSame("the runs after one that is newer", beforeAll, [headOf(newer), headOf(older)]);
    },
  },
  {
    name: "list() gives no more than its limit",
    async run(store) {
      const workflow = createName();
      const runs = [3, 2, 1].map((age) => sampleRun({ workflow, now: NOW - age }));
      for (const run of runs) await store.create(run);

      const none = await store.list({ workflow, limit: 0 });
      const two = await store.list({ workflow, limit: 2 });

      assertSame("the number of runs for limit 0", none.length, 0);
      assertSame("the runs for limit 2", two, runs.slice(1).reverse().map(headOf));
    },
  },
  {
    name: "list() filters by status, by workflow and by both",
    async run(store) {
      const [workflow, other] = [createName(), createName()];
      const [running, ended, foreign] = [
        sampleRun({ workflow, now: NOW + 1 }),
        sampleRun({ workflow }),
        sampleRun({ workflow: other }),
      ];
      for (const run of [running, ended, foreign]) await store.create(run);
      await store.commit(sampleEnd(ended, 1));
      const after = { createdAt: NOW + 1, runId: running.runId };

      const byWorkflow = await store.list({ workflow, limit: 10 });
      const byBoth = await store.list({ workflow, status: "completed", limit: 10 });
      const byBothAfter = await store.list({ workflow, status: "running", after, limit: 10 });
      const bySuspended = await store.list({ workflow, status: "suspended", limit: 10 });

      const endedHead = { ...headOf(ended), status: "completed", revision: 2, wakeAt: null };
      assertSame("the runs of the workflow", byWorkflow, [headOf(running), endedHead]);
      assertSame("the completed runs of the workflow", byBoth, [endedHead]);
      assertSame("the running ones after the only one", byBothAfter, []);
      assertSame("the suspended ones", bySuspended, []);
    },
  },
  {
    name: "list() without a filter gives runs of any workflow and status",
    async run(store) {
      // A time of its own, far from that of any other run.
      const now = 4e15 + Math.floor(Math.random() * 1e15);
      const [a, b] = [`${createName()}a`, `${createName()}b`].sort();
      const runs = [b, a].map((runId) => sampleRun({ runId: runId ?? "", workflow: createName(), now }));
      for (const run of runs) await store.create(run);
      const after = { createdAt: now + 1, runId: "" };

      const any = await store.list({ after, limit: 2 });
      const running = await store.list({ status: "running", after, limit: 2 });

      assertSame("the runs of any status", any, runs.map(headOf));
      assertSame("the running ones", running, runs.map(headOf));
    },
  },
];

/** Reads all pages, each after the last run of the one before. */
async function pageThrough(store: RunStore, query: RunQuery): Promise<readonly RunHead[]> {
  const heads: RunHead[] = [];
  // A store that begins anew with every page must not keep the case busy for ever.
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await store.list({ ...query, after: heads.at(-1) });
    if (page.length === 0) break;
    heads.push(...page);
  }
  return heads;
}

const MOST_PAGES = 100;
