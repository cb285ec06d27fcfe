import type { StoredEvent } from "../core/run_store.ts";
import { MAX_VALUE_BYTES } from "./deno_kv_limits.ts";
import { encodeText, parseText } from "./stored_text.ts";

const encoder = new TextEncoder();
// A decoder of its own rules would drop a byte order mark that a text begins with.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** How many bytes stand before each event and say how long it is. */
const LENGTH_BYTES = 4;

/** Events in a row as one value. */
export interface DenoKvPage {
  /** The `seq` of the first one. */
  readonly first: number;
  readonly bytes: Uint8Array;
}

/** The text as a value. */
export function encodeValue(text: string): Uint8Array {
  return encoder.encode(encodeText(text));
}

/**
 * The text of a value.
 *
 * @throws {TypeError | SyntaxError} If it is none.
 */
export function parseValue(bytes: Uint8Array): string {
  return parseText(decoder.decode(bytes));
}

/** The events in as few values as hold them; only one with a single event may be too long for a value. */
export function encodePages(events: readonly StoredEvent[]): readonly DenoKvPage[] {
  const pages: DenoKvPage[] = [];
  let texts: Uint8Array[] = [];
  let byteCount = 0;
  let first = 0;
  for (const { seq, text } of events) {
    const bytes = encodeValue(text);
    if (texts.length > 0 && byteCount + LENGTH_BYTES + bytes.length > MAX_VALUE_BYTES) {
      pages.push({ first, bytes: join(texts, byteCount) });
      texts = [];
      byteCount = 0;
    }
    if (texts.length === 0) first = seq;
    texts.push(bytes);
    byteCount += LENGTH_BYTES + bytes.length;
  }
  if (texts.length > 0) pages.push({ first, bytes: join(texts, byteCount) });
  return pages;
}

/**
 * The events of a page, without those up to `after`.
 *
 * @throws {RangeError | TypeError | SyntaxError} If it is no page.
 */
export function parsePage({ first, bytes }: DenoKvPage, after: number): readonly StoredEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: StoredEvent[] = [];
  let at = 0;
  for (let seq = first; at < bytes.length; seq += 1) {
    const begin = at + LENGTH_BYTES;
    at = begin + view.getUint32(at);
    if (at > bytes.length) throw new RangeError(`event ${seq} is cut off`);
    if (seq > after) events.push({ seq, text: parseValue(bytes.subarray(begin, at)) });
  }
  return events;
}

function join(texts: readonly Uint8Array[], byteCount: number): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const text of texts) {
    view.setUint32(at, text.length);
    bytes.set(text, at + LENGTH_BYTES);
    at += LENGTH_BYTES + text.length;
  }
  return bytes;
}
