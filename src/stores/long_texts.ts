import { StoreError } from "../core/errors.ts";
import type { SqliteDatabase, SqliteStatement } from "./sqlite_database.ts";
import { field, readNumber } from "./sqlite_rows.ts";

/** What a long text is that of. */
export type LongTextKind = "record" | "event";

/** The table of texts that are longer than a row may be. */
export const LONG_TEXTS_SCHEMA = `
CREATE TABLE stepstream_parts (
  run INTEGER NOT NULL,
  kind TEXT NOT NULL,
  -- The record's revision, or the event's seq.
  place INTEGER NOT NULL,
  part INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (run, kind, place, part)
) STRICT, WITHOUT ROWID;
`;

/** What a row holds of a text that is in parts; before their number. No encoded text begins like that. */
const MARK = "\u0001#";

/** Keeps texts in parts that are too long for the row they belong to. */
export class LongTexts {
  readonly #maxLength: number;
  readonly #add: SqliteStatement;
  readonly #find: SqliteStatement;
  readonly #delete: SqliteStatement;

  /** @param maxLength How many UTF-16 units a row may hold; each takes up to three bytes */
  constructor(database: SqliteDatabase, maxLength: number) {
    this.#maxLength = maxLength;
    this.#add = database.prepare("INSERT INTO stepstream_parts (run, kind, place, part, text) VALUES (?, ?, ?, ?, ?)");
    this.#find = database.prepare(
      "SELECT text FROM stepstream_parts WHERE run = ? AND kind = ? AND place = ? ORDER BY part",
    );
    this.#delete = database.prepare("DELETE FROM stepstream_parts WHERE run = ? AND kind = ? AND place <= ?");
  }

  /** What the row is to hold: the text, or what stands for its parts, which are stored. */
  put(run: number, kind: LongTextKind, place: number, text: string): string {
    if (text.length <= this.#maxLength) return text;
    let count = 0;
    for (let start = 0; start < text.length; count += 1) {
      let end = Math.min(start + this.#maxLength, text.length);
      // Half a surrogate pair is no text that a database can hold.
      if (isHighSurrogate(text.charCodeAt(end - 1)) && end < text.length) end -= 1;
      this.#add.run(run, kind, place, count, text.slice(start, end));
      start = end;
    }
    return MARK + count;
  }

  /** The rows, each with its text as it was put. `placeOf` names the column of its place. */
  fill(runId: string, kind: LongTextKind, placeOf: string, rows: readonly unknown[]): readonly unknown[] {
    return rows.map((row) => {
      const text = field(row, "text");
      if (typeof text !== "string" || !text.startsWith(MARK)) return row;
      const place = Number(field(row, placeOf));
      const parts = this.#find.all(readNumber(runId, row), kind, place).map((part) => field(part, "text"));
      if (MARK + parts.length !== text) {
        const wanted = text.slice(MARK.length);
        throw new StoreError(runId, `read ${kind} ${place}`, `of its ${wanted} parts there are ${parts.length}`);
      }
      return Object.assign({}, row, { text: parts.join("") });
    });
  }

  /** Deletes the parts of all up to a place. */
  delete(run: number, kind: LongTextKind, upTo: number): void {
    this.#delete.run(run, kind, upTo);
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
