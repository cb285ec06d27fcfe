import type { StoredEvent } from "../core/run_store.ts";
import { field, readText, readWhole } from "./sqlite_rows.ts";

/** A page of a run's events. */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** The `seq` of the run's last event, whether or not it is on the page. */
  readonly lastSeq: number;
}

/** Reads the rows of a page: each has `last_seq`, and a run without events has one row that is no event. */
export function readEvents(runId: string, rows: readonly unknown[]): EventPage {
  const [first] = rows;
  if (first === undefined) return { events: [], lastSeq: 0 };
  const lastSeq = readWhole(runId, "the row", first, "last_seq", 0);
  if (field(first, "seq") === null) return { events: [], lastSeq };
  const events = rows.map((row): StoredEvent => {
    const seq = readWhole(runId, "an event", row, "seq", 1);
    return { seq, text: readText(runId, `event ${seq}`, row, "text") };
  });
  return { events, lastSeq };
}

/** What is wrong with a page of events. */
export interface Gap {
  /** The event that is missing. */
  readonly seq: number;
  /** What is there instead. */
  readonly found: string;
  /** Whether all events are missing that could be on the page before those that are: there may never be one. */
  readonly isAtStart: boolean;
}

/** The first gap in a page of the events after a `seq`; `null` for none. */
export function findGap(after: number, limit: number, { events, lastSeq }: EventPage): Gap | null {
  let last = after;
  for (const { seq } of events) {
    if (seq !== last + 1) {
      return { seq: last + 1, found: `the next one there is has seq ${seq}`, isAtStart: last === after };
    }
    last = seq;
  }
  if (events.length >= limit || last >= lastSeq) return null;
  return { seq: last + 1, found: `there should be events up to ${lastSeq}`, isAtStart: false };
}
