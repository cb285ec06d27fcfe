import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { TemporaryFolder } from "../tools/temporary_folder.ts";
import { type SqliteProcess, startWriter } from "./sqlite_process.ts";

const RUN = { runId: "r1", workflow: "w", version: "1", snapshot: "{}", events: [], wakeAt: 0, now: 0 };

Deno.test("SqliteStore.commit() at one revision is won by one of two processes", async () => {
  await using folder = await TemporaryFolder.create();
  const file = `${folder.path}/runs.db`;
  using database = new DatabaseSync(file);
  const store = await SqliteStore.open(database);
  await store.create(RUN);
  const writers = ["a", "b"].map((name) => startWriter(file, "r1", name, 400));

  await letStart(writers);
  const [wonByA = [], wonByB = []] = await Promise.all(writers.map(({ lines }) => Array.fromAsync(lines, Number)));

  assertEquals((await Promise.all(writers.map(({ status }) => status))).map(({ code }) => code), [0, 0]);
  const printed = [
    ...wonByA.map((revision) => ({ revision, text: "a" })),
    ...wonByB.map((revision) => ({ revision, text: "b" })),
  ];
  const loaded = await store.load("r1");
  assertEquals(loaded?.records, printed.toSorted((a, b) => a.revision - b.revision));
  assertEquals(loaded?.records.length, 399);
  const events = await store.events("r1", 0, 1000);
  assertEquals(events.map(({ text }) => text), loaded?.records.flatMap(({ text }) => [text, text]));
});

Deno.test("SqliteStore.open() creates the tables once for several processes", async () => {
  await using folder = await TemporaryFolder.create();
  const file = `${folder.path}/runs.db`;
  const writers = ["a", "b", "c"].map((name) => startWriter(file, "none", name, 0));

  await letStart(writers);
  await Promise.all(writers.map(({ lines }) => Array.fromAsync(lines)));

  assertEquals((await Promise.all(writers.map(({ status }) => status))).map(({ code }) => code), [0, 0, 0]);
});

Deno.test("SqliteStore has every answered commit after its process was killed, and no half of another", async () => {
  await using folder = await TemporaryFolder.create();
  const file = `${folder.path}/runs.db`;
  using database = new DatabaseSync(file);
  await (await SqliteStore.open(database)).create(RUN);
  const writer = startWriter(file, "r1", "a", 1e9);
  await letStart([writer]);

  let answered = 0;
  for await (const line of writer.lines) {
    answered = Number(line);
    if (answered === 500) writer.kill();
  }

  assertEquals((await writer.status).signal, "SIGKILL");
  using reopened = new DatabaseSync(file);
  assertEquals({ ...reopened.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
  const store = await SqliteStore.open(reopened);
  const loaded = await store.load("r1");
  const revision = loaded?.revision ?? 0;
  assert(revision === answered || revision === answered + 1, `${revision} is stored, ${answered} was answered`);
  assertEquals(loaded?.records.map((record) => record.revision), Array.from({ length: revision - 1 }, (_, i) => i + 2));
  assertEquals((await store.events("r1", 0, 1e9)).length, 2 * (revision - 1));
});

/** Waits until all are ready, and then lets them go at once. */
async function letStart(writers: readonly SqliteProcess[]): Promise<void> {
  const firstLines = await Promise.all(writers.map(({ lines }) => lines.next()));
  assertEquals(firstLines.map(({ value }) => value), writers.map(() => "ready"));
  await Promise.all(writers.map((writer) => writer.start()));
}
