import type { RunStore, StoredEvent } from "../core/run_store.ts";
import { assertSame } from "./assert_same.ts";
import type { RunStoreCase } from "./run_store_case.ts";
import { sampleCommit, sampleEvents, sampleRun } from "./sample_runs.ts";

/** What `events()` and `onCommit()` promise. */
export const eventCases: readonly RunStoreCase[] = [
  {
    name: "events() gives those after a seq, in order, and no more than asked for",
    async run(store) {
      const run = sampleRun();
      await store.create(run);
      await store.commit(sampleCommit(run, 1, { events: sampleEvents(3, 12) }));
      await store.commit(sampleCommit(run, 2, { events: sampleEvents(13, 13) }));

      assertSame("all events", await store.events(run.runId, 0, 100), sampleEvents(1, 13));
      assertSame("3 events after 0", await store.events(run.runId, 0, 3), sampleEvents(1, 3));
      assertSame("5 events after 8", await store.events(run.runId, 8, 5), sampleEvents(9, 13));
      assertSame("100 events after 11", await store.events(run.runId, 11, 100), sampleEvents(12, 13));
      assertSame("10 events after the last", await store.events(run.runId, 13, 10), []);
      assertSame("10 events after one that is not there yet", await store.events(run.runId, 99, 10), []);
    },
  },
  {
    name: "events() of a run are its own",
    async run(store) {
      const run = sampleRun();
      // Ids that one might take for each other: a prefix, a wildcard, a blank at the end, the same letter in two
      // spellings.
      const ends = ["0", "%", " ", "/1", ":1", "é", "e\u0301"];
      const others = ends.map((end) => sampleRun({ runId: run.runId + end }));
      await store.create(run);
      for (const other of others) await store.create({ ...other, events: [{ seq: 1, text: `"other"` }] });
      const upper = sampleRun({ runId: run.runId.toUpperCase(), events: [] });

      assertSame("whether the id in capitals is free", await store.create(upper), true);

      assertSame("the events of the first run", await store.events(run.runId, 0, 100), run.events);
      assertSame("the events of the run in capitals", await store.events(upper.runId, 0, 100), []);
    },
  },
  {
    name: "commit() stores 2 000 events at once, which can be read page by page",
    async run(store) {
      const run = sampleRun({ events: [] });
      await store.create(run);

      await store.commit(sampleCommit(run, 1, { events: sampleEvents(1, 2000) }));

      const read: StoredEvent[] = [];
      // A store that begins anew with every page must not keep the case busy for ever.
      for (let pages = 0; pages < 10; pages += 1) {
        read.push(...await store.events(run.runId, read.at(-1)?.seq ?? 0, 300));
      }
      assertSame("the events", read, sampleEvents(1, 2000));
    },
  },
  {
    name: "create() stores 2 000 events at once",
    async run(store) {
      const run = sampleRun({ events: sampleEvents(1, 2000) });

      await store.create(run);

      assertSame("the events", await store.events(run.runId, 0, 5000), run.events);
      assertSame("the last seq", (await store.find(run.runId))?.lastSeq, 2000);
    },
  },
  {
    name: "onCommit(), if there is one, tells of a new run",
    async run(store) {
      const run = sampleRun();

      await assertTold(store, run.runId, async () => {
        await store.delete(run.runId);
        await store.create(run);
      });
    },
  },
  {
    name: "onCommit(), if there is one, tells of a commit",
    async run(store) {
      const run = sampleRun();
      await store.create(run);
      let revision = 0;

      await assertTold(store, run.runId, () => store.commit(sampleCommit(run, revision += 1)));
    },
  },
  {
    name: "onCommit(), if there is one, calls no more once it is ended",
    async run(store) {
      if (store.onCommit === undefined) return;
      let calls = 0;
      const stop = store.onCommit(() => {
        calls += 1;
      });
      await store.create(sampleRun());
      stop();
      const callsBefore = calls;

      for (let i = 0; i < 20; i += 1) await store.create(sampleRun());

      assertSame("the number of calls after the end", calls - callsBefore, 0);
    },
  },
];

/** Writes until the store tells of it: a hint may be late or lost, but not every one of them. */
async function assertTold(store: RunStore, runId: string, write: () => Promise<unknown>): Promise<void> {
  if (store.onCommit === undefined) return;
  let isTold = false;
  const stop = store.onCommit((told) => {
    isTold ||= told === runId;
  });
  try {
    for (let writes = 0; writes < MOST_WRITES && !isTold; writes += 1) await write();
  } finally {
    stop();
  }
  if (!isTold) throw new Error(`Cannot accept onCommit(), because it never calls: there were ${MOST_WRITES} writes`);
}

const MOST_WRITES = 200;
