/** What a test looks at first: the list of event types. */
export function typesOf(events: readonly { readonly type: string }[]): string[] {
  return events.map(({ type }) => type);
}

/** What an iterator gives until it is done or rejects. */
export interface Reading<Item> {
  readonly items: readonly Item[];
  /** What it rejected with, `null` if it did not. */
  readonly failure: { readonly error: unknown } | null;
}

/** Reads to the end, and keeps what came before a failure. */
export async function readAll<Item>(iterable: AsyncIterable<Item>): Promise<Reading<Item>> {
  const items: Item[] = [];
  try {
    for await (const item of iterable) items.push(item);
  } catch (error) {
    return { items, failure: { error } };
  }
  return { items, failure: null };
}

/**
 * What a promise has come to by a later turn, as a word: pending, done, an event's type, or what it was rejected with.
 */
export async function stateOf(promise: Promise<unknown>): Promise<string> {
  let word = "pending";
  promise.then((value) => {
    word = toWord(value);
  }, (error) => {
    word = `rejected: ${String(error)}`;
  });
  await laterTurn();
  return word;
}

/** A later turn of the event loop: the timers that are due by now have fired, and what they set off is done. */
export function laterTurn(): Promise<void> {
  return new Promise((resolve) => setRealTimeout(resolve, 0));
}

// Taken at load, so that faked time does not stop it.
const setRealTimeout = globalThis.setTimeout;

function toWord(settled: unknown): string {
  if (typeof settled !== "object" || settled === null) return `resolved: ${String(settled)}`;
  if ("done" in settled && "value" in settled) {
    const { done, value } = settled;
    if (done === true) return value === undefined ? "done" : `done: ${String(value)}`;
    return typeof value === "object" && value !== null && "type" in value ? String(value.type) : `value: ${value}`;
  }
  return "resolved";
}
