import type { NewRun, RunClaim, RunHead, RunStore } from "../core/run_store.ts";
import { assertSame } from "./assert_same.ts";
import type { RunStoreCase } from "./run_store_case.ts";
import { createName, headOf, NOW, sampleCommit, sampleEnd, sampleRun } from "./sample_runs.ts";

/** What `claim()` promises. */
export const claimCases: readonly RunStoreCase[] = [
  {
    name: "claim() takes the runs that are due, those first that have been for longest",
    async run(store) {
      const workflow = createName();
      const [third, first, later, second] = await createRuns(store, workflow, [NOW, NOW - 90, NOW + 1, NOW - 10]);

      const heads = await store.claim(claimOf(workflow));

      const expected = [first, second, third].map((run) => ({ ...headOf(run), revision: 2, wakeAt: UNTIL }));
      assertSame("the claimed runs", heads, expected);
      assertSame("the run that is not due", await store.find(later.runId), headOf(later));
      assertSame("a claimed run", await store.find(first.runId), { ...headOf(first), revision: 2, wakeAt: UNTIL });
    },
  },
  {
    name: "claim() leaves the state, the records and the events as they are",
    async run(store) {
      const workflow = createName();
      const run = sampleRun({ workflow, wakeAt: NOW });
      await store.create(run);
      await store.commit(sampleCommit(run, 1, { status: "suspended", record: "a", now: NOW + 3 }));

      await store.claim(claimOf(workflow));

      const head = { ...headOf(run), status: "suspended", revision: 3, wakeAt: UNTIL, updatedAt: NOW + 3 };
      const loaded = { ...head, snapshot: run.snapshot, records: [{ revision: 2, text: "a" }] };
      assertSame("the run that load() gives", await store.load(run.runId), loaded);
      assertSame("its events", await store.events(run.runId, 0, 10), run.events);
    },
  },
  {
    name: "claim() takes no more than its limit, and the rest the next time",
    async run(store) {
      const workflow = createName();
      const [a, b, c] = await createRuns(store, workflow, [NOW - 3, NOW - 2, NOW - 1, NOW + 1]);

      const none = await store.claim({ ...claimOf(workflow), limit: 0 });
      const two = await store.claim({ ...claimOf(workflow), limit: 2 });
      const rest = await store.claim({ ...claimOf(workflow), limit: 2 });

      assertSame("the runs of the claim of none", none, []);
      assertSame("the runs of the first claim", idsOf(two), [a.runId, b.runId]);
      assertSame("the runs of the second claim", idsOf(rest), [c.runId]);
    },
  },
  {
    name: "claim() takes a run again once its new time has come",
    async run(store) {
      const workflow = createName();
      const [run] = await createRuns(store, workflow, [NOW]);
      await store.claim(claimOf(workflow));

      const early = await store.claim({ ...claimOf(workflow), now: UNTIL - 1, until: UNTIL + 100 });
      const inTime = await store.claim({ ...claimOf(workflow), now: UNTIL, until: UNTIL + 100 });

      assertSame("the runs before its time", early, []);
      assertSame("the runs at its time", inTime, [{ ...headOf(run), revision: 3, wakeAt: UNTIL + 100 }]);
    },
  },
  {
    name: "claim() fences off the one who had the run",
    async run(store) {
      const workflow = createName();
      const [run] = await createRuns(store, workflow, [NOW]);
      const [head] = await store.claim(claimOf(workflow));

      const old = await store.commit(sampleCommit(run, 1, { record: "old" }));
      const renewed = await store.commit(sampleCommit(run, head?.revision ?? 0, { record: "new" }));

      assertSame("the answer for the old owner", old, false);
      assertSame("the answer for the new owner", renewed, true);
      assertSame("the records", (await store.load(run.runId))?.records, [{ revision: 3, text: "new" }]);
    },
  },
  {
    name: "claim() takes only runs of the workflows it names",
    async run(store) {
      const [one, other, third] = [createName(), createName(), createName()];
      const [a] = await createRuns(store, one, [NOW - 1]);
      const [b] = await createRuns(store, other, [NOW - 2]);
      const [c] = await createRuns(store, third, [NOW - 3]);

      const none = await store.claim({ ...claimOf(one), workflows: [] });
      const byCase = await store.claim(claimOf(one.toUpperCase()));
      const two = await store.claim({ ...claimOf(one), workflows: [one, createName(), other] });

      assertSame("the runs of no workflow", none, []);
      assertSame("the runs of a name in capitals", byCase, []);
      assertSame("the runs of two workflows", idsOf(two), [b.runId, a.runId]);
      assertSame("the run of the third", await store.find(c.runId), headOf(c));
    },
  },
  {
    name: "claim() takes runs of any workflow by default",
    async run(store) {
      // A time before that of any other run, so that it takes none of those.
      const run = sampleRun({ workflow: createName(), wakeAt: 1 });
      await store.create(run);

      const heads = await store.claim({ limit: 1000, until: UNTIL, now: 1 });

      const claimed = heads.filter((head) => head.runId === run.runId);
      assertSame("the claimed run", claimed, [{ ...headOf(run), revision: 2, wakeAt: UNTIL }]);
    },
  },
  {
    name: "claim() of one run takes only that one, and only if it is due",
    async run(store) {
      const workflow = createName();
      const [due, , later] = await createRuns(store, workflow, [NOW, NOW - 9, NOW + 1]);
      const claim = { limit: 10, until: UNTIL, now: NOW };

      const unknown = await store.claim({ ...claim, runId: createName() });
      const early = await store.claim({ ...claim, runId: later.runId });
      const ofOther = await store.claim({ ...claim, runId: due.runId, workflows: [createName()] });
      const one = await store.claim({ ...claim, runId: due.runId, workflows: [workflow] });

      assertSame("the runs of an unknown id", unknown, []);
      assertSame("the run that is not due", early, []);
      assertSame("the run, asked for with another workflow", ofOther, []);
      assertSame("the run", one, [{ ...headOf(due), revision: 2, wakeAt: UNTIL }]);
    },
  },
  {
    name: "claim() of one run by force takes it from whoever has it",
    async run(store) {
      const workflow = createName();
      const [run, other] = await createRuns(store, workflow, [NOW + 5000, NOW + 5000]);
      const claim = { runId: run.runId, isForced: true, limit: 1, until: UNTIL, now: NOW };

      const first = await store.claim(claim);
      const second = await store.claim({ ...claim, until: UNTIL + 1 });

      assertSame("the first claim", first, [{ ...headOf(run), revision: 2, wakeAt: UNTIL }]);
      assertSame("the second claim", second, [{ ...headOf(run), revision: 3, wakeAt: UNTIL + 1 }]);
      assertSame("the commit of the first", await store.commit(sampleCommit(run, 2)), false);
      assertSame("the other run", await store.find(other.runId), headOf(other));
    },
  },
  {
    name: "claim() by force takes also runs that are not due, in the order of their times",
    async run(store) {
      const workflow = createName();
      const [b, a, c] = await createRuns(store, workflow, [NOW + 5000, NOW - 1, NOW + 6000]);

      const heads = await store.claim({ ...claimOf(workflow), isForced: true });

      assertSame("the claimed runs", idsOf(heads), [a.runId, b.runId, c.runId]);
    },
  },
  {
    name: "claim() never takes a run that has ended",
    async run(store) {
      const workflow = createName();
      const [run] = await createRuns(store, workflow, [NOW]);
      await store.commit(sampleEnd(run, 1));
      const claim = { ...claimOf(workflow), now: NOW + 1e9 };

      const due = await store.claim(claim);
      const forced = await store.claim({ ...claim, isForced: true });
      const byId = await store.claim({ runId: run.runId, isForced: true, limit: 1, until: UNTIL, now: NOW });

      assertSame("the runs", [due, forced, byId], [[], [], []]);
      const head = { ...headOf(run), status: "completed", revision: 2, wakeAt: null };
      assertSame("the run that find() gives", await store.find(run.runId), head);
    },
  },
  {
    name: "claim() gives a run to one of several that claim at once, and every run to somebody",
    async run(store) {
      const workflow = createName();
      const runs = await createRuns(store, workflow, Array.from({ length: 40 }, (_, index) => NOW - index));
      const claimed: RunHead[] = [];

      // A store may pass over runs that somebody else is at, so it takes more than one round to get all.
      for (let round = 0; round < runs.length && claimed.length < runs.length; round += 1) {
        const claims = Array.from({ length: 5 }, () => store.claim({ ...claimOf(workflow), limit: 9 }));
        claimed.push(...(await Promise.all(claims)).flat());
      }

      assertSame("the ids, each as often as it was claimed", idsOf(claimed).sort(), idsOf(runs).sort());
    },
  },
  {
    name: "claim() by force by several at once gives each another revision",
    async run(store) {
      const [run] = await createRuns(store, createName(), [NOW]);
      const claim = { runId: run.runId, isForced: true, limit: 1, until: UNTIL, now: NOW };

      const heads = (await Promise.all(Array.from({ length: 5 }, () => store.claim(claim)))).flat();

      const revisions = heads.map((head) => head.revision).sort((a, b) => a - b);
      assertSame("the revisions", revisions, heads.map((_, index) => index + 2));
      assertSame("the revision that is stored", (await store.find(run.runId))?.revision, heads.length + 1);
    },
  },
  {
    name: "claim() and commit() at once: each that succeeds has a revision of its own",
    async run(store) {
      const [run] = await createRuns(store, createName(), [NOW]);
      const claim = { runId: run.runId, isForced: true, limit: 1, until: UNTIL, now: NOW };

      const [isCommitted, heads] = await Promise.all([
        store.commit(sampleCommit(run, 1, { record: "a" })),
        store.claim(claim),
      ]);

      const loaded = await store.load(run.runId);
      assertSame("the revision", loaded?.revision, 1 + (isCommitted ? 1 : 0) + heads.length);
      assertSame("the records", loaded?.records, isCommitted ? [{ revision: 2, text: "a" }] : []);
    },
  },
];

const UNTIL = NOW + 30_000;

function claimOf(workflow: string): RunClaim {
  return { workflows: [workflow], limit: 100, until: UNTIL, now: NOW };
}

/** Stores a run for each time, and gives them in the order of the times. */
async function createRuns<const Times extends readonly number[]>(
  store: RunStore,
  workflow: string,
  times: Times,
): Promise<{ readonly [Index in keyof Times]: NewRun }>;
async function createRuns(store: RunStore, workflow: string, times: readonly number[]): Promise<readonly NewRun[]> {
  const runs = times.map((wakeAt) => sampleRun({ workflow, wakeAt }));
  for (const run of runs) await store.create(run);
  return runs;
}

function idsOf(runs: readonly Pick<RunHead, "runId">[]): string[] {
  return runs.map((run) => run.runId);
}
