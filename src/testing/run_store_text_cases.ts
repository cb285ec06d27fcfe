import { assertSame } from "./assert_same.ts";
import type { RunStoreCase } from "./run_store_case.ts";
import { createName, headOf, NOW, sampleCommit, sampleRun } from "./sample_runs.ts";

/** That whatever is stored comes out unchanged. */
export const textCases: readonly RunStoreCase[] = [
  {
    name: "texts come out unchanged, whatever is in them",
    async run(store) {
      const texts = HOSTILE_TEXTS.map((text) => JSON.stringify(text));
      const events = texts.map((text, index) => ({ seq: index + 1, text }));
      for (const text of texts) {
        const run = sampleRun({ snapshot: text, events });
        await store.create(run);
        await store.commit(sampleCommit(run, 1, { record: text }));

        const loaded = { ...headOf(run), revision: 2, snapshot: text, records: [{ revision: 2, text }] };
        assertSame("the run that load() gives", await store.load(run.runId), loaded);
        await store.commit(sampleCommit(run, 2, { snapshot: text }));
        assertSame("the snapshot of a commit", (await store.load(run.runId))?.snapshot, text);
        assertSame("the events", await store.events(run.runId, 0, 100), events);
      }
    },
  },
  {
    name: "empty texts come out as such",
    async run(store) {
      const run = sampleRun({ snapshot: "", version: "", events: [{ seq: 1, text: "" }] });
      await store.create(run);

      await store.commit(sampleCommit(run, 1, { record: "" }));

      const loaded = { ...headOf(run), revision: 2, snapshot: "", records: [{ revision: 2, text: "" }] };
      assertSame("the run that load() gives", await store.load(run.runId), loaded);
      await store.commit(sampleCommit(run, 2, { snapshot: "" }));
      assertSame("the records after an empty snapshot", (await store.load(run.runId))?.records, []);
      assertSame("the events", await store.events(run.runId, 0, 10), run.events);
    },
  },
  {
    name: "ids and names come out unchanged, whatever is in them",
    async run(store) {
      for (const hostile of HOSTILE_TEXTS.filter((text) => !text.includes("\0"))) {
        const run = sampleRun({ runId: createName() + hostile, workflow: createName() + hostile, version: hostile });
        await store.create(run);
        assertSame("the answer for a second run of the id", await store.create(run), false);
        await store.commit(sampleCommit(run, 1, { events: [{ seq: 3, text: "{}" }] }));
        const head = { ...headOf(run), revision: 2, lastSeq: 3 };

        assertSame("the run that find() gives", await store.find(run.runId), head);
        assertSame("the run that list() gives", await store.list({ workflow: run.workflow, limit: 9 }), [head]);
        assertSame("the number of its events", (await store.events(run.runId, 0, 9)).length, 3);
        const claim = { workflows: [run.workflow], limit: 9, until: NOW + 9000, now: NOW + 1000 };
        const claimed = { ...head, revision: 3, wakeAt: NOW + 9000 };
        assertSame("the run that claim() gives", await store.claim(claim), [claimed]);
        assertSame("the answer of delete()", await store.delete(run.runId), true);
      }
    },
  },
  {
    name: "an id may have 512 code units",
    async run(store) {
      for (const filler of ["x", "長"]) {
        const run = sampleRun({ runId: createName().padEnd(512, filler), workflow: createName().padEnd(256, filler) });

        assertSame("the answer of create()", await store.create(run), true);

        assertSame("the run that find() gives", await store.find(run.runId), headOf(run));
        assertSame("the run that list() gives", await store.list({ workflow: run.workflow, limit: 9 }), [headOf(run)]);
      }
    },
  },
  {
    name: "a snapshot, a record and an event may have a million characters each",
    async run(store) {
      const [a, b, c] = ["a", "é", "😀"].map((text) => JSON.stringify(text.repeat(1_000_000 / text.length)));
      const run = sampleRun({ snapshot: a ?? "", events: [{ seq: 1, text: b ?? "" }] });

      await store.create(run);
      await store.commit(sampleCommit(run, 1, { record: c ?? "", events: [{ seq: 2, text: a ?? "" }] }));

      const loaded = await store.load(run.runId);
      assertSame("the snapshot", loaded?.snapshot, a);
      assertSame("the records", loaded?.records, [{ revision: 2, text: c }]);
      const events = await store.events(run.runId, 0, 10);
      assertSame("the events", events, [{ seq: 1, text: b }, { seq: 2, text: a }]);
      await store.commit(sampleCommit(run, 2, { snapshot: c ?? "" }));
      assertSame("the second snapshot", (await store.load(run.runId))?.snapshot, c);
    },
  },
  {
    name: "times come out unchanged, up to the last of a Date",
    async run(store) {
      const last = 8_640_000_000_000_000;
      const run = sampleRun({ workflow: createName(), now: NOW + 123, wakeAt: last });
      await store.create(run);

      await store.commit(sampleCommit(run, 1, { now: last - 1, wakeAt: last }));

      const head = { ...headOf(run), revision: 2, updatedAt: last - 1 };
      assertSame("the run that find() gives", await store.find(run.runId), head);
      const claim = { workflows: [run.workflow], limit: 1, until: last, now: last };
      assertSame("the run that claim() gives", await store.claim(claim), [{ ...head, revision: 3 }]);
    },
  },
];

const HOSTILE_TEXTS: readonly string[] = [
  "\0 \u0001 \u001f \u007f",
  "line\nline\r\nline\u2028line\u2029tab\t",
  `quotes ' '' " \` \\ \\' \\" $1 ? :a @b %s %00 $$ {}`,
  "'; DROP TABLE stepstream_runs; --",
  "1) OR (1=1",
  "/a/../b?c#d:e|f",
  "é e\u0301 ﬁ İ ß",
  "長い文 العربية עברית",
  "😀 👩‍👩‍👧‍👦 \u{10FFFF} \uFFFD \uFEFF",
  " blanks at both ends ",
  "null",
  "123",
];
