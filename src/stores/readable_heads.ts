import { StoreError } from "../core/errors.ts";

/** What can be read of rows that are heads, each by `read`, which throws a `StoreError` for one that is none. */
export function readableHeads<Row, Head>(rows: readonly Row[], read: (row: Row) => Head | null): Head[] {
  const heads: Head[] = [];
  for (const row of rows) {
    const head = readUnlessTorn(() => read(row));
    if (head !== null) heads.push(head);
  }
  return heads;
}

/** `null` for a head that cannot be read. It must not hold up the other runs; who asks for it by its id is told. */
export function nullIfTorn(error: unknown): null {
  if (error instanceof StoreError) return null;
  throw error;
}

function readUnlessTorn<Head>(read: () => Head | null): Head | null {
  try {
    return read();
  } catch (error) {
    return nullIfTorn(error);
  }
}
