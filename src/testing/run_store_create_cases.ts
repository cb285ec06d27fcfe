import { assertSame } from "./assert_same.ts";
import type { RunStoreCase } from "./run_store_case.ts";
import { createName, headOf, NOW, sampleCommit, sampleEvents, sampleRun } from "./sample_runs.ts";

/** What `create()`, `find()`, `load()` and `delete()` promise. */
export const createCases: readonly RunStoreCase[] = [
  {
    name: "create() stores a running run at revision 1",
    async run(store) {
      const run = sampleRun();

      assertSame("the answer of create()", await store.create(run), true);

      assertSame("the run that find() gives", await store.find(run.runId), headOf(run));
      const loaded = { ...headOf(run), snapshot: run.snapshot, records: [] };
      assertSame("the run that load() gives", await store.load(run.runId), loaded);
      assertSame("its events", await store.events(run.runId, 0, 10), run.events);
    },
  },
  {
    name: "create() takes a run without events",
    async run(store) {
      const run = sampleRun({ events: [] });

      await store.create(run);

      assertSame("the run that find() gives", await store.find(run.runId), headOf(run));
      assertSame("its events", await store.events(run.runId, 0, 10), []);
    },
  },
  {
    name: "create() changes nothing if there is a run of this id",
    async run(store) {
      const run = sampleRun();
      await store.create(run);
      const other = { workflow: "other", version: "2", snapshot: "{}", events: sampleEvents(1, 5), now: NOW + 1 };

      assertSame("the answer of create()", await store.create({ ...run, ...other, wakeAt: NOW + 9 }), false);

      const loaded = { ...headOf(run), snapshot: run.snapshot, records: [] };
      assertSame("the run that load() gives", await store.load(run.runId), loaded);
      assertSame("its events", await store.events(run.runId, 0, 10), run.events);
    },
  },
  {
    name: "create() stores one of several runs of one id that are created at once",
    async run(store) {
      const runs = ["a", "b", "c", "d"].map((version) => sampleRun({ runId: "", version }));
      const runId = createName();

      const answers = await Promise.all(runs.map((run) => store.create({ ...run, runId })));

      assertSame("the number of runs that are stored", answers.filter((isStored) => isStored).length, 1);
      const winner = runs[answers.indexOf(true)];
      assertSame("the version that is stored", (await store.find(runId))?.version, winner?.version);
    },
  },
  {
    name: "find(), load() and events() find nothing of an unknown run",
    async run(store) {
      const runId = createName();

      assertSame("what find() gives", await store.find(runId), null);
      assertSame("what load() gives", await store.load(runId), null);
      assertSame("what events() gives", await store.events(runId, 0, 10), []);
    },
  },
  {
    name: "delete() forgets a run, its records and its events",
    async run(store) {
      const run = sampleRun({ workflow: createName() });
      await store.create(run);
      await store.commit(sampleCommit(run, 1, { record: "1", events: sampleEvents(3, 4) }));

      assertSame("the answer of delete()", await store.delete(run.runId), true);

      assertSame("what find() gives", await store.find(run.runId), null);
      assertSame("what load() gives", await store.load(run.runId), null);
      assertSame("what events() gives", await store.events(run.runId, 0, 10), []);
      assertSame("what list() gives", await store.list({ workflow: run.workflow, limit: 10 }), []);
      const claim = { workflows: [run.workflow], isForced: true, limit: 10, until: NOW + 2000, now: NOW };
      assertSame("what claim() gives", await store.claim(claim), []);
    },
  },
  {
    name: "delete() leaves other runs as they are",
    async run(store) {
      const run = sampleRun();
      const kept = sampleRun({ runId: `${run.runId}/1` });
      await store.create(run);
      await store.create(kept);

      await store.delete(run.runId);

      assertSame("the other run", await store.find(kept.runId), headOf(kept));
      assertSame("its events", await store.events(kept.runId, 0, 10), kept.events);
    },
  },
  {
    name: "delete() of an unknown run is false, also the second time",
    async run(store) {
      const run = sampleRun();
      assertSame("the answer for an unknown run", await store.delete(run.runId), false);
      await store.create(run);
      await store.delete(run.runId);

      assertSame("the second answer", await store.delete(run.runId), false);
    },
  },
  {
    name: "create() starts afresh after delete()",
    async run(store) {
      const run = sampleRun();
      await store.create(run);
      await store.commit(sampleCommit(run, 1, { record: "old", events: sampleEvents(3, 9) }));
      await store.delete(run.runId);
      const again = { ...run, events: [{ seq: 1, text: `"new"` }], snapshot: `"new"` };

      assertSame("the answer of create()", await store.create(again), true);

      const loaded = { ...headOf(again), snapshot: again.snapshot, records: [] };
      assertSame("the run that load() gives", await store.load(run.runId), loaded);
      assertSame("its events", await store.events(run.runId, 0, 10), again.events);
    },
  },
];
