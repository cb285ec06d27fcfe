import { assertSame } from "./assert_same.ts";
import type { RunStoreCase } from "./run_store_case.ts";
import { createName, headOf, NOW, sampleCommit, sampleEnd, sampleEvents, sampleRun } from "./sample_runs.ts";

/** What `commit()` promises. */
export const commitCases: readonly RunStoreCase[] = [
  {
    name: "commit() writes the head, the record and the events",
    async run(store) {
      const run = sampleRun();
      await store.create(run);
      const change = { version: "2", status: "suspended", wakeAt: NOW + 5000, now: NOW + 7 } as const;

      const commit = sampleCommit(run, 1, { ...change, record: `{"n":1}`, events: sampleEvents(3, 4) });
      assertSame("the answer of commit()", await store.commit(commit), true);

      const head = {
        ...headOf(run),
        version: "2",
        status: "suspended",
        revision: 2,
        lastSeq: 4,
        wakeAt: NOW + 5000,
        updatedAt: NOW + 7,
      };
      assertSame("the run that find() gives", await store.find(run.runId), head);
      const loaded = { ...head, snapshot: run.snapshot, records: [{ revision: 2, text: `{"n":1}` }] };
      assertSame("the run that load() gives", await store.load(run.runId), loaded);
      assertSame("its events", await store.events(run.runId, 0, 10), sampleEvents(1, 4));
    },
  },
  {
    name: "commit() grows the revision by one, whether or not it has a record, a snapshot or events",
    async run(store) {
      const run = sampleRun();
      await store.create(run);

      await store.commit(sampleCommit(run, 1));
      await store.commit(sampleCommit(run, 2, { record: "a" }));
      await store.commit(sampleCommit(run, 3, { events: sampleEvents(3, 3) }));
      await store.commit(sampleCommit(run, 4, { record: "b" }));

      const records = [{ revision: 3, text: "a" }, { revision: 5, text: "b" }];
      const loaded = { ...headOf(run), revision: 5, lastSeq: 3, snapshot: run.snapshot, records };
      assertSame("the run that load() gives", await store.load(run.runId), loaded);
    },
  },
  {
    name: "commit() at another revision writes nothing",
    async run(store) {
      const run = sampleRun();
      await store.create(run);
      await store.commit(sampleCommit(run, 1, { record: "a" }));
      const change = { version: "9", status: "failed", record: "stale", events: sampleEvents(3, 4) } as const;

      for (const revision of [-1, 0, 1, 3]) {
        const stale = sampleCommit(run, revision, { ...change, wakeAt: null, now: NOW + 9 });
        assertSame(`the answer for revision ${revision}`, await store.commit(stale), false);
        const withSnapshot = await store.commit({ ...stale, snapshot: "stale" });
        assertSame(`the answer for a snapshot at revision ${revision}`, withSnapshot, false);
      }

      const records = [{ revision: 2, text: "a" }];
      const loaded = { ...headOf(run), revision: 2, snapshot: run.snapshot, records };
      assertSame("the run that load() gives", await store.load(run.runId), loaded);
      assertSame("its events", await store.events(run.runId, 0, 10), run.events);
    },
  },
  {
    name: "commit() to an unknown or deleted run is false and makes none",
    async run(store) {
      const run = sampleRun();
      const commit = sampleCommit(run, 1, { record: "a", snapshot: "b", events: sampleEvents(3, 3) });
      assertSame("the answer for an unknown run", await store.commit(commit), false);
      await store.create(run);
      await store.delete(run.runId);

      assertSame("the answer for a deleted run", await store.commit(commit), false);

      assertSame("what load() gives", await store.load(run.runId), null);
      assertSame("its events", await store.events(run.runId, 0, 10), []);
    },
  },
  {
    name: "commit() to a run that was deleted and made anew since writes nothing",
    async run(store) {
      const run = sampleRun();
      await store.create(run);
      await store.delete(run.runId);
      const again = { ...run, now: NOW + 1, snapshot: `{"is":"another"}` };
      await store.create(again);

      const stale = sampleCommit(run, 1, { record: "stale", events: sampleEvents(3, 4) });
      assertSame("the answer of commit()", await store.commit(stale), false);
      assertSame("that with a snapshot", await store.commit({ ...stale, snapshot: "stale" }), false);

      const loaded = { ...headOf(again), snapshot: again.snapshot, records: [] };
      assertSame("the run that load() gives", await store.load(run.runId), loaded);
      assertSame("its events", await store.events(run.runId, 0, 10), run.events);
      assertSame("the answer to its own writer", await store.commit(sampleCommit(again, 1)), true);
    },
  },
  {
    name: "commit() at one revision is won by exactly one of several at once",
    async run(store) {
      const run = sampleRun();
      await store.create(run);
      const records = ["a", "b", "c", "d", "e"];
      const event = (record: string) => ({ seq: 3, text: `"${record}"` });

      const answers = await Promise.all(
        records.map((record) => store.commit(sampleCommit(run, 1, { record, events: [event(record)] }))),
      );

      assertSame("the number of winners", answers.filter((hasWon) => hasWon).length, 1);
      const winner = records[answers.indexOf(true)] ?? "";
      const loaded = await store.load(run.runId);
      assertSame("the records", loaded?.records, [{ revision: 2, text: winner }]);
      assertSame("the events", await store.events(run.runId, 2, 10), [event(winner)]);
    },
  },
  {
    name: "load() gives the records in their order",
    async run(store) {
      const run = sampleRun();
      await store.create(run);
      // More than ten, so that an order by text instead of by number shows.
      for (let revision = 1; revision <= 25; revision += 1) {
        await store.commit(sampleCommit(run, revision, { record: `r${revision + 1}` }));
      }

      const loaded = await store.load(run.runId);

      const expected = Array.from({ length: 25 }, (_, index) => ({ revision: index + 2, text: `r${index + 2}` }));
      assertSame("the records", loaded?.records, expected);
    },
  },
  {
    name: "commit() with a snapshot drops the records before it, and its own",
    async run(store) {
      const run = sampleRun();
      await store.create(run);
      await store.commit(sampleCommit(run, 1, { record: "a" }));
      await store.commit(sampleCommit(run, 2, { record: "b", events: sampleEvents(3, 3) }));

      await store.commit(sampleCommit(run, 3, { record: "c", snapshot: "abc", events: sampleEvents(4, 4) }));

      const head = { ...headOf(run), revision: 4, lastSeq: 4 };
      const loaded = await store.load(run.runId);
      assertSame("the run that load() gives", loaded, { ...head, snapshot: "abc", records: [] });
      assertSame("its events", await store.events(run.runId, 0, 10), sampleEvents(1, 4));
    },
  },
  {
    name: "load() gives the records after the last snapshot",
    async run(store) {
      const run = sampleRun();
      await store.create(run);
      await store.commit(sampleCommit(run, 1, { record: "a" }));
      await store.commit(sampleCommit(run, 2, { snapshot: "first" }));
      await store.commit(sampleCommit(run, 3, { record: "b" }));
      await store.commit(sampleCommit(run, 4, { record: "c", snapshot: "second" }));
      await store.commit(sampleCommit(run, 5, { record: "d" }));

      const loaded = await store.load(run.runId);

      const records = [{ revision: 6, text: "d" }];
      assertSame("the run", loaded, { ...headOf(run), revision: 6, snapshot: "second", records });
    },
  },
  {
    name: "load() gives what it found, whatever is committed later",
    async run(store) {
      const run = sampleRun();
      await store.create(run);
      await store.commit(sampleCommit(run, 1, { record: "a" }));
      const [head, loaded, events] = await Promise.all([
        store.find(run.runId),
        store.load(run.runId),
        store.events(run.runId, 0, 10),
      ]);

      await store.commit(sampleCommit(run, 2, { record: "b", events: sampleEvents(3, 3) }));
      await store.commit(sampleEnd(run, 3));

      assertSame("the head", head, { ...headOf(run), revision: 2 });
      assertSame("the records", loaded?.records, [{ revision: 2, text: "a" }]);
      assertSame("the events", events, run.events);
    },
  },
  {
    name: "commit() stores the end of a run, and what was there before stays",
    async run(store) {
      const run = sampleRun();
      await store.create(run);

      await store.commit({ ...sampleEnd(run, 1), record: "end", events: sampleEvents(3, 3) });

      const head = { ...headOf(run), status: "completed", revision: 2, lastSeq: 3, wakeAt: null };
      const loaded = { ...head, snapshot: run.snapshot, records: [{ revision: 2, text: "end" }] };
      assertSame("the run that load() gives", await store.load(run.runId), loaded);
      assertSame("its events", await store.events(run.runId, 0, 10), sampleEvents(1, 3));
    },
  },
  {
    name: "commit() stores every status",
    async run(store) {
      const run = sampleRun({ workflow: createName() });
      await store.create(run);

      for (const [index, status] of (["suspended", "running", "failed", "cancelled", "completed"] as const).entries()) {
        await store.commit(sampleCommit(run, index + 1, { status }));
        assertSame("the status", (await store.find(run.runId))?.status, status);
      }
    },
  },
];
