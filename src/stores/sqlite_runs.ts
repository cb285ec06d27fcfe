import { StoreError } from "../core/errors.ts";
import type {
  NewRun,
  RunClaim,
  RunCommit,
  RunHead,
  RunQuery,
  RunStore,
  StoredEvent,
  StoredRun,
} from "../core/run_store.ts";
import type { LongTexts } from "./long_texts.ts";
import { toOrderedText } from "./ordered_text.ts";
import { readableHeads } from "./readable_heads.ts";
import { findGap, readEvents } from "./sqlite_events.ts";
import { readNumber, readRun, readState, type RunRow } from "./sqlite_rows.ts";
import type { SqliteStatements } from "./sqlite_statements.ts";
import { encodeText } from "./stored_text.ts";

/** How several statements become one. What the work throws rolls back what it has written. */
export interface SqliteTransactions {
  /** Reads all of one moment. */
  read<T>(work: () => T): T;
  /** Writes all or nothing. */
  write<T>(work: () => T): T;
}

/** The runs in the tables of a SQLite database, whatever kind of handle it has. */
export class SqliteRuns implements RunStore {
  readonly #sql: SqliteStatements;
  readonly #transact: SqliteTransactions;
  readonly #longTexts: LongTexts | null;

  /** @param longTexts Keeps what is too long for a row; `null` where nothing is */
  constructor(sql: SqliteStatements, transact: SqliteTransactions, longTexts: LongTexts | null = null) {
    this.#sql = sql;
    this.#transact = transact;
    this.#longTexts = longTexts;
  }

