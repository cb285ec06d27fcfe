import type { StoredEvent, StoredRecord } from "../core/run_store.ts";
import { toText } from "../core/to_text.ts";
import type { DenoKvDatabase, DenoKvEntry, DenoKvKey } from "./deno_kv_database.ts";
import type { DenoKvHead } from "./deno_kv_head.ts";
import type { DenoKvKeys, DenoKvKind } from "./deno_kv_keys.ts";
import { MAX_KEYS_PER_READ, MAX_VALUE_BYTES } from "./deno_kv_limits.ts";
import { parsePage, parseValue } from "./deno_kv_pages.ts";
import type { DenoKvChunked } from "./deno_kv_write.ts";

/** Says that something of a run is not there as it should be: it is broken, or was written to meanwhile. */
export class DenoKvGap extends Error {
  /** What could not be read, e.g. "read record 12". */
  readonly what: string;

  constructor(what: string, because: string, options?: ErrorOptions) {
    super(because, options);
    this.what = what;
  }
}

/** Reads the snapshot and the records that belong to a head. */
export async function readState(
  database: DenoKvDatabase,
  keys: DenoKvKeys,
  head: DenoKvHead,
): Promise<{ readonly snapshot: string; readonly records: readonly StoredRecord[] }> {
  const { runId, life, snapshotAt, revision } = head;
  const records: StoredRecord[] = [];
  if (revision > snapshotAt) {
    const start = keys.kept(runId, life, "record", snapshotAt + 1);
    const end = keys.kept(runId, life, "record", revision + 1);
    for await (const entry of database.list({ start, end }, { batchSize: 500 })) {
      const at = toNumber(entry);
      const bytes = await readBytes(database, keys, head, "record", at, entry);
      records.push({ revision: at, text: parse(`read record ${at}`, () => parseValue(bytes)) });
    }
  }
  // Comes last: a later snapshot replaces this one and the records at once, so if it is there they all were.
  const entry = await database.get(keys.kept(runId, life, "snapshot", snapshotAt));
  const bytes = await readBytes(database, keys, head, "snapshot", snapshotAt, entry);
  return { snapshot: parse(`read snapshot ${snapshotAt}`, () => parseValue(bytes)), records };
}

/** Reads the events after `after`, `limit` at most. */
export async function readEvents(
  database: DenoKvDatabase,
  keys: DenoKvKeys,
  head: DenoKvHead,
  after: number,
  limit: number,
): Promise<readonly StoredEvent[]> {
  const { runId, life, lastSeq } = head;
  const begin = Math.max(after, 0);
  if (begin >= lastSeq || limit <= 0) return [];
  const prefix = keys.kind(runId, life, "event");
  const next = keys.kept(runId, life, "event", begin + 1);
  const end = keys.kept(runId, life, "event", lastSeq + 1);
  const events: StoredEvent[] = [];
  const add = async (entry: DenoKvEntry) => {
    const first = toNumber(entry);
    const bytes = await readBytes(database, keys, head, "event", first, entry);
    for (const event of parse(`read events ${first}`, () => parsePage({ first, bytes }, begin))) {
      const due = begin + events.length + 1;
      if (event.seq !== due) throw new DenoKvGap(`read event ${due}`, `the next one there is has seq ${event.seq}`);
      events.push(event);
    }
  };
  if (begin > 0) {
    // The next event may be inside the page that begins before it.
    for await (const entry of database.list({ prefix, end: next }, { limit: 1, reverse: true })) await add(entry);
  }
  if (events.length < limit && begin + events.length < lastSeq) {
    for await (const entry of database.list({ start: next, end }, { limit: limit - events.length })) {
      await add(entry);
      if (events.length >= limit) break;
    }
  }
  const last = begin + events.length;
  if (last < Math.min(begin + limit, lastSeq)) {
    throw new DenoKvGap(`read event ${last + 1}`, `there is none, though the last one has seq ${lastSeq}`);
  }
  return events.length > limit ? events.slice(0, limit) : events;
}

async function readBytes(
  database: DenoKvDatabase,
  keys: DenoKvKeys,
  { runId, life }: DenoKvHead,
  kind: DenoKvKind,
  at: number,
  { value }: DenoKvEntry,
): Promise<Uint8Array> {
  if (value instanceof Uint8Array) return value;
  const what = `read ${kind} ${at}`;
  if (!isChunked(value)) throw new DenoKvGap(what, value === null ? "it is not there" : "it is not what was written");
  const bytes = new Uint8Array(value.byteCount);
  const key = keys.chunks(runId, life, kind, at, value.attempt);
  const count = Math.ceil(value.byteCount / MAX_VALUE_BYTES);
  for (let first = 0; first < count; first += MAX_KEYS_PER_READ) {
    const wanted: DenoKvKey[] = [];
    for (let n = first; n < Math.min(first + MAX_KEYS_PER_READ, count); n += 1) wanted.push([...key, n]);
    for (const [index, entry] of (await database.getMany(wanted)).entries()) {
      const begin = (first + index) * MAX_VALUE_BYTES;
      const chunk = entry.value;
      if (!(chunk instanceof Uint8Array) || chunk.length !== Math.min(MAX_VALUE_BYTES, bytes.length - begin)) {
        throw new DenoKvGap(what, `piece ${first + index + 1} of ${count} is not there as it was written`);
      }
      bytes.set(chunk, begin);
    }
  }
  return bytes;
}

function isChunked(value: unknown): value is DenoKvChunked {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "attempt") === "string" &&
    Number.isSafeInteger(Reflect.get(value, "byteCount"));
}

function parse<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new DenoKvGap(what, toText(error), { cause: error });
  }
}

/** The number that a key of something kept ends with. */
function toNumber({ key }: DenoKvEntry): number {
  return Number(key.at(-1));
}
