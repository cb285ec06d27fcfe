/** Throws unless the two look alike: plain values by their structure, errors by their text. */
export function assertEquals(actual: unknown, expected: unknown): void {
  const [given, wanted] = [show(actual), show(expected)];
  if (given !== wanted) throw new Error(`It is ${given}, not ${wanted}`);
}

/** Waits for a rejection, and answers what it was rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`It is resolved, not rejected: ${show(value)}`);
}

/** A value as a text that tells apart what JSON does not. */
function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (value instanceof Error) return String(value);
  if (typeof value !== "object" || value === null) {
    return typeof value === "string" ? JSON.stringify(value) : `${value}`;
  }
  const fields = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return `{${fields.map(([key, field]) => `${key}: ${show(field)}`).join(", ")}}`;
}
