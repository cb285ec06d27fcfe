/** Half a surrogate pair: UTF-8 cannot hold it, so two texts that differ in it alone would be one. */
export const LONE_SURROGATE = /\p{Surrogate}/u;

/** What a text begins with that is stored as a JSON string. */
const MARK = "\u0001";

/** The text in a form that every store holds unchanged: mostly as it is. Postgres, for one, cannot hold a NUL. */
export function encodeText(text: string): string {
  const isSafe = !text.startsWith(MARK) && !text.includes("\0") && !LONE_SURROGATE.test(text);
  return isSafe ? text : MARK + JSON.stringify(text);
}

/**
 * The text that {@linkcode encodeText} was given.
 *
 * @throws {SyntaxError} If it is none of that function's.
 */
export function parseText(stored: string): string {
  if (!stored.startsWith(MARK)) return stored;
  const text: unknown = JSON.parse(stored.slice(MARK.length));
  if (typeof text !== "string") throw new SyntaxError(`Cannot read a text, because it is a ${typeof text}`);
  return text;
}