  create({ runId, workflow, version, snapshot, events, wakeAt, now }: NewRun): Promise<boolean> {
    const sql = this.#sql;
    return this.#settle(runId, "create the row", () =>
      this.#transact.write(() => {
        const id = toOrderedText(runId);
        const row = sql.create.get(id, encodeText(workflow), encodeText(version), events.length, wakeAt, now, now);
        if (row === undefined) return false;
        const run = readNumber(runId, row);
        this.#addRecord(run, 1, snapshot);
        for (const event of events) this.#addEvent(run, event);
        return true;
      }));
  }

  find(runId: string): Promise<RunHead | null> {
    return this.#settle(runId, "read the row", () => this.#find(runId)?.head ?? null);
  }

  load(runId: string): Promise<StoredRun | null> {
    return this.#settle(runId, "read the state", () =>
      this.#transact.read(() => {
        const run = this.#find(runId);
        if (run === null) return null;
        const rows = this.#sql.state.all(run.number, run.snapshotAt);
        return { ...run.head, ...readState(run, this.#longTexts?.fill(runId, "record", "revision", rows) ?? rows) };
      }));
  }

  commit(commit: RunCommit): Promise<boolean> {
    return this.#settle(
      commit.runId,
      `write revision ${commit.revision + 1}`,
      () => this.#transact.write(() => this.#commit(commit)),
    );
  }

  events(runId: string, after: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.#settle(runId, "read the events", () => {
      const rows = this.#sql.events.all(after, toOrderedText(runId), bounded(limit));
      const page = readEvents(runId, this.#longTexts?.fill(runId, "event", "seq", rows) ?? rows);
      const gap = findGap(after, limit, page);
      if (gap !== null && (!gap.isAtStart || this.#hasEvents(runId, after))) {
        throw new StoreError(runId, `read event ${gap.seq}`, `it is missing: ${gap.found}`);
      }
      // Events that are missing before all others have been let go of, and the reader sees that by their numbers.
      return page.events;
    });
  }

  claim(claim: RunClaim): Promise<readonly RunHead[]> {
    return this.#settle(claim.runId ?? null, "claim runs", () => {
      // Most often there is nothing to do, and a look takes no lock.
      if (this.#due(claim).length === 0) return [];
      return this.#transact.write(() =>
        this.#due(claim).map(({ head, number }) => {
          this.#sql.claim.run(claim.until, number);
          return { ...head, revision: head.revision + 1, wakeAt: claim.until };
        })
      );
    });
  }

  list({ status, workflow, after, limit }: RunQuery): Promise<readonly RunHead[]> {
    return this.#settle(null, "list runs", () => {
      const place = [after?.createdAt ?? Number.MAX_SAFE_INTEGER, toOrderedText(after?.runId ?? "")] as const;
      const runs = firstRuns(
        limit,
        (count) =>
          workflow === undefined
            ? this.#sql.list.all(status ?? null, ...place, count)
            : this.#sql.listOfWorkflow.all(encodeText(workflow), status ?? null, ...place, count),
      );
      return runs.map(({ head }) => head);
    });
  }

  delete(runId: string): Promise<boolean> {
    const sql = this.#sql;
    return this.#settle(runId, "delete the rows", () =>
      this.#transact.write(() => {
        const row = sql.delete.get(toOrderedText(runId));
        if (row === undefined) return false;
        const run = readNumber(runId, row);
        this.#deleteRecords(run, Number.MAX_SAFE_INTEGER);
        sql.deleteEvents.run(run);
        this.#longTexts?.delete(run, "event", Number.MAX_SAFE_INTEGER);
        return true;
      }));
  }

  #commit(commit: RunCommit): boolean {
    const { runId, revision, createdAt, version, status, record, snapshot, events, wakeAt, now } = commit;
    const sql = this.#sql;
    const id = toOrderedText(runId);
    const records = record === null ? 0 : 1;
    const row = snapshot === null
      ? sql.commit.get(encodeText(version), status, events.length, wakeAt, now, records, id, revision, createdAt)
      : sql.commitSnapshot.get(encodeText(version), status, events.length, wakeAt, now, id, revision, createdAt);
    if (row === undefined) return false;
    const run = readNumber(runId, row);
    const text = snapshot ?? record;
    if (snapshot !== null) this.#deleteRecords(run, revision);
    if (text !== null) this.#addRecord(run, revision + 1, text);
    for (const event of events) this.#addEvent(run, event);
    return true;
  }

  #addRecord(run: number, revision: number, text: string): void {
    const encoded = encodeText(text);
    this.#sql.addRecord.run(run, revision, this.#longTexts?.put(run, "record", revision, encoded) ?? encoded);
  }

  #addEvent(run: number, { seq, text }: StoredEvent): void {
    const encoded = encodeText(text);
    this.#sql.addEvent.run(run, seq, this.#longTexts?.put(run, "event", seq, encoded) ?? encoded);
  }

  #deleteRecords(run: number, upTo: number): void {
    this.#sql.deleteRecords.run(run, upTo);
    this.#longTexts?.delete(run, "record", upTo);
  }

  #find(runId: string): RunRow | null {
    const row = this.#sql.find.get(toOrderedText(runId));
    return row === undefined ? null : readRun(row);
  }

  #hasEvents(runId: string, until: number): boolean {
    return this.#sql.hasEvents.get(toOrderedText(runId), until) !== undefined;
  }

  #due({ runId, workflows, isForced = false, limit, now }: RunClaim): readonly RunRow[] {
    const dueBy = isForced ? Number.MAX_SAFE_INTEGER : now;
    if (runId === undefined) {
      const isAnybodys = workflows === undefined ? 1 : 0;
      const names = JSON.stringify((workflows ?? []).map(encodeText));
      return firstRuns(limit, (count) => this.#sql.due.all(dueBy, isAnybodys, names, count));
    }
    const run = this.#find(runId);
    if (run === null || limit < 1) return [];
    const { wakeAt, workflow } = run.head;
    const isDue = wakeAt !== null && wakeAt <= dueBy && (workflows?.includes(workflow) ?? true);
    return isDue ? [run] : [];
  }

  #settle<T>(runId: string | null, what: string, work: () => T): Promise<T> {
    try {
      return Promise.resolve(work());
    } catch (cause) {
      return Promise.reject(toStoreError(runId, what, cause));
    }
  }
}

/** The first runs that can be read, `limit` at most, of the `count` rows that `select` gives. */
function firstRuns(limit: number, select: (count: number) => readonly unknown[]): readonly RunRow[] {
  for (let count = bounded(limit);; count = bounded(count * 2)) {
    const rows = select(count);
    const runs = readableHeads(rows, readRun);
    // A page that is not full would be taken for the last one.
    if (runs.length >= limit || rows.length < count) return runs.slice(0, limit);
  }
}

/** A limit that SQLite takes. */
function bounded(limit: number): number {
  return Math.min(limit, Number.MAX_SAFE_INTEGER);
}

/** What went wrong, as an error that names the run. */
export function toStoreError(runId: string | null, what: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  return new StoreError(runId, what, cause instanceof Error ? cause.message : String(cause), { cause });
}
