import { EventsGoneError, StoreError } from "../core/errors.ts";
import type { WorkflowEvent } from "../core/events.ts";
import type { RunStore, StoredEvent } from "../core/run_store.ts";
import { toText } from "../core/to_text.ts";

/** Waits for the store's answer; what it rejects with becomes an error that names the run and what was asked for. */
export async function asked<Answer>(ask: () => Promise<Answer>, runId: string | null, what: string): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof StoreError ? error : new StoreError(runId, what, toText(error), { cause: error });
  }
}

/** Makes sense of what is in the store; where there is none, the error names it. */
export function readable<Value>(runId: string, what: string, make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    throw new StoreError(runId, `read ${what}`, toText(error), { cause: error });
  }
}

/** The event that a store has kept. */
export function parseEvent({ seq, text }: StoredEvent, runId: string): WorkflowEvent {
  return readable(runId, `event ${seq}`, () => {
    const event: WorkflowEvent = JSON.parse(text);
    if (event.seq !== seq) throw new TypeError(`its seq is ${event.seq}`);
    return event;
  });
}

/** So many events are read from a store at once. */
const PAGE_LENGTH = 256;

/**
 * The events after one and up to another, page by page.
 *
 * @throws {EventsGoneError} If the store has let go of some.
 */
export async function* readEvents(
  store: RunStore,
  runId: string,
  after: number,
  until: number,
): AsyncGenerator<WorkflowEvent, void, undefined> {
  for (let last = after; last < until;) {
    const { events } = await readPage(store, runId, last, Math.min(PAGE_LENGTH, until - last));
    if (events.length === 0) throw new EventsGoneError(runId, last, until + 1);
    yield* events;
    last += events.length;
  }
}

/** Some events of a run. */
export interface Page {
  readonly events: readonly WorkflowEvent[];
  /** How many characters they have in the store. */
  readonly length: number;
}

/** The next events after one, as many as there are; of those that are long no more than make up a page. */
export async function readPage(
  store: RunStore,
  runId: string,
  after: number,
  limit: number,
  maxLength = Infinity,
): Promise<Page> {
  const stored = await asked(() => store.events(runId, after, limit), runId, `read the events after ${after}`);
  const events: WorkflowEvent[] = [];
  let length = 0;
  for (const event of stored) {
    if (length >= maxLength) break;
    const last = after + events.length;
    if (event.seq !== last + 1) throw new EventsGoneError(runId, last, event.seq);
    length += event.text.length;
    events.push(parseEvent(event, runId));
  }
  return { events, length };
}
