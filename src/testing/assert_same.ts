/** Throws unless two plain values are alike in structure. `what` names the value in the message. */
export function assertSame(what: string, actual: unknown, expected: unknown): void {
  const path = findDifference(actual, expected, "");
  if (path === null) return;
  throw new Error(
    `Cannot accept ${what}, because ${path === "" ? "it" : path} differs: it is ${show(actual)}, not ${show(expected)}`,
  );
}

/** Where the first difference is, e.g. `.records[0].text`; `null` for none. */
function findDifference(actual: unknown, expected: unknown, path: string): string | null {
  if (Object.is(actual, expected)) return null;
  if (!isObject(actual) || !isObject(expected) || Array.isArray(actual) !== Array.isArray(expected)) return path;
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const inner = Array.isArray(expected) ? `${path}[${key}]` : `${path}.${key}`;
    const found = key in actual && key in expected ? findDifference(actual[key], expected[key], inner) : inner;
    if (found !== null) return found;
  }
  return null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

const SHOWN_CHARACTERS = 400;

function show(value: unknown): string {
  const text = JSON.stringify(value, (_key, inner) => typeof inner === "bigint" ? `${inner}n` : inner) ?? String(value);
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters)`;
}
