/** The values of a column, by their row. */
export type Column = (row: number) => unknown;

/** Rows of values that were written one after the other. */
export interface Rows {
  readonly values: readonly unknown[];
  /** How many values a row has. */
  readonly width: number;
}

/** Keeps a column in as little room as it allows for: none if all are the same or count up, and numbers as such. */
export function packColumn(rows: Rows, column: number): Column {
  const first = rows.values[column];
  if (isSame(rows, column)) return same(first);
  if (typeof first === "number" && isCounting(rows, column, first)) return counting(first);
  return listed(toNumbers(rows, column) ?? listOf(rows, column));
}

/** The same for a column of which each value is what another column, packed already, has in the row before. */
export function packFollowing(rows: Rows, column: number, followed: number, packed: Column): Column {
  const { values, width } = rows;
  for (let at = column + width, last = followed; at < values.length; at += width, last += width) {
    if (!Object.is(values[at], values[last])) return packColumn(rows, column);
  }
  return following(values[column], packed);
}

function isSame({ values, width }: Rows, column: number): boolean {
  const first = values[column];
  for (let at = column; at < values.length; at += width) {
    if (!Object.is(values[at], first)) return false;
  }
  return true;
}

function isCounting({ values, width }: Rows, column: number, first: number): boolean {
  for (let at = column, row = 0; at < values.length; at += width, row += 1) {
    if (!Object.is(values[at], first + row)) return false;
  }
  return true;
}

/** The numbers of a column that has nothing else. */
function toNumbers({ values, width }: Rows, column: number): Int32Array | Float64Array | null {
  const numbers = new Float64Array(values.length / width);
  let isInt32 = true;
  for (let at = column, row = 0; at < values.length; at += width, row += 1) {
    const value = values[at];
    if (typeof value !== "number") return null;
    numbers[row] = value;
    isInt32 &&= Object.is(value, value | 0);
  }
  return isInt32 ? Int32Array.from(numbers) : numbers;
}

function listOf({ values, width }: Rows, column: number): unknown[] {
  return Array.from({ length: values.length / width }, (_, row) => values[row * width + column]);
}

// Functions of their own, so that a column keeps hold of nothing but what it needs.

function same(value: unknown): Column {
  return () => value;
}

function counting(first: number): Column {
  return (row) => first + row;
}

function listed(values: ArrayLike<unknown>): Column {
  return (row) => values[row];
}

function following(first: unknown, packed: Column): Column {
  return (row) => row === 0 ? first : packed(row - 1);
}
